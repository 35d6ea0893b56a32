/**
 * URLs that CloudFront serves to whoever holds them.
 *
 * @module
 */

import type { KeyObject } from 'node:crypto'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'

/**
 * Signs a URL. Sends nothing.
 *
 * @param keyPairId of the public key at CloudFront
 * @param key of P-256
 * @param expires milliseconds since 1970
 */
export const createUrlSigner = (
  keyPairId: string,
  key: KeyObject,
): ((url: string, expires: number) => string) => {
  const privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString()
  return (url, expires) =>
    getSignedUrl({
      url,
      keyPairId,
      privateKey,
      dateLessThan: new Date(expires).toISOString(),
      algorithm: 'SHA256',
    })
}
