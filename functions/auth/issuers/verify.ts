/**
 * Verifies tokens of other issuers.
 *
 * @module
 */

import { ACCESS_TYPES } from '../tokens/claims.ts'
import {
  checkType,
  type Demands,
  type ForeignVerifier,
  grantsOf,
  type ReadToken,
  subjectOf,
  untrusted,
  type VerifiedToken,
  verifySigned,
} from '../tokens/verify.ts'
import { ALGORITHMS, type TokenAlgorithm } from '../trusted-keys/algorithms.ts'
import { allowedAlgorithm, chooseKey } from '../trusted-keys/choose-key.ts'
import type { KeySource } from '../trusted-keys/key-source.ts'

/** An issuer whose tokens are accepted. */
export interface TrustedIssuer {
  /** The exact `iss` of its tokens. */
  readonly issuer: string
  /** What `aud` must be or contain: the service of our challenge. */
  readonly audience: string
  readonly source: KeySource
  /** Default: all of {@link ALGORITHMS}. */
  readonly algorithms?: readonly TokenAlgorithm[]
}

/**
 * Makes a verifier of these issuers' tokens.
 *
 * @param now clock in milliseconds
 * @throws TypeError when two have the same name, or one allows an unknown or symmetric algorithm
 */
export const foreignVerifier = (
  issuers: readonly TrustedIssuer[],
  now: () => number,
): ForeignVerifier => {
  const trusted = new Map(issuers.map((each) => [each.issuer, each]))
  if (trusted.size < issuers.length) throw new TypeError('two trusted issuers have the same name')
  for (const { issuer, algorithms = ALGORITHMS } of issuers) {
    const unknown = algorithms.filter((each) => !ALGORITHMS.includes(each))
    if (unknown.length === 0) continue
    throw new TypeError(`issuer ${issuer} allows ${unknown}: known are ${ALGORITHMS.join(', ')}`)
  }

  const verify = async ({ token, header, issuer }: ReadToken): Promise<VerifiedToken> => {
    const found = typeof issuer === 'string' ? trusted.get(issuer) : undefined
    if (found === undefined) throw untrusted(issuer)
    const demands: Demands = { ...found, types: ACCESS_TYPES, now }
    checkType(header, demands.types)
    const algorithm = allowedAlgorithm(header, found.algorithms)
    const key = await chooseKey(header, algorithm, found.source, now())
    const signed = await verifySigned(token, key, algorithm, demands)
    const { payload } = signed
    const identity = {
      kind: 'token',
      name: subjectOf(payload),
      groups: [],
      claims: payload,
    } as const
    return { identity, issuer: found.issuer, own: false, ...grantsOf(signed) }
  }
  return { verify, trusts: (issuer) => trusted.has(issuer) }
}
