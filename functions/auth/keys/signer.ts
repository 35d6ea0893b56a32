/**
 * Who signs our tokens. A port, because the private key may be out of reach, as in AWS KMS.
 *
 * @module
 */

import { createPublicKey, type KeyObject, sign as signWith } from 'node:crypto'
import { promisify } from 'node:util'
import { libtrustId } from './key-id.ts'

/** A P-256 public key as `/.well-known/jwks.json` shows it (RFC 7517, RFC 7518 section 6.2.1). */
export interface PublicJwk {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly kid: string
  readonly alg: 'ES256'
  readonly use: 'sig'
}

/** Signs with one private key. */
export interface Signer {
  readonly algorithm: 'ES256'
  /**
   * The libtrust fingerprint. Of all forms it reaches furthest: distribution 2.x finds the key by it
   * among the certificates of `rootcertbundle`, and distribution 3 and everybody else in our JWKS.
   */
  readonly kid: string
  readonly publicJwk: PublicJwk
  /**
   * Hashes with SHA-256 and signs with ECDSA.
   *
   * @returns r and s, 32 bytes each (RFC 7518 section 3.4); see {@link derToRaw}
   */
  sign(data: Uint8Array): Promise<Uint8Array>
}

/** All keys of this registry. */
export interface SigningKeys {
  /** The one that signs now. */
  signer(): Promise<Signer>
  /**
   * Public keys of every token that may still be valid, and of those soon to come.
   *
   * @param reload whether a key was named that is not among them, so that newer ones are looked for
   */
  published(reload?: boolean): Promise<readonly PublicJwk[]>
}

/**
 * The public key as we publish it.
 *
 * @throws TypeError when it is no P-256 key
 */
export const publicJwk = (key: KeyObject): PublicJwk => {
  const publicKey = key.type === 'public' ? key : createPublicKey(key)
  const { crv, x, y } = publicKey.export({ format: 'jwk' })
  if (crv !== 'P-256' || x === undefined || y === undefined) {
    throw new TypeError('a signing key must be an elliptic-curve key on P-256 (prime256v1)')
  }
  return { kty: 'EC', crv, x, y, kid: libtrustId(publicKey), alg: 'ES256', use: 'sig' }
}

const signAsync = promisify(signWith)

/**
 * Signs with a key in memory.
 *
 * @throws TypeError when it is no P-256 key
 */
export const localSigner = (privateKey: KeyObject): Signer => {
  const jwk = publicJwk(privateKey)
  return {
    algorithm: 'ES256',
    kid: jwk.kid,
    publicJwk: jwk,
    sign: (data) => signAsync('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  }
}

/**
 * Turns an ECDSA signature in DER (`SEQUENCE { r INTEGER, s INTEGER }`, what KMS and OpenSSL give)
 * into the r and s of 32 bytes each that {@link Signer.sign} must give for P-256.
 *
 * @throws RangeError when it is no such signature
 */
export const derToRaw = (der: Uint8Array): Uint8Array => {
  const refused = () => new RangeError('not a P-256 signature in DER')
  let at = 2
  const integer = (): Uint8Array => {
    const length = der[at + 1] ?? 0
    const value = der.subarray(at + 2, at + 2 + length)
    if (der[at] !== 0x02 || length === 0 || value.length !== length) throw refused()
    at += 2 + length
    // A leading zero keeps a number with its top bit set from being read as negative.
    const digits = value[0] === 0 ? value.subarray(1) : value
    if (digits.length > 32) throw refused()
    return digits
  }
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw refused()
  const [r, s] = [integer(), integer()]
  if (at !== der.length) throw refused()
  const raw = new Uint8Array(64)
  raw.set(r, 32 - r.length)
  raw.set(s, 64 - s.length)
  return raw
}
