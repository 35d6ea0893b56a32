/**
 * Reading objects.
 *
 * @module
 */
import { PassThrough, type Readable } from 'node:stream'
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3'
import { readAll } from '../bytes.ts'
import { StoreError } from '../errors.ts'
import type { ByteRange, ObjectInfo, ObjectRead } from '../store.ts'
import { at, type Bucket, etagOf } from './bucket.ts'
import type { DirectClient, DirectResponse } from './direct-client.ts'
import { hasCode, translate } from './service-errors.ts'
import { withoutWriteId } from './write-id.ts'

type Facts = Pick<HeadObjectCommandOutput, 'ETag' | 'LastModified' | 'Metadata' | 'VersionId'>

/** What is written while a bucket's versions are suspended, over and over. */
const NO_VERSION = 'null'

const infoOf = (facts: Facts, size: number): ObjectInfo => ({
  size,
  ...(facts.VersionId && facts.VersionId !== NO_VERSION && { version: facts.VersionId }),
  etag: etagOf(facts.ETag),
  modified: facts.LastModified ?? new Date(0),
  metadata: withoutWriteId(facts.Metadata),
})

/** What S3 knows about the object; see the port. */
export const head = async (bucket: Bucket, key: string): Promise<ObjectInfo | undefined> => {
  try {
    const output = await bucket.client.send(new HeadObjectCommand(at(bucket, key)))
    return infoOf(output, output.ContentLength ?? 0)
  } catch (error) {
    if (hasCode(error, 'NotFound', 'NoSuchKey')) return undefined
    throw error
  }
}

/** A Range header. S3 ignores an invalid one and would send everything, so that is refused here. */
const rangeHeader = (key: string, range: ByteRange): string => {
  const bounds = 'suffix' in range ? [range.suffix] : [range.start, range.end ?? range.start]
  const sensible = bounds.every((bound) => Number.isSafeInteger(bound) && bound >= 0)
  if (!sensible || bounds[0]! > bounds.at(-1)! || ('suffix' in range && range.suffix === 0)) {
    throw new StoreError('range', `get ${key}: ${JSON.stringify(range)}`)
  }
  return 'suffix' in range ? `bytes=-${range.suffix}` : `bytes=${range.start}-${range.end ?? ''}`
}

const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/

/** Size up to which an object is read whole before `get` returns, so that it can be retried. */
const MAX_BUFFERED = 64 * 1024
/** The most attempts to read a small object whose bytes are not received. */
const MAX_READS = 4

/** A body that fails as the port says. */
const namingFailures = (body: Readable, key: string): Readable => {
  const named = new PassThrough({ highWaterMark: body.readableHighWaterMark })
  body.once('error', (error) => named.destroy(translate(error, `read ${key}`) as Error))
  named.once('close', () => body.destroy())
  return body.pipe(named)
}

/** A response to GetObject, from the SDK or the direct client. */
interface Received {
  readonly facts: Facts
  readonly length: number
  readonly contentRange: string | undefined
  readonly body: Readable
}

const fromSdk = (output: GetObjectCommandOutput): Received => ({
  facts: output,
  length: output.ContentLength ?? 0,
  contentRange: output.ContentRange,
  // In Node it is always one of Node's streams.
  body: output.Body as Readable,
})

const META = 'x-amz-meta-'

const fromDirect = ({ headers, body }: DirectResponse): Received => ({
  facts: {
    ETag: headers.etag,
    LastModified: new Date(headers['last-modified'] ?? 0),
    VersionId: headers['x-amz-version-id'],
    Metadata: Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => name.startsWith(META))
        .map(([name, value]) => [name.slice(META.length), value]),
    ),
  },
  length: Number(headers['content-length'] ?? 0),
  contentRange: headers['content-range'],
  body,
})

const readOf = async (
  received: Received,
  key: string,
  named: DirectClient['body'],
): Promise<ObjectRead> => {
  const { facts, length, contentRange, body } = received
  const [, start = 0, end = length - 1, size = length] = (
    CONTENT_RANGE.exec(contentRange ?? '') ?? []
  ).map(Number)
  const info = infoOf(facts, size)
  if (length > MAX_BUFFERED) return { info, start, end, body: named(body, key) }
  return { info, start, end, body: [await readAll(body, MAX_BUFFERED)] }
}

/** Tries the direct client first, if there is one, then the SDK. */
const receive = async (
  bucket: Bucket,
  direct: DirectClient | undefined,
  key: string,
  range: string | undefined,
): Promise<Received | undefined> => {
  const response = await direct?.get(key, range)
  if (response === 'none') return undefined
  if (response !== undefined) return fromDirect(response)
  try {
    const input = { ...at(bucket, key), ...(range === undefined ? {} : { Range: range }) }
    return fromSdk(await bucket.client.send(new GetObjectCommand(input)))
  } catch (error) {
    if (hasCode(error, 'NoSuchKey')) return undefined
    throw error
  }
}

/** The object's bytes; see the port. Throws `range`. */
export const get = async (
  bucket: Bucket,
  direct: DirectClient | undefined,
  key: string,
  range?: ByteRange,
): Promise<ObjectRead | undefined> => {
  const header = range && rangeHeader(key, range)
  for (let attempt = 1; ; attempt++) {
    const received = await receive(bucket, direct, key, header)
    if (received === undefined) return undefined
    try {
      return await readOf(received, key, direct?.body ?? namingFailures)
    } catch (error) {
      // The SDK retries a request that gets no response, but not one whose response ends too early.
      if (attempt === MAX_READS) throw error
    }
  }
}
