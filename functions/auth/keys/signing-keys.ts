/**
 * The keys that sign our tokens. A port, because the private key may be out of reach, as in AWS KMS.
 *
 * @module
 */

import { createPublicKey, type KeyObject, sign as signWith } from 'node:crypto'
import { promisify } from 'node:util'
import { libtrustId } from './key-id.ts'

/** A P-256 public key as in `/.well-known/jwks.json` (RFC 7517, RFC 7518 section 6.2.1). */
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
   * The libtrust fingerprint, which works with the most verifiers: distribution 2.x finds the key
   * by it among the certificates of `rootcertbundle`, and distribution 3 and all others in our
   * JWKS.
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
  /** The key that signs now. */
  signer(): Promise<Signer>
  /**
   * The public keys of all tokens that may still be valid, and of those that will be issued soon.
   *
   * @param reload whether a token names a key that is not among them, so that they are loaded again
   */
  published(reload?: boolean): Promise<readonly PublicJwk[]>
}

/**
 * A public key as we publish it.
 *
 * @throws TypeError when it is not a P-256 key
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
 * @throws TypeError when it is not a P-256 key
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

/** When a key is used, in milliseconds since 1970. */
export interface KeyTimes {
  /** From then on it signs, until a newer one does. */
  readonly signsFrom: number
  /** From then on its tokens are refused. */
  readonly ends?: number | undefined
}

const alive = ({ ends }: KeyTimes, now: number): boolean => ends === undefined || now < ends

/** The keys to publish and to verify with. */
export const publishedAt = <K extends KeyTimes>(keys: readonly K[], now: number): readonly K[] =>
  keys.filter((key) => alive(key, now))

/** The key that signs: the newest whose time has come, or the oldest if clocks disagree. */
export const signingAt = <K extends KeyTimes>(keys: readonly K[], now: number): K =>
  keys.findLast((key) => key.signsFrom <= now && alive(key, now)) ?? keys[0]!

/** A signer, and when it is used. */
export interface TimedSigner extends KeyTimes {
  readonly signer: Signer
}

/**
 * Keys that follow each other.
 *
 * @param source loads them, oldest first; `reload` when a token names a key that is not among them
 * @param now clock in milliseconds
 */
export const followingKeys = (
  source: {
    get(): Promise<readonly TimedSigner[]>
    reload(): Promise<readonly TimedSigner[]>
  },
  now: () => number,
): SigningKeys => ({
  async signer() {
    return signingAt(await source.get(), now()).signer
  },
  async published(reload) {
    const keys = await (reload ? source.reload() : source.get())
    return publishedAt(keys, now()).map(({ signer }) => signer.publicJwk)
  },
})
