/**
 * URLs that carry their own authorisation.
 *
 * @module
 */
import { LRUCache } from 'lru-cache'
import type { PresignOptions } from '../../store.ts'
import type { Bucket } from '../bucket.ts'
import type { Method, Requests } from './requests.ts'

/** Characters of URLs that are remembered: some five thousand of them. */
const MAX_REMEMBERED = 8 * 1024 * 1024
/** Characters of a URL with the token of a role, about. */
const AVERAGE_URL = 1_500

/**
 * URLs for one method and object; see the port. Sends nothing. A URL ends with the credentials that
 * sign it, when those are temporary.
 *
 * To sign is the most of what a redirect costs, so a URL serves for a fifth of its life.
 */
export const createPresign = (requests: Requests) => {
  const urls = new LRUCache<string, Promise<string>>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: (_, key) => key.length + AVERAGE_URL,
    ttlResolution: 0,
  })
  return (
    _: Bucket,
    method: Method,
    key: string,
    { expiresIn, contentType }: PresignOptions,
  ): Promise<string> => {
    const name = JSON.stringify([method, key, expiresIn, contentType])
    const known = urls.get(name)
    if (known !== undefined) return known
    const query = contentType === undefined ? {} : { 'response-content-type': contentType }
    const url = requests.presigned(method, key, query, expiresIn)
    urls.set(name, url, { ttl: (expiresIn * 1000) / 5 })
    url.catch(() => urls.delete(name))
    return url
  }
}
