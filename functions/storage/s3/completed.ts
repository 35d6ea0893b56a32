/**
 * Whether an upload that S3 no longer knows was completed rather than aborted.
 *
 * When the response to a completion is lost, the SDK sends the request again. For a while, AWS
 * responds to the second one as to the first; other services respond with NoSuchUpload, although
 * the object exists. Treating that as a failure would discard gigabytes that were stored, so the
 * object itself is checked.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import type { Part } from '../store.ts'
import type { Bucket } from './bucket.ts'
import { splitEtag } from './part-etag.ts'
import { at, etagOf } from './place.ts'
import { hasCode, wasRetried } from './service-errors.ts'

const MD5 = /^[0-9a-f]{32}$/

/** The ETag of an object made of parts whose ETags are MD5 sums: the MD5 of those, and a count. */
const multipartEtag = (parts: readonly Part[]): string => {
  const sums = createHash('md5')
  for (const { etag } of parts) sums.update(splitEtag(etag).etag, 'hex')
  return `${sums.digest('hex')}-${parts.length}`
}

const headOf = async (
  bucket: Bucket,
  key: string,
): Promise<HeadObjectCommandOutput | undefined> => {
  try {
    return await bucket.client.send(new HeadObjectCommand(at(bucket, key)))
  } catch (error) {
    if (hasCode(error, 'NotFound', 'NoSuchKey')) return undefined
    throw error
  }
}

/**
 * The version of the object at a key if it is made of exactly these parts.
 *
 * The ETag proves it. With KMS, ETags are not MD5 sums; then the number of parts and the size have
 * to suffice, and only if the completion was in fact sent twice.
 *
 * @param error what the completion failed with
 */
export const completedEtag = async (
  bucket: Bucket,
  key: string,
  parts: readonly Part[],
  error: unknown,
): Promise<string | undefined> => {
  const object = await headOf(bucket, key)
  if (object === undefined) return undefined
  const etag = etagOf(object.ETag)
  const isSummed =
    !object.ServerSideEncryption?.startsWith('aws:kms') &&
    parts.every((part) => MD5.test(splitEtag(part.etag).etag))
  if (isSummed) return etag === multipartEtag(parts) ? etag : undefined
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const matches = etag.endsWith(`-${parts.length}`) && object.ContentLength === size
  return wasRetried(error) && matches ? etag : undefined
}
