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
import type {
  ByteRange,
  DeleteOptions,
  LastCalls,
  ListOptions,
  ObjectStore,
  PutOptions,
} from '../store.ts'
import type { Bucket } from './bucket.ts'
import { losesWrites } from './delete-race.ts'
import { openDirect, readingUpTo } from './direct/direct.ts'
import { list } from './list.ts'
import { openPlace, type S3StoreOptions } from './place.ts'
import { put } from './put.ts'
import { get, head } from './read.ts'
import { translate } from './service-errors.ts'

export type { S3StoreOptions } from './place.ts'

type Operations = typeof import('./operations.ts')

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
  const place = openPlace(options, isDirect ? readingUpTo(READ_BYTES) : {})

  const lastCalls: LastCalls = { unavailable: 0, failedAt: 0, resent: 0 }
  const resending = (): void => {
    lastCalls.resent += 1
  }

  let loaded: { readonly operations: Operations; readonly bucket: Bucket } | undefined
  const sdk = once(async () => {
    const operations = await import('./operations.ts')
    loaded = { operations, bucket: operations.openBucket(place, resending) }
    return loaded
  })
  /** An operation of the SDK, which the first one loads. */
  const bySdk =
    <A extends readonly unknown[], R>(
      choose: (operations: Operations) => (bucket: Bucket, ...args: A) => Promise<R>,
    ) =>
    async (...args: A): Promise<R> => {
      const { operations, bucket } = await sdk()
      return choose(operations)(bucket, ...args)
    }
  const reads = { get: bySdk((each) => each.get), head: bySdk((each) => each.head) }
  const listing = bySdk((each) => each.list)
  const writing = bySdk((each) => each.put)

  const forDirect = {
    origin: bySdk((each) => each.originOf),
    clockOffset: () => loaded?.bucket.client.config.systemClockOffset ?? 0,
  }
  const direct = isDirect
    ? openDirect(place, forDirect, (...why) => {
        resending()
        reportFallback(...why)
      })
    : undefined

  /** Translates the failures of an operation to those of the port. */
  const bound =
    <A extends readonly unknown[], R>(name: string, operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await operation(...args)
      } catch (error) {
        const [subject] = args
        const key = typeof subject === 'string' ? subject : ''
        throw translate(error, `${name} ${key}`.trimEnd())
      }
    }

  /** The same for an operation that asks the service, and notes how that ended. */
  const asking = <A extends readonly unknown[], R>(
    name: string,
    operation: (...args: A) => Promise<R>,
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

  const condition = once(
    bound(
      'try conditional deletes on',
      bySdk((each) => each.deleteCondition),
    ),
  )

  const race = cached(() => losesWrites(store, place.scratch), {
    maxAge: RACED_FOR,
    keeps: (lost) => !lost,
  })
  const remove = bySdk((each) => each.remove)
  const removeIf = bySdk((each) => each.removeIf)

  const store: S3Store = {
    lastCalls,
    get: asking('get', (key: string, range?: ByteRange) => get(direct, reads, key, range)),
    head: asking('head', (key: string) => head(direct, reads, key)),
    put: asking('put', (key: string, body: Uint8Array, options?: PutOptions) =>
      put(direct, writing, key, body, options),
    ),
    copy: asking(
      'copy',
      bySdk((each) => each.copy),
    ),
    delete: asking('delete', async (keys: readonly string[]) => {
      if (keys.length === 1 && (await direct?.remove(keys[0]!))) return
      await remove(keys)
    }),
    deleteIf: asking(
      'delete a version of',
      async (key: string, etag: string, options: DeleteOptions = {}) => {
        const does = await condition()
        if (does !== 'ignored' && (await direct?.removeIf(key, etag, options))) return
        await removeIf(key, etag, does, options)
      },
    ),
    deletesExactly: async () => (await condition()) === 'exact',
    ...(place.isAws ? {} : { losesWrites: () => race.get() }),
    deleteVersion: asking(
      'delete a version of',
      bySdk((each) => each.removeVersion),
    ),
    deleteOnce: asking(
      'delete',
      bySdk((each) => each.removeOnce),
    ),
    list: asking('list', (prefix: string, options?: ListOptions) =>
      list(place, direct, listing, prefix, options),
    ),
    createMultipart: asking(
      'create multipart upload of',
      bySdk((each) => each.createMultipart),
    ),
    uploadPart: asking(
      'upload part',
      bySdk((each) => each.uploadPart),
    ),
    listParts: asking(
      'list parts',
      bySdk((each) => each.listParts),
    ),
    completeMultipart: asking(
      'complete multipart upload',
      bySdk((each) => each.completeMultipart),
    ),
    abortMultipart: asking(
      'abort multipart upload',
      bySdk((each) => each.abortMultipart),
    ),
    listMultiparts: asking(
      'list multipart uploads of',
      bySdk((each) => each.listMultiparts),
    ),
    presign: bound('presign', direct?.presign ?? bySdk((each) => each.presign)),
    presignPart: bound(
      'presign a part of',
      bySdk((each) => each.presignPart),
    ),
    provesParts: once(
      bound('try presigned parts on', async () =>
        (await import('./proves-parts.ts')).provesParts((await sdk()).bucket),
      ),
    ),
  }
  return store
}
