/**
 * The names of keys in a token's `kid`. Two are computed from the key itself, so whoever has the
 * key knows them: the libtrust fingerprint, used by distribution 2.x and the token servers of its
 * time, and the RFC 7638 thumbprint, used by distribution 3.
 *
 * @module
 */

import { createECDH, createHash, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * The libtrust fingerprint of a public key: the first 240 bits of the SHA-256 of its DER
 * SubjectPublicKeyInfo in base32, as in `PYYO:TEWU:V7JH:…` (12 groups of 4).
 */
export const libtrustId = (publicKey: KeyObject): string => {
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const hash = createHash('sha256').update(der).digest('hex').slice(0, 60)
  // One group: 20 bits are 5 hex digits and 4 letters of base32.
  const groups = hash.match(/.{5}/g) ?? []
  return groups
    .map((group) => {
      const bits = Number.parseInt(group, 16)
      return [15, 10, 5, 0].map((shift) => BASE32[(bits >> shift) & 31]).join('')
    })
    .join(':')
}

/** The RFC 7638 thumbprint of a public key: SHA-256, base64url. */
export const thumbprint = (publicKey: KeyObject): Promise<string> =>
  calculateJwkThumbprint(publicKey.export({ format: 'jwk' }), 'sha256')

/**
 * What docker_auth with `disable_legacy_key_id`, and distribution 3.0, mistake for the thumbprint
 * of an elliptic-curve key: that of the curve's base point, which is the same for every key on it.
 *
 * @returns undefined for other kinds of keys
 */
export const basePointThumbprint = (publicKey: KeyObject): string | undefined => {
  const curve = publicKey.asymmetricKeyDetails?.namedCurve
  if (publicKey.asymmetricKeyType !== 'ec' || curve === undefined) return undefined
  const point = createECDH(curve)
  // The base point is the public key of the private key 1.
  point.setPrivateKey('01', 'hex')
  const both = point.getPublicKey().subarray(1)
  const coordinate = (bytes: Buffer): string => {
    // Go writes numbers without leading zeros.
    const start = bytes.findIndex((byte) => byte !== 0)
    return bytes.subarray(start).toString('base64url')
  }
  const x = coordinate(both.subarray(0, both.length / 2))
  const y = coordinate(both.subarray(both.length / 2))
  const { crv } = publicKey.export({ format: 'jwk' })
  const members = `{"crv":"${crv}","kty":"EC","x":"${x}","y":"${y}"}`
  return createHash('sha256').update(members).digest('base64url')
}
