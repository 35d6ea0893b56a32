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
import { noteFailure } from '../errors.ts'
import type { ByteRange, DeleteOptions, LastCalls, ListOptions, ObjectStore } from '../store.ts'
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

  const lastCalls: LastCalls = { unavailable: 0, failedAt: 0 }
  /** The same for an operation that asks the service, and notes how that ended. */
  const asking = <A extends readonly unknown[], R>(
    name: string,
    operation: (bucket: Bucket, ...args: A) => Promise<R>,
  ) => {
    const ask = bound(name, operation)
    return async (...args: A): Promise<R> => {
      try {
        const result = await ask(...args)
        lastCalls.unavailable = 0
        return result
      } catch (error) {
        noteFailure(lastCalls, error)
        throw error
      }
    }
  }

  const condition = once(bound('try conditional deletes on', deleteCondition))

  const race = cached(() => losesWrites(store, bucket.scratch), {
    maxAge: RACED_FOR,
    keeps: (lost) => !lost,
  })

  const store: S3Store = {
    lastCalls,
    get: asking('get', (each, key: string, range?: ByteRange) => get(each, direct, key, range)),
    head: asking('head', head),
    put: asking('put', put),
    copy: asking('copy', copy),
    delete: asking('delete', remove),
    deleteIf: asking(
      'delete a version of',
      async (each, key: string, etag: string, options?: DeleteOptions) =>
        removeIf(each, key, etag, await condition(), options),
    ),
    deletesExactly: async () => (await condition()) === 'exact',
    ...(bucket.isAws ? {} : { losesWrites: () => race.get() }),
    deleteVersion: asking('delete a version of', removeVersion),
    deleteOnce: asking('delete', removeOnce),
    list: asking('list', (each, prefix: string, options?: ListOptions) =>
      list(each, direct, prefix, options),
    ),
    createMultipart: asking('create multipart upload of', createMultipart),
    uploadPart: asking('upload part', uploadPart),
    listParts: asking('list parts', listParts),
    completeMultipart: asking('complete multipart upload', completeMultipart),
    abortMultipart: asking('abort multipart upload', abortMultipart),
    listMultiparts: asking('list multipart uploads of', listMultiparts),
    presign: bound('presign', (each, ...args: Parameters<DirectClient['presign']>) =>
      direct ? direct.presign(...args) : presign(each, ...args),
    ),
    presignPart: bound('presign a part of', presignPart),
    provesParts: once(
      bound('try presigned parts on', async (each) =>
        (await import('./proves-parts.ts')).provesParts(each),
      ),
    ),
  }
  return store
}
