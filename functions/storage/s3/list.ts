/**
 * Pages of keys.
 *
 * @module
 */
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import type { ListOptions, ListPage } from '../store.ts'
import { type Bucket, etagOf, keyIn } from './bucket.ts'
import type { DirectClient, Listing } from './direct-client.ts'

const MAX_LIMIT = 1000

/** Tries the direct client first, if there is one, then the SDK. */
const readPage = async (
  bucket: Bucket,
  direct: DirectClient | undefined,
  query: { readonly prefix: string; readonly limit: number } & Pick<
    ListOptions,
    'delimiter' | 'startAfter'
  >,
): Promise<Listing> => {
  const { prefix, limit, delimiter, startAfter } = query
  // XML cannot represent every character that a key may contain.
  const encoding = 'url' as const
  const page = await direct?.list({
    'list-type': '2',
    'encoding-type': encoding,
    prefix,
    'max-keys': String(limit),
    ...(delimiter !== undefined && { delimiter }),
    ...(startAfter !== undefined && { 'start-after': startAfter }),
  })
  if (page !== undefined) return page
  const output = await bucket.client.send(
    new ListObjectsV2Command({
      ...bucket.target,
      Prefix: prefix,
      MaxKeys: limit,
      EncodingType: encoding,
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

/** One page of keys; see the port. Throws RangeError for a limit that is not 1 to 1000. */
export const list = async (
  bucket: Bucket,
  direct: DirectClient | undefined,
  prefix: string,
  { delimiter, startAfter = '', limit = MAX_LIMIT }: ListOptions = {},
): Promise<ListPage> => {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new RangeError(`limit ${limit} is not 1 to ${MAX_LIMIT}`)
  }
  const { objects, prefixes, truncated, encoding } = await readPage(bucket, direct, {
    prefix: bucket.prefix + prefix,
    limit,
    ...(delimiter !== undefined && { delimiter }),
    ...(startAfter !== '' && { startAfter: bucket.prefix + startAfter }),
  })
  const decode = (text: string) => keyIn(bucket, encoding, text)
  return {
    objects: objects.map((object) => ({ ...object, key: decode(object.key) })),
    prefixes: prefixes.map(decode),
    truncated,
  }
}
