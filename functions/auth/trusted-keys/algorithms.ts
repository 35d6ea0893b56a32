/**
 * Signature algorithms that tokens may use (RFC 7518 section 3, RFC 8037), and the keys they take.
 *
 * Only asymmetric ones: whoever can verify an HMAC can also forge it, and with `none` anyone can.
 *
 * @module
 */

import type { KeyObject } from 'node:crypto'

/** The algorithms that can be allowed. Default: all of them. */
export const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
] as const

export type TokenAlgorithm = (typeof ALGORITHMS)[number]

const CURVES: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
}

/** Fewest bits of an RSA key (RFC 7518 sections 3.3 and 3.5). */
const RSA_BITS = 2048

/** Whether a public key has the type, curve and size that an algorithm requires. */
export const keyFits = (key: KeyObject, algorithm: TokenAlgorithm): boolean => {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (algorithm === 'EdDSA') return type === 'ed25519'
  if (algorithm.startsWith('ES')) return type === 'ec' && details?.namedCurve === CURVES[algorithm]
  return type === 'rsa' && (details?.modulusLength ?? 0) >= RSA_BITS
}
