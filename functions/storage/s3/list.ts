/**
 * Pages of keys.
 *
 * @module
 */
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { ListOptions, ListPage } from '../store.ts'
import { type Bucket, keyIn } from './bucket.ts'

const MAX_LIMIT = 1000

/** One page of keys; see the port. Throws RangeError for a limit that is not 1 to 1000. */
export const list = async (
  bucket: Bucket,
  prefix: string,
  { delimiter, startAfter = '', limit = MAX_LIMIT }: ListOptions = {},
): Promise<ListPage> => {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new RangeError(`limit ${limit} is not 1 to ${MAX_LIMIT}`)
  }
  const answer = await bucket.client.send(
    new ListObjectsV2Command({
      ...bucket.target,
      Prefix: bucket.prefix + prefix,
      MaxKeys: limit,
      // XML cannot carry every character that a key may have.
      EncodingType: 'url',
      ...(delimiter !== undefined && { Delimiter: delimiter }),
      ...(startAfter !== '' && { StartAfter: bucket.prefix + startAfter }),
    }),
  )
  const decode = (text: string | undefined) => keyIn(bucket, answer.EncodingType, text)
  return {
    objects: (answer.Contents ?? []).map(({ Key, Size = 0, LastModified = new Date(0) }) => ({
      key: decode(Key),
      size: Size,
      modified: LastModified,
    })),
    prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix }) => decode(Prefix)),
    truncated: answer.IsTruncated ?? false,
  }
}
