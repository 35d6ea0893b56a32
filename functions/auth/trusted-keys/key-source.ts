/**
 * Where an issuer's keys come from.
 *
 * @module
 */

import type { X509Certificate } from 'node:crypto'
import { cached } from '../../shared/cached.ts'
import type { PublicJwk, SigningKeys } from '../keys/signing-keys.ts'
import type { RemoteKeys } from './jwks-url.ts'
import { certificatesOfBundle, keysOfCertificates, keysOfJwks, type TrustedKey } from './key-set.ts'

/** An issuer's keys. */
export interface KeySource {
  /**
   * The keys.
   *
   * @param reload whether a token names a key that is not among them, so that they are loaded again
   * @throws AccessError UNAVAILABLE when they cannot be read or fetched
   */
  keys(reload?: boolean): Promise<readonly TrustedKey[]>
  /** Roots for `x5c`; a source without any ignores that header. */
  readonly roots?: readonly X509Certificate[]
}

/** Most of our own keys that are kept built, as many as a document of them has. */
const MAX_BUILT = 100

/** Our own keys. */
export const ownKeys = (signing: SigningKeys): KeySource => {
  // Building a key costs more than verifying with it.
  const built = cached((jwk: PublicJwk) => keysOfJwks({ keys: [jwk] }), { capacity: MAX_BUILT })
  return {
    async keys(reload) {
      const published = await signing.published(reload)
      return (await Promise.all(published.map((jwk) => built.get(jwk)))).flat()
    },
  }
}

/**
 * A key set that does not change.
 *
 * @throws Error when it is not a key set, or contains no usable key
 */
export const fixedJwks = async (document: unknown): Promise<KeySource> => {
  const keys = await keysOfJwks(document)
  return { keys: async () => keys }
}

/**
 * A bundle of certificates in PEM, as distribution's `rootcertbundle`: tokens name one of its keys in
 * `kid`, or bring an x5c chain.
 *
 * @throws Error when it contains no certificate, or one that cannot be read
 */
export const certificateBundle = async (pem: string): Promise<KeySource> => {
  const roots = certificatesOfBundle(pem)
  const keys = await keysOfCertificates(roots)
  return { keys: async () => keys, roots }
}

/** Keys that are fetched when they are first needed. */
export const remoteSource = (remote: RemoteKeys): KeySource => ({
  keys: (reload) => (reload ? remote.reload() : remote.get()),
})
