/**
 * URLs that carry their own authorisation.
 *
 * @module
 */
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { LRUCache } from 'lru-cache'
import type { PresignOptions } from '../store.ts'
import { at, type Bucket } from './bucket.ts'

/** Characters of URLs that are remembered: some five thousand of them. */
const MAX_REMEMBERED = 8 * 1024 * 1024
/** Characters of a URL with the token of a role, about. */
const AVERAGE_URL = 1_500

const sign = (
  bucket: Bucket,
  method: 'GET' | 'HEAD',
  key: string,
  { expiresIn, contentType }: PresignOptions,
): Promise<string> => {
  const input = {
    ...at(bucket, key),
    ...(contentType === undefined ? {} : { ResponseContentType: contentType }),
  }
  if (method === 'HEAD') {
    return getSignedUrl(bucket.client, new HeadObjectCommand(input), { expiresIn })
  }
  const command = new GetObjectCommand(input)
  // The SDK names the operation in the query, for itself: S3 has no such parameter.
  command.middlewareStack.add(
    (next) => (args) => {
      const { query } = args.request as { query: Record<string, unknown> }
      delete query['x-id']
      return next(args)
    },
    { step: 'build', name: 'withoutOperationName' },
  )
  return getSignedUrl(bucket.client, command, { expiresIn })
}

/**
 * URLs for one method and object; see the port. Sends nothing. A URL ends with the credentials that
 * sign it, when those are temporary.
 *
 * To sign is the most of what a redirect costs, so a URL serves for a fifth of its life.
 */
export const createPresign = () => {
  const urls = new LRUCache<string, Promise<string>>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: (_, key) => key.length + AVERAGE_URL,
    ttlResolution: 0,
  })
  return (
    bucket: Bucket,
    method: 'GET' | 'HEAD',
    key: string,
    options: PresignOptions,
  ): Promise<string> => {
    const name = JSON.stringify([method, key, options.expiresIn, options.contentType])
    const known = urls.get(name)
    if (known !== undefined) return known
    const url = sign(bucket, method, key, options)
    urls.set(name, url, { ttl: (options.expiresIn * 1000) / 5 })
    url.catch(() => urls.delete(name))
    return url
  }
}
