/**
 * Deletes of a version: DeleteObject with If-Match, where the service has that.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { StoreError } from '../errors.ts'
import type { DeleteOptions } from '../store.ts'
import { type Bucket, serverName } from './bucket.ts'
import { at, etagOf } from './place.ts'
import { hasCode, isServiceException } from './service-errors.ts'
import { backOff, CONFLICTS, MAX_CONFLICTS } from './write.ts'

/** No object has this version: an ETag is an MD5 sum or longer. */
const NO_VERSION = '"0"'

/**
 * What a service does with If-Match on a delete: it looks and deletes in one step; it looks, and then
 * deletes; or it does not look.
 */
export type DeleteCondition = 'exact' | 'looks' | 'ignored'

/** How services name themselves that look first, and delete then. */
const LOOKS_FIRST = /^versity/i

/** What happens to a conditional delete of a version that is not there. */
const tryDelete = async (
  bucket: Bucket,
  object: ReturnType<typeof at>,
): Promise<'done' | 'refused' | 'not supported'> => {
  try {
    await bucket.client.send(new DeleteObjectCommand({ ...object, IfMatch: NO_VERSION }))
    return 'done'
  } catch (error) {
    if (hasCode(error, 'NotImplemented', 'InvalidArgument', 'InvalidRequest')) {
      return 'not supported'
    }
    if (hasCode(error, 'PreconditionFailed', 'NotFound', 'NoSuchKey')) return 'refused'
    throw error
  }
}

/**
 * What the service does with If-Match on a delete. It must refuse to delete an object of another version.
 * Another service than AWS must also refuse to delete what is not there: one that says it did compares
 * versions in a step of its own. So does one that has the name of such a service. Three requests, or four.
 */
export const deleteCondition = async (bucket: Bucket): Promise<DeleteCondition> => {
  const object = at(bucket, `${bucket.scratch}${randomUUID()}`)
  const command = new PutObjectCommand({ ...object, ...bucket.encryption, Body: 'x' })
  let name = ''
  command.middlewareStack.add(
    serverName((said) => {
      name = said
    }),
    { step: 'deserialize' },
  )
  await bucket.client.send(command)
  let done: Awaited<ReturnType<typeof tryDelete>>
  try {
    done = await tryDelete(bucket, object)
  } finally {
    await bucket.client.send(new DeleteObjectCommand(object))
  }
  if (done !== 'refused') return 'ignored'
  if (bucket.isAws) return 'exact'
  const gone = await tryDelete(bucket, object)
  return gone === 'done' || LOOKS_FIRST.test(name) ? 'looks' : 'exact'
}

const changed = (key: string, etag: string, cause?: unknown): StoreError =>
  new StoreError('precondition', `delete ${key}: its version is not ${etag}`, { cause })

const versionAt = async (bucket: Bucket, key: string): Promise<string | undefined> => {
  try {
    return etagOf((await bucket.client.send(new HeadObjectCommand(at(bucket, key)))).ETag)
  } catch (error) {
    if (hasCode(error, 'NotFound', 'NoSuchKey')) return undefined
    throw error
  }
}

/** Middleware at each attempt: ends a request that was sent before and had no answer. */
const unlessLost = (key: string) => {
  let lost = false
  return <Args, Output>(next: (args: Args) => Promise<Output>) =>
    async (args: Args): Promise<Output> => {
      if (lost)
        throw new StoreError('unavailable', `delete ${key}: no answer; it may take place yet`)
      lost = true
      try {
        const output = await next(args)
        lost = false
        return output
      } catch (error) {
        // What was refused has had its answer.
        lost = !isServiceException(error)
        throw error
      }
    }
}

/** Deletes a version of an object; see the port. */
export const removeIf = async (
  bucket: Bucket,
  key: string,
  etag: string,
  condition: DeleteCondition,
  { once = false }: DeleteOptions = {},
): Promise<void> => {
  const looks = condition === 'ignored'
  if (looks && (await versionAt(bucket, key)) !== etag) throw changed(key, etag)
  const command = new DeleteObjectCommand({
    ...at(bucket, key),
    ...(!looks && { IfMatch: `"${etag}"` }),
  })
  if (once) command.middlewareStack.add(unlessLost(key), { step: 'deserialize' })
  for (let attempt = 1; ; attempt++) {
    try {
      await bucket.client.send(command)
      return
    } catch (error) {
      if (hasCode(error, 'NotFound', 'NoSuchKey')) throw changed(key, etag, error)
      if (!hasCode(error, ...CONFLICTS) || attempt === MAX_CONFLICTS) throw error
      await backOff(attempt)
    }
  }
}

/** Deletes one write of an object; see the port. Never with a condition: S3 takes not both. */
export const removeVersion = async (
  bucket: Bucket,
  key: string,
  version: string,
): Promise<boolean> => {
  try {
    await bucket.client.send(new DeleteObjectCommand({ ...at(bucket, key), VersionId: version }))
    return true
  } catch (error) {
    // LocalStack calls a version that is gone an invalid one.
    if (!hasCode(error, 'NoSuchVersion', 'NoSuchKey', 'InvalidArgument')) throw error
    return false
  }
}

/** Milliseconds after which nobody waits for the answer any more. */
const ONCE_TIMEOUT = 60_000

/** Deletes an object by one request; see the port. Whatever has no answer may take place yet. */
export const removeOnce = async (bucket: Bucket, key: string): Promise<void> => {
  const abortSignal = AbortSignal.timeout(ONCE_TIMEOUT)
  try {
    await bucket.single().send(new DeleteObjectCommand(at(bucket, key)), { abortSignal })
  } catch (error) {
    if (!abortSignal.aborted) throw error
    throw new StoreError('unavailable', `delete ${key}: no answer in time`, { cause: error })
  }
}
