/**
 * Reading objects by the SDK.
 *
 * @module
 */
import type { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import type { ObjectInfo } from '../store.ts'
import type { Bucket } from './bucket.ts'
import { at } from './place.ts'
import { infoOf, type Received } from './read.ts'
import { hasCode } from './service-errors.ts'

/** What S3 knows about the object; undefined if there is none. */
export const head = async (bucket: Bucket, key: string): Promise<ObjectInfo | undefined> => {
  try {
    const output = await bucket.client.send(new HeadObjectCommand(at(bucket, key)))
    return infoOf(output, output.ContentLength ?? 0)
  } catch (error) {
    if (hasCode(error, 'NotFound', 'NoSuchKey')) return undefined
    throw error
  }
}

/** The object, or what a Range header selects of it; undefined if there is none. */
export const get = async (
  bucket: Bucket,
  key: string,
  range: string | undefined,
): Promise<Received | undefined> => {
  try {
    const input = { ...at(bucket, key), ...(range === undefined ? {} : { Range: range }) }
    const output = await bucket.client.send(new GetObjectCommand(input))
    return {
      facts: output,
      length: output.ContentLength ?? 0,
      contentRange: output.ContentRange,
      // In Node it is always one of Node's streams.
      body: output.Body as Readable,
    }
  } catch (error) {
    if (hasCode(error, 'NoSuchKey')) return undefined
    throw error
  }
}
