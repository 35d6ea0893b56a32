/**
 * Reading objects.
 *
 * @module
 */
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { type ByteRange, type ObjectInfo, type ObjectRead, StoreError } from '../store.ts'
import { at, type Bucket, etagOf } from './bucket.ts'
import { hasCode } from './errors.ts'
import { withoutWriteId } from './write-id.ts'

type Facts = Pick<HeadObjectCommandOutput, 'ETag' | 'LastModified' | 'Metadata'>

const infoOf = (facts: Facts, size: number): ObjectInfo => ({
  size,
  etag: etagOf(facts.ETag),
  modified: facts.LastModified ?? new Date(0),
  metadata: withoutWriteId(facts.Metadata),
})

/** The object's facts; see the port. */
export const head = async (bucket: Bucket, key: string): Promise<ObjectInfo | undefined> => {
  try {
    const answer = await bucket.client.send(new HeadObjectCommand(at(bucket, key)))
    return infoOf(answer, answer.ContentLength ?? 0)
  } catch (error) {
    if (hasCode(error, 'NotFound', 'NoSuchKey')) return undefined
    throw error
  }
}

/** A Range header. S3 ignores one that makes no sense and would send all, so that is refused here. */
const rangeHeader = (key: string, range: ByteRange): string => {
  const bounds = 'suffix' in range ? [range.suffix] : [range.start, range.end ?? range.start]
  const sensible = bounds.every((bound) => Number.isSafeInteger(bound) && bound >= 0)
  if (!sensible || bounds[0]! > bounds.at(-1)! || ('suffix' in range && range.suffix === 0)) {
    throw new StoreError('range', `get ${key}: ${JSON.stringify(range)}`)
  }
  return 'suffix' in range ? `bytes=-${range.suffix}` : `bytes=${range.start}-${range.end ?? ''}`
}

const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/

const readOf = (answer: GetObjectCommandOutput): ObjectRead => {
  const length = answer.ContentLength ?? 0
  const [, start = 0, end = length - 1, size = length] = (
    CONTENT_RANGE.exec(answer.ContentRange ?? '') ?? []
  ).map(Number)
  return {
    info: infoOf(answer, size),
    start,
    end,
    body: answer.Body!.transformToWebStream() as ReadableStream<Uint8Array>,
  }
}

/** The object's bytes; see the port. Throws `range`. */
export const get = async (
  bucket: Bucket,
  key: string,
  range?: ByteRange,
): Promise<ObjectRead | undefined> => {
  const part = range && { Range: rangeHeader(key, range) }
  try {
    return readOf(await bucket.client.send(new GetObjectCommand({ ...at(bucket, key), ...part })))
  } catch (error) {
    if (hasCode(error, 'NoSuchKey')) return undefined
    throw error
  }
}
