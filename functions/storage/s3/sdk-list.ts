/**
 * Pages of keys by the SDK.
 *
 * @module
 */
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { Bucket } from './bucket.ts'
import type { Listing } from './direct-client.ts'
import type { ListQuery } from './list.ts'
import { etagOf } from './place.ts'

/** A page as S3 sends it. */
export const list = async (
  bucket: Bucket,
  { prefix, limit, delimiter, startAfter }: ListQuery,
): Promise<Listing> => {
  const output = await bucket.client.send(
    new ListObjectsV2Command({
      ...bucket.target,
      Prefix: prefix,
      MaxKeys: limit,
      EncodingType: 'url',
      ...(delimiter !== undefined && { Delimiter: delimiter }),
      ...(startAfter !== undefined && { StartAfter: startAfter }),
    }),
  )
  return {
    objects: (output.Contents ?? []).map(
      ({ Key = '', Size = 0, ETag, LastModified = new Date(0) }) => ({
        key: Key,
        size: Size,
        etag: etagOf(ETag) || undefined,
        modified: LastModified,
      }),
    ),
    prefixes: (output.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix),
    truncated: output.IsTruncated ?? false,
    encoding: output.EncodingType,
  }
}
