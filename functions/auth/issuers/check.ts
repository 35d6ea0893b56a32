/**
 * Checks a document of issuers as it will be used.
 *
 * @module
 */

import { DocumentError } from '../../shared/errors.ts'
import { parseIssuers, trustedIssuer } from './document.ts'
import { foreignVerifier, type TrustedIssuer } from './verify.ts'

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/**
 * Reads the issuers of a document, with their keys.
 *
 * @param now clock in milliseconds
 * @throws DocumentError naming the issuer whose keys or certificates cannot be read
 */
export const checkIssuers = async (
  text: string,
  now: () => number,
): Promise<readonly TrustedIssuer[]> => {
  const trusted: TrustedIssuer[] = []
  for (const entry of await parseIssuers(text)) {
    try {
      trusted.push(await trustedIssuer(entry, 'slipway', now))
    } catch (cause) {
      throw new DocumentError(`issuers: ${entry.issuer}: ${messageOf(cause)}`, { cause })
    }
  }
  try {
    foreignVerifier(trusted, now)
  } catch (cause) {
    throw new DocumentError(`issuers: ${messageOf(cause)}`, { cause })
  }
  return trusted
}
