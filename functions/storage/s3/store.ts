/**
 * The store in an S3 bucket, or in any service that speaks S3 as AWS does, with conditional writes.
 *
 * Each call is one request, except for listings of more than 1000 parts or uploads, deletes of more
 * than 1000 keys, and what it takes to find out what a failed request did. The SDK repeats requests
 * that fail temporarily, with growing delays.
 *
 * @module
 */

import { cached } from '../../shared/cached.ts'
import { once } from '../../shared/once.ts'
import type { ByteRange, DeleteOptions, ListOptions, ObjectStore } from '../store.ts'
import { type Bucket, openBucket, type S3StoreOptions } from './bucket.ts'
import { copy } from './copy.ts'
import { deleteCondition, removeIf, removeOnce, removeVersion } from './delete-if.ts'
import { losesWrites } from './delete-race.ts'
import { openDirect, readingUpTo } from './direct/direct.ts'
import type { DirectClient } from './direct-client.ts'
import { list } from './list.ts'
import {
  abortMultipart,
  completeMultipart,
  createMultipart,
  listMultiparts,
  listParts,
  uploadPart,
} from './multipart.ts'
import { presign } from './presign.ts'
import { presignPart } from './presign-part.ts'
import { provesParts } from './proves-parts.ts'
import { get, head } from './read.ts'
import { translate } from './service-errors.ts'
import { put, remove } from './write.ts'

export type { S3StoreOptions } from './bucket.ts'

/** An S3 store; unlike others it can always presign. */
export type S3Store = ObjectStore &
  Required<Pick<ObjectStore, 'presign' | 'presignPart' | 'provesParts'>>

/**
 * Bytes read from a socket at a time: Node's default of 64 KiB means many reads and many chunks.
 */
const READ_BYTES = 512 * 1024

/** Milliseconds for which a race that took nothing away is not run again. */
const RACED_FOR = 12 * 60 * 60_000

/** Opens the store in a bucket, which must exist. Sends nothing yet. */
export const createS3Store = (options: S3StoreOptions): S3Store => {
  const { direct: isDirect = true, reportFallback = () => {} } = options
  const bucket = openBucket(options, isDirect ? readingUpTo(READ_BYTES) : {})
  const direct = isDirect ? openDirect(bucket, reportFallback) : undefined

  /** Binds an operation to the bucket and translates its failures to those of the port. */
  const bound =
    <A extends readonly unknown[], R>(
      name: string,
      operation: (bucket: Bucket, ...args: A) => Promise<R>,
    ) =>
    async (...args: A): Promise<R> => {
      try {
        return await operation(bucket, ...args)
      } catch (error) {
        const [subject] = args
        const key = typeof subject === 'string' ? subject : ''
        throw translate(error, `${name} ${key}`.trimEnd())
      }
    }

  const condition = once(bound('try conditional deletes on', deleteCondition))

  const race = cached(() => losesWrites(store, bucket.scratch), {
    maxAge: RACED_FOR,
    keeps: (lost) => !lost,
  })

  const store: S3Store = {
    get: bound('get', (each, key: string, range?: ByteRange) => get(each, direct, key, range)),
    head: bound('head', head),
    put: bound('put', put),
    copy: bound('copy', copy),
    delete: bound('delete', remove),
    deleteIf: bound(
      'delete a version of',
      async (each, key: string, etag: string, options?: DeleteOptions) =>
        removeIf(each, key, etag, await condition(), options),
    ),
    deletesExactly: async () => (await condition()) === 'exact',
    ...(bucket.isAws ? {} : { losesWrites: () => race.get() }),
    deleteVersion: bound('delete a version of', removeVersion),
    deleteOnce: bound('delete', removeOnce),
    list: bound('list', (each, prefix: string, options?: ListOptions) =>
      list(each, direct, prefix, options),
    ),
    createMultipart: bound('create multipart upload of', createMultipart),
    uploadPart: bound('upload part', uploadPart),
    listParts: bound('list parts', listParts),
    completeMultipart: bound('complete multipart upload', completeMultipart),
    abortMultipart: bound('abort multipart upload', abortMultipart),
    listMultiparts: bound('list multipart uploads of', listMultiparts),
    presign: bound('presign', (each, ...args: Parameters<DirectClient['presign']>) =>
      direct ? direct.presign(...args) : presign(each, ...args),
    ),
    presignPart: bound('presign a part of', presignPart),
    provesParts: once(bound('try presigned parts on', provesParts)),
  }
  return store
}
