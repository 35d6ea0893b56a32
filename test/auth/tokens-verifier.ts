/**
 * A verifier of tokens of other issuers only.
 *
 * @module
 */

import { foreignVerifier, type TrustedIssuer } from '../../functions/auth/issuers/verify.ts'
import { readToken, type TokenVerifier } from '../../functions/auth/tokens/verify.ts'

/** Verifies tokens of these issuers. @throws as `foreignVerifier` */
export const verifierOf = ({
  issuers,
  now,
}: {
  readonly issuers: readonly TrustedIssuer[]
  readonly now: () => number
}): Pick<TokenVerifier, 'verify'> => {
  const { verify } = foreignVerifier(issuers, now)
  return { verify: async (token) => verify(readToken(token)) }
}
