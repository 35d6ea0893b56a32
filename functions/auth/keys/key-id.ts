/**
 * The names that tokens give to keys in `kid`. Two are made from the key itself, so whoever has the
 * key can tell them: the libtrust fingerprint, of distribution 2.x and the token servers of its
 * time, and the thumbprint of RFC 7638, of distribution 3.
 *
 * @module
 */

import { createHash, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * The libtrust fingerprint of a public key: the first 240 bits of the SHA-256 of its DER
 * SubjectPublicKeyInfo in base32, as in `PYYO:TEWU:V7JH:…` (12 groups of 4).
 */
export const libtrustId = (publicKey: KeyObject): string => {
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const hash = createHash('sha256').update(der).digest('hex').slice(0, 60)
  // 20 bits are 5 hex digits and 4 letters of base32, which is one group.
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
