/**
 * Public keys that tokens are verified with: read from a JSON Web Key Set or a bundle of
 * certificates, and found by any of the names that tokens use.
 *
 * @module
 */

import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import * as z from '../../shared/schema.ts'
import { basePointThumbprint, libtrustId, thumbprint } from '../keys/key-id.ts'

/** A trusted key. */
export interface TrustedKey {
  readonly key: KeyObject
  /** RFC 7638 thumbprint, which identifies the key. */
  readonly thumbprint: string
  /**
   * All its names: its `kid` in the key set, its libtrust fingerprint, its RFC 7638 thumbprint, and
   * what some servers mistake for that.
   */
  readonly ids: readonly string[]
  /** The only algorithm its owner allows (RFC 7517 section 4.4). */
  readonly algorithm?: string
  /** The certificate that it is from, whose validity dates apply to it. */
  readonly certificate?: X509Certificate
}

const named = async (
  key: KeyObject,
  more: { id?: string; algorithm?: string; certificate?: X509Certificate },
): Promise<TrustedKey> => {
  const { id, ...rest } = more
  const print = await thumbprint(key)
  const ids = [id, libtrustId(key), print, basePointThumbprint(key)].filter(
    (name) => name !== undefined,
  )
  return { key, thumbprint: print, ids, ...rest }
}

const jwkSchema = z.looseObject({
  kty: z.enum(['EC', 'RSA', 'OKP']),
  kid: z.optional(z.string()),
  alg: z.optional(z.string()),
  use: z.optional(z.string()),
  key_ops: z.optional(z.array(z.string())),
})

/** The key in a JWK (RFC 7517), or undefined if it cannot verify signatures. */
const keyOfJwk = async (value: unknown): Promise<TrustedKey | undefined> => {
  const { data: jwk } = jwkSchema.safeParse(value)
  if (jwk === undefined) return undefined
  if (jwk.use !== undefined && jwk.use !== 'sig') return undefined
  if (jwk.key_ops !== undefined && !jwk.key_ops.includes('verify')) return undefined
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    return await named(key, {
      ...(jwk.kid === undefined ? {} : { id: jwk.kid }),
      ...(jwk.alg === undefined ? {} : { algorithm: jwk.alg }),
    })
  } catch {
    // A curve unknown to Node, say. RFC 7517 section 5: ignore what is not understood.
    return undefined
  }
}

/**
 * Reads a JSON Web Key Set. Keys that cannot verify signatures are left out, symmetric ones among
 * them.
 *
 * @throws Error when it is not a key set, or contains no usable key
 */
export const keysOfJwks = async (document: unknown): Promise<TrustedKey[]> => {
  const parsed = z
    .object({ keys: z.array(z.unknown()).check(z.maxLength(1000)) })
    .safeParse(document)
  if (!parsed.success) throw new Error('not a JSON Web Key Set: it has no list "keys"')
  const keys = await Promise.all(parsed.data.keys.map(keyOfJwk))
  const usable = keys.filter((key) => key !== undefined)
  if (usable.length === 0) throw new Error('the JSON Web Key Set holds no key to verify with')
  return usable
}

/**
 * Reads a bundle of certificates in PEM: roots of x5c chains, and keys in their own right.
 *
 * @throws Error when it contains none, or one that cannot be read; the message has its number
 */
export const certificatesOfBundle = (pem: string): X509Certificate[] => {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length === 0) throw new Error('the bundle holds no certificate in PEM')
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block)
    } catch (cause) {
      throw new Error(`certificate ${index + 1} of the bundle cannot be read`, { cause })
    }
  })
}

/** The keys of certificates. */
export const keysOfCertificates = (
  certificates: readonly X509Certificate[],
): Promise<TrustedKey[]> =>
  Promise.all(certificates.map((certificate) => named(certificate.publicKey, { certificate })))

/** The same keys, each of them once even if it has several certificates or entries. */
export const distinct = (keys: readonly TrustedKey[]): TrustedKey[] => [
  ...new Map(keys.map((each) => [each.thumbprint, each])).values(),
]
