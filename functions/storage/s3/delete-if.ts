/**
 * Deletes of a version: DeleteObject with If-Match, where the service has that.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { StoreError } from '../errors.ts'
import { at, type Bucket, etagOf } from './bucket.ts'
import { hasCode } from './service-errors.ts'
import { backOff, CONFLICTS, MAX_CONFLICTS } from './write.ts'

/** No object has this version: an ETag is an MD5 sum or longer. */
const NO_VERSION = '"0"'

/**
 * Whether the service heeds If-Match on a delete: it must refuse to delete an object of another
 * version. Three requests.
 */
export const deletesExactly = async (bucket: Bucket): Promise<boolean> => {
  const object = at(bucket, `${bucket.scratch}${randomUUID()}`)
  await bucket.client.send(new PutObjectCommand({ ...object, ...bucket.encryption, Body: 'x' }))
  try {
    await bucket.client.send(new DeleteObjectCommand({ ...object, IfMatch: NO_VERSION }))
    return false
  } catch (error) {
    if (hasCode(error, 'NotImplemented', 'InvalidArgument', 'InvalidRequest')) return false
    if (!hasCode(error, 'PreconditionFailed')) throw error
    return true
  } finally {
    await bucket.client.send(new DeleteObjectCommand(object))
  }
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

/** Deletes a version of an object; see the port. */
export const removeIf = async (
  bucket: Bucket,
  key: string,
  etag: string,
  exact: boolean,
): Promise<void> => {
  if (!exact) {
    if ((await versionAt(bucket, key)) !== etag) throw changed(key, etag)
    await bucket.client.send(new DeleteObjectCommand(at(bucket, key)))
    return
  }
  const command = new DeleteObjectCommand({ ...at(bucket, key), IfMatch: `"${etag}"` })
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
): Promise<void> => {
  try {
    await bucket.client.send(new DeleteObjectCommand({ ...at(bucket, key), VersionId: version }))
  } catch (error) {
    // LocalStack calls a version that is gone an invalid one.
    if (!hasCode(error, 'NoSuchVersion', 'NoSuchKey', 'InvalidArgument')) throw error
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
