/**
 * Chooses the trusted key that a token is verified with. The token's header only points to one: of
 * the keys in a token, none is used but the leaf of an x5c chain to our bundle, and no URL is
 * followed.
 *
 * @module
 */

import { createPublicKey, type KeyObject } from 'node:crypto'
import type { ProtectedHeaderParameters } from 'jose'
import { quoted } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import { thumbprint } from '../keys/key-id.ts'
import { refusal } from '../refusal.ts'
import { ALGORITHMS, keyFits, type TokenAlgorithm } from './algorithms.ts'
import { distinct, type TrustedKey } from './key-set.ts'
import type { KeySource } from './key-source.ts'
import { inForce, verifyChain } from './x5c.ts'

const headerSchema = z.looseObject({
  kid: z.optional(z.string()),
  jwk: z.optional(z.record(z.string(), z.unknown())),
})

/** The token's algorithm. @throws AccessError UNAUTHORIZED when it is not allowed */
export const allowedAlgorithm = (
  { alg }: ProtectedHeaderParameters,
  allowed: readonly TokenAlgorithm[] = ALGORITHMS,
): TokenAlgorithm => {
  const algorithm = allowed.find((each) => each === alg)
  if (algorithm !== undefined) return algorithm
  throw refusal('algorithm', `is signed with ${quoted(String(alg))}, which is not allowed`)
}

/** The name of the key that the header points to, if it does. */
const keyName = async (header: ProtectedHeaderParameters): Promise<string | undefined> => {
  const parsed = headerSchema.safeParse(header)
  if (!parsed.success) throw refusal('malformed', 'has an invalid kid or jwk header')
  const { kid, jwk } = parsed.data
  if (kid !== undefined || jwk === undefined) return kid
  if (typeof jwk.kid === 'string') return jwk.kid
  try {
    return await thumbprint(createPublicKey({ key: jwk, format: 'jwk' }))
  } catch (cause) {
    throw refusal('malformed', 'has a jwk header that is not a public key', cause)
  }
}

/**
 * The keys of that name; if there is none, they are loaded again, as the issuer may have new ones.
 */
const keysNamed = async (
  source: KeySource,
  name: string | undefined,
): Promise<readonly TrustedKey[]> => {
  if (name === undefined) return source.keys()
  const named = ({ ids }: TrustedKey) => ids.includes(name)
  const found = (await source.keys()).filter(named)
  return found.length > 0 ? found : (await source.keys(true)).filter(named)
}

/**
 * Chooses the key for a token.
 *
 * @param algorithm the token's, which was checked against those allowed
 * @param now milliseconds
 * @throws AccessError UNAUTHORIZED when there is none, UNAVAILABLE when keys cannot be fetched
 */
export const chooseKey = async (
  header: ProtectedHeaderParameters,
  algorithm: TokenAlgorithm,
  source: KeySource,
  now: number,
): Promise<KeyObject> => {
  const unfit = () =>
    refusal('algorithm', `is signed with ${algorithm}, which does not fit its key`)
  if (header.x5c !== undefined && source.roots !== undefined) {
    const { publicKey } = verifyChain(header.x5c, source.roots, now)
    if (!keyFits(publicKey, algorithm)) throw unfit()
    return publicKey
  }

  const name = await keyName(header)
  const named = await keysNamed(source, name)
  if (named.length === 0) {
    throw refusal(
      'unknown-key',
      `names the key ${quoted(name ?? '')}, which its issuer does not have`,
    )
  }
  const valid = named.filter(({ certificate }) => !certificate || inForce(certificate, now))
  if (valid.length === 0) {
    throw refusal(
      'certificate',
      'is signed with a key whose certificate in the bundle is not valid at this time',
    )
  }
  const fitting = distinct(
    valid.filter(
      (each) => keyFits(each.key, algorithm) && (each.algorithm ?? algorithm) === algorithm,
    ),
  )
  const [chosen, ...others] = fitting
  if (chosen === undefined) throw unfit()
  if (others.length > 0) {
    throw refusal('unknown-key', "does not say which of its issuer's keys signed it")
  }
  return chosen.key
}
