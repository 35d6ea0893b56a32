/**
 * The key that signs manifests of schema 1 that this registry makes. Who reads them verifies that they are whole, and trusts
 * no key by name: it only has to stay the same, on all servers of a store.
 *
 * @module
 */

import { createECDH, createPrivateKey, hkdfSync } from 'node:crypto'
import { localSigner, type Signer } from '../auth/keys/signing-keys.ts'

/** A number that is no private key of P-256 comes up once in four billion times. */
const ATTEMPTS = 4

/**
 * Makes the key from the secret that all servers of a store share.
 *
 * @param secret at least 32 random bytes
 */
export const signerFrom = (secret: Uint8Array): Signer => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const info = `slipway schema 1 signing key ${attempt}`
    const d = Buffer.from(hkdfSync('sha256', secret, '', info, 32))
    const curve = createECDH('prime256v1')
    try {
      curve.setPrivateKey(d)
    } catch {
      continue
    }
    // 4, x and y (SEC 1, section 2.3.3).
    const point = curve.getPublicKey()
    const [x, y] = [point.subarray(1, 33), point.subarray(33)]
    const encoded = (bytes: Buffer) => bytes.toString('base64url')
    const key = { kty: 'EC', crv: 'P-256', d: encoded(d), x: encoded(x), y: encoded(y) }
    return localSigner(createPrivateKey({ key, format: 'jwk' }))
  }
  throw new RangeError('no private key comes of this secret')
}
