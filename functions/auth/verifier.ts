/**
 * Verifies tokens of this registry and of whichever issuers are trusted at the moment.
 *
 * @module
 */

import { ISSUERS_KEY } from '../registry/layout.ts'
import { AccessError } from './errors.ts'
import { type IssuerEntry, trustedIssuer } from './issuers/document.ts'
import type { SigningKeys } from './keys/signer.ts'
import type { Live, LiveOptions } from './live.ts'
import { createTokenVerifier, type TokenVerifier } from './tokens/verify.ts'
import { ownKeys } from './trusted-keys/key-source.ts'

export interface LiveVerifierOptions extends Pick<LiveOptions, 'now' | 'report'> {
  readonly keys: SigningKeys
  /** Our `iss`. */
  readonly issuer: string
  /** Our `aud`. */
  readonly service: string
  readonly others: Live<readonly IssuerEntry[]>
}

/**
 * A verifier that follows the document of issuers. One whose keys or certificates cannot be read
 * changes nothing, as with every document: see `liveDocument`.
 */
export const liveVerifier = (options: LiveVerifierOptions): TokenVerifier => {
  const { issuer, service, others, now, report } = options
  const own = { issuer, audience: service, source: ownKeys(options.keys), own: true }
  // The same document gives the same object, so that key sets are fetched once, not per request.
  const built = new WeakMap<readonly IssuerEntry[], Promise<TokenVerifier>>()

  let good: TokenVerifier | undefined

  const make = async (entries: readonly IssuerEntry[]): Promise<TokenVerifier> => {
    // An issuer cannot take our own name: its keys would then sign for our accounts.
    const foreign = entries.filter((entry) => entry.issuer !== issuer)
    const issuers = await Promise.all(foreign.map((each) => trustedIssuer(each, service, now)))
    return createTokenVerifier({ issuers: [own, ...issuers], now })
  }

  const build = async (entries: readonly IssuerEntry[]): Promise<TokenVerifier> => {
    try {
      good = await make(entries)
    } catch (error) {
      report({ outcome: good === undefined ? 'failed' : 'kept', key: ISSUERS_KEY, error })
      if (good === undefined) {
        throw new AccessError('UNAVAILABLE', 'access control cannot be read at the moment', {
          cause: error,
        })
      }
    }
    return good
  }

  return {
    async verify(token) {
      const entries = await others.get()
      const verifier = built.get(entries) ?? build(entries)
      built.set(entries, verifier)
      return (await verifier).verify(token)
    },
  }
}
