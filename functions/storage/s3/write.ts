/**
 * Writing and deleting objects.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { StoreError } from '../errors.ts'
import type { PutOptions, WriteCondition } from '../store.ts'
import { type Bucket, signedHash } from './bucket.ts'
import { at, etagOf } from './place.ts'
import { hasCode, wasRetried } from './service-errors.ts'
import { writeIdOf } from './write-id.ts'

/**
 * Another request was in the way: one for the same key or, where objects are files (versitygw), one
 * that removed the last other object of a folder.
 */
export const CONFLICTS = ['ConditionalRequestConflict', 'ExistingObjectIsDirectory']
/** The most attempts of a request that conflicts with another one. */
export const MAX_CONFLICTS = 5
const CONFLICT_DELAY_MS = 50
/** The most keys of one DeleteObjects. */
const MAX_DELETE = 1000

/** Waits before attempt n + 1: about twice as long each time, at random so that writers differ. */
export const backOff = (attempt: number): Promise<void> =>
  delay(CONFLICT_DELAY_MS * 2 ** attempt * Math.random())

const conditionHeaders = (condition: WriteCondition | undefined) => {
  if (condition === undefined) return {}
  return 'ifMatch' in condition
    ? { IfMatch: `"${condition.ifMatch}"` }
    : { IfNoneMatch: condition.ifNoneMatch }
}

/** Whether a write may have been refused because of itself, sent before. */
const isByCondition = (error: unknown): boolean =>
  hasCode(error, 'PreconditionFailed', 'NoSuchKey', ...CONFLICTS)

/** The version of the object at a key, if this very write made it. */
const etagOfWrite = async (
  bucket: Bucket,
  key: string,
  id: string,
): Promise<string | undefined> => {
  try {
    const { ETag, Metadata } = await bucket.client.send(new HeadObjectCommand(at(bucket, key)))
    return writeIdOf(Metadata) === id ? etagOf(ETag) : undefined
  } catch (error) {
    if (hasCode(error, 'NotFound', 'NoSuchKey')) return undefined
    throw error
  }
}

/** Middleware after the signature, so at each attempt: ends a request whose time is over. */
const unlessLate =
  (key: string, inTime: () => boolean) =>
  <Args, Output>(next: (args: Args) => Promise<Output>) =>
  (args: Args): Promise<Output> => {
    if (!inTime()) throw new StoreError('late', `put ${key}: its time is over`)
    return next(args)
  }

/**
 * Writes a whole object; see the port. Throws `precondition`, `checksum`, `late`.
 *
 * @param before whether it was sent before, and may have taken place
 */
export const put = async (
  bucket: Bucket,
  key: string,
  body: Uint8Array,
  { condition, sha256, metadata, inTime }: PutOptions,
  before: boolean,
): Promise<{ etag: string }> => {
  const id = writeIdOf(metadata)
  const command = new PutObjectCommand({
    ...at(bucket, key),
    ...bucket.encryption,
    ...conditionHeaders(condition),
    ...(sha256 !== undefined && { ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') }),
    ...(metadata !== undefined && { Metadata: { ...metadata } }),
    Body: body,
  })
  if (sha256 !== undefined) command.middlewareStack.add(signedHash(sha256), { step: 'build' })
  if (inTime) command.middlewareStack.add(unlessLate(key, inTime), { step: 'deserialize' })
  for (let attempt = before ? 2 : 1; ; attempt++) {
    try {
      return { etag: etagOf((await bucket.client.send(command)).ETag) }
    } catch (error) {
      const conflict = hasCode(error, ...CONFLICTS)
      if (conflict && attempt < MAX_CONFLICTS) {
        await backOff(attempt)
        continue
      }
      if (id !== undefined && (attempt > 1 || wasRetried(error))) {
        const etag = await etagOfWrite(bucket, key, id).catch((unknown: unknown) => {
          // What was refused for another reason says more than a response to HEAD, which has no body.
          throw isByCondition(error) ? unknown : error
        })
        if (etag !== undefined) return { etag }
      }
      // S3 responds to If-Match on a missing object with 404.
      if (condition !== undefined && hasCode(error, 'NoSuchKey')) {
        throw new StoreError('precondition', `put ${key}: no such object`, { cause: error })
      }
      throw error
    }
  }
}

/** Deletes keys; see the port. */
export const remove = async (bucket: Bucket, keys: readonly string[]): Promise<void> => {
  if (keys.length === 1) {
    await bucket.client.send(new DeleteObjectCommand(at(bucket, keys[0]!)))
    return
  }
  for (let from = 0; from < keys.length; from += MAX_DELETE) {
    await removeBatch(bucket, keys.slice(from, from + MAX_DELETE))
  }
}

const TRANSIENT = new Set(['InternalError', 'SlowDown', 'ServiceUnavailable', 'OperationAborted'])

/** Deletes a batch: the response may be 200 and yet list keys that were not deleted. */
const removeBatch = async (bucket: Bucket, keys: readonly string[]): Promise<void> => {
  let left = keys.map((key) => ({ Key: bucket.prefix + key }))
  for (let attempt = 1; ; attempt++) {
    const { Errors: errors = [] } = await bucket.client.send(
      new DeleteObjectsCommand({ ...bucket.target, Delete: { Objects: left, Quiet: true } }),
    )
    const [first] = errors
    if (first === undefined) return
    const message = `delete ${first.Key} and ${errors.length - 1} more: ${first.Code}: ${first.Message}`
    if (!errors.every(({ Code = '' }) => TRANSIENT.has(Code))) throw new Error(message)
    if (attempt === MAX_CONFLICTS) throw new StoreError('unavailable', message)
    left = errors.map(({ Key = '' }) => ({ Key }))
    await backOff(attempt)
  }
}
