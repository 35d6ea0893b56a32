/**
 * Takes a request's body in: stores the bytes and verifies every hash the request promised.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import {
  type Checksum,
  checkForm,
  checksumHeader,
  createDigest,
  type Digest,
  type PromisedChecksum,
  promisedChecksum,
} from './checksums.ts'
import { decodeChunked } from './chunked.ts'
import type { Content, Spool } from './content.ts'
import { S3Error } from './errors.ts'
import type { IncomingBody } from './incoming.ts'

/** Largest single PUT and part in bytes. */
export const MAX_PUT = 5 * 1024 ** 3
const UNSIGNED = 'UNSIGNED-PAYLOAD'
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

/** A body that was received and found to be what the request said. */
export interface Payload {
  readonly content: Content
  /** Hex. */
  readonly md5: string
  /** The checksum the request carried. */
  readonly checksum: Checksum | undefined
  /** Whether the request carried a Content-MD5 or a checksum. */
  readonly guarded: boolean
}

/** What is needed to take a body in. */
export interface PayloadSource {
  readonly headers: IncomingHttpHeaders
  /** As {@link import('./sigv4.ts').authenticate} answers it. */
  readonly payloadHash: string
  readonly body: IncomingBody
  readonly spool: Spool
  /** Called when the headers are found good and the body is wanted. */
  readonly invite: () => void
}

interface Plan {
  readonly chunked: boolean
  readonly length: number
  readonly md5: string | undefined
  readonly sha256: string | undefined
  readonly promised: PromisedChecksum | undefined
}

/** Size of the decoded body. Throws NotImplemented, MissingContentLength, EntityTooLarge. */
const checkLength = (headers: IncomingHttpHeaders, chunked: boolean): number => {
  const encoding = headers['transfer-encoding']
  const decoded = headers['x-amz-decoded-content-length']
  if (encoding !== undefined && !(chunked && decoded !== undefined))
    throw new S3Error('NotImplemented', undefined, { Header: 'Transfer-Encoding' })
  const value = chunked ? decoded : headers['content-length']
  if (typeof value !== 'string' || !/^\d+$/.test(value)) throw new S3Error('MissingContentLength')
  const length = Number(value)
  if (length > MAX_PUT)
    throw new S3Error('EntityTooLarge', undefined, {
      ProposedSize: length,
      MaxSizeAllowed: MAX_PUT,
    })
  return length
}

const checkMd5 = (headers: IncomingHttpHeaders): string | undefined => {
  const value = headers['content-md5']
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length !== 16 || bytes.toString('base64') !== value) throw new S3Error('InvalidDigest')
  return bytes.toString('hex')
}

const planOf = ({ headers, payloadHash }: PayloadSource): Plan => {
  const chunked = payloadHash === UNSIGNED_TRAILER
  const hex = /^[0-9a-f]{64}$/.test(payloadHash)
  if (payloadHash.startsWith('STREAMING-') && !chunked)
    throw new S3Error('NotImplemented', undefined, { Header: 'x-amz-content-sha256' })
  if (!chunked && !hex && payloadHash !== UNSIGNED)
    throw new S3Error(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, or a valid sha256 value.',
    )
  return {
    chunked,
    length: checkLength(headers, chunked),
    md5: checkMd5(headers),
    sha256: hex ? payloadHash : undefined,
    promised: promisedChecksum(headers),
  }
}

async function* tap(
  chunks: AsyncIterable<Uint8Array>,
  digests: readonly Digest[],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (const digest of digests) digest.update(chunk)
    yield chunk
  }
}

/**
 * Takes a body in. Throws BadDigest, XAmzContentSHA256Mismatch, IncompleteBody, EntityTooLarge,
 * NotImplemented and more; then nothing is kept.
 */
export const receive = async (source: PayloadSource): Promise<Payload> => {
  const plan = planOf(source)
  const { promised } = plan
  const md5 = createHash('md5')
  const sha256 = createHash('sha256')
  const own = promised === undefined ? undefined : createDigest(promised.algorithm)
  const digests: Digest[] = [md5]
  if (plan.sha256 !== undefined) digests.push(sha256)
  if (own !== undefined) digests.push(own)

  source.invite()
  const trailers = new Map<string, string>()
  const raw = source.body.chunks()
  const chunks = plan.chunked ? decodeChunked(raw, (name, value) => trailers.set(name, value)) : raw
  const content = await source.spool.store(tap(chunks, digests))

  if (content.size !== plan.length) throw new S3Error('IncompleteBody')
  const hex = md5.digest('hex')
  if (plan.sha256 !== undefined && sha256.digest('hex') !== plan.sha256)
    throw new S3Error('XAmzContentSHA256Mismatch')
  if (plan.md5 !== undefined && hex !== plan.md5) throw new S3Error('BadDigest')
  const checksum =
    promised === undefined || own === undefined
      ? undefined
      : verified(promised, own.digest().toString('base64'), trailers)
  const guarded = plan.md5 !== undefined || checksum !== undefined
  return { content, md5: hex, checksum, guarded }
}

const verified = (
  { algorithm, value }: PromisedChecksum,
  computed: string,
  trailers: ReadonlyMap<string, string>,
): Checksum => {
  const given = value ?? trailers.get(checksumHeader(algorithm))
  if (given === undefined) throw new S3Error('MalformedTrailerError')
  checkForm(algorithm, given)
  if (given !== computed)
    throw new S3Error(
      'BadDigest',
      `The ${algorithm} you specified did not match the calculated checksum.`,
    )
  return { algorithm, value: computed, type: 'FULL_OBJECT' }
}
