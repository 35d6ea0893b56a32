/**
 * The x5c chain in a token's header (RFC 7515 section 4.1.6).
 *
 * As in distribution, any certificate that chains to the bundle may sign tokens, whatever its name
 * and extended key usage: the bundle must not contain an authority that certifies for other
 * purposes.
 *
 * @module
 */

import { X509Certificate } from 'node:crypto'
import * as z from '../../shared/schema.ts'
import { refusal } from '../refusal.ts'

/** Most certificates of a chain. */
const MAX_CHAIN = 8

/** Whether a certificate is valid at a time in milliseconds, without leeway. */
export const inForce = (certificate: X509Certificate, now: number): boolean =>
  certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime()

const parse = (header: unknown): X509Certificate[] => {
  const parsed = z.array(z.base64()).check(z.minLength(1), z.maxLength(MAX_CHAIN)).safeParse(header)
  if (!parsed.success) {
    throw refusal(
      'certificate',
      `has an x5c header that is not a list of 1 to ${MAX_CHAIN} certificates`,
    )
  }
  return parsed.data.map((der, index) => {
    try {
      return new X509Certificate(Buffer.from(der, 'base64'))
    } catch (cause) {
      throw refusal('certificate', `has an unreadable certificate ${index + 1} in x5c`, cause)
    }
  })
}

const issued = (issuer: X509Certificate, subject: X509Certificate): boolean =>
  issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey)

/**
 * Verifies an x5c chain: leaf first, each certificate issued by the next, up to one that is in the
 * bundle or was issued by one in it.
 *
 * @param roots the bundle
 * @param now milliseconds
 * @returns the leaf, whose key signed the token
 * @throws AccessError UNAUTHORIZED
 */
export const verifyChain = (
  header: unknown,
  roots: readonly X509Certificate[],
  now: number,
): X509Certificate => {
  const chain = parse(header)
  for (const [index, certificate] of chain.entries()) {
    const place = `certificate ${index + 1}`
    if (!inForce(certificate, now))
      throw refusal('certificate', `has an x5c chain whose ${place} is not valid at this time`)
    const before = chain[index - 1]
    if (before !== undefined && !issued(certificate, before)) {
      throw refusal(
        'certificate',
        `has an x5c chain whose certificate ${index} was not issued by the next`,
      )
    }
    const anchored = roots.some(
      (root) =>
        inForce(root, now) && (root.raw.equals(certificate.raw) || issued(root, certificate)),
    )
    if (anchored) return chain[0]!
  }
  throw refusal('certificate', 'has an x5c chain that leads to no certificate in the bundle')
}
