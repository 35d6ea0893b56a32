/**
 * Reading objects.
 *
 * @module
 */
import { PassThrough, type Readable } from 'node:stream'
import { readAll } from '../bytes.ts'
import { StoreError } from '../errors.ts'
import type { ByteRange, ObjectInfo, ObjectRead } from '../store.ts'
import type { DirectClient, DirectResponse } from './direct-client.ts'
import { etagOf } from './place.ts'
import { translate } from './service-errors.ts'
import { withoutWriteId } from './write-id.ts'

/** What a response says of an object, by the SDK's names. */
export interface Facts {
  readonly ETag?: string | undefined
  readonly LastModified?: Date | undefined
  readonly Metadata?: Record<string, string> | undefined
  readonly VersionId?: string | undefined
}

/** What is written while a bucket's versions are suspended, over and over. */
const NO_VERSION = 'null'

/** What the port calls these. @param size of the whole object, in bytes */
export const infoOf = (facts: Facts, size: number): ObjectInfo => ({
  size,
  ...(facts.VersionId && facts.VersionId !== NO_VERSION && { version: facts.VersionId }),
  etag: etagOf(facts.ETag),
  modified: facts.LastModified ?? new Date(0),
  metadata: withoutWriteId(facts.Metadata),
})

/** How the SDK reads what the direct client leaves to it. */
export interface SdkReads {
  readonly head: (key: string) => Promise<ObjectInfo | undefined>
  readonly get: (key: string, range: string | undefined) => Promise<Received | undefined>
}

/** What S3 knows about the object; see the port. Tries the direct client first, if there is one, then the SDK. */
export const head = async (
  direct: DirectClient | undefined,
  sdk: SdkReads,
  key: string,
): Promise<ObjectInfo | undefined> => {
  const response = await direct?.head(key)
  if (response === 'none') return undefined
  if (response === undefined) return sdk.head(key)
  const { headers } = response
  return infoOf(factsOf(headers), Number(headers['content-length']))
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
  // It may fail before anybody reads it, as while a link is still being read: nobody listens then, and Node would end the
  // process. Whoever reads it later is told.
  named.on('error', () => {})
  named.once('close', () => body.destroy())
  return body.pipe(named)
}

/** A response to GetObject, from the SDK or the direct client. */
export interface Received {
  readonly facts: Facts
  readonly length: number
  readonly contentRange: string | undefined
  readonly body: Readable
}

const META = 'x-amz-meta-'

const factsOf = (headers: DirectResponse['headers']): Facts => ({
  ETag: headers.etag,
  LastModified: new Date(headers['last-modified'] ?? 0),
  VersionId: headers['x-amz-version-id'],
  Metadata: Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(META))
      .map(([name, value]) => [name.slice(META.length), value]),
  ),
})

const fromDirect = ({ headers, body }: DirectResponse): Received => ({
  facts: factsOf(headers),
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
  direct: DirectClient | undefined,
  sdk: SdkReads,
  key: string,
  range: string | undefined,
): Promise<Received | undefined> => {
  const response = await direct?.get(key, range)
  if (response === 'none') return undefined
  return response === undefined ? sdk.get(key, range) : fromDirect(response)
}

/** The object's bytes; see the port. Throws `range`. */
export const get = async (
  direct: DirectClient | undefined,
  sdk: SdkReads,
  key: string,
  range?: ByteRange,
): Promise<ObjectRead | undefined> => {
  const header = range && rangeHeader(key, range)
  for (let attempt = 1; ; attempt++) {
    const received = await receive(direct, sdk, key, header)
    if (received === undefined) return undefined
    try {
      return await readOf(received, key, direct?.body ?? namingFailures)
    } catch (error) {
      // The SDK retries a request that gets no response, but not one whose response ends too early.
      if (attempt === MAX_READS) throw error
    }
  }
}
