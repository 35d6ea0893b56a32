/**
 * Copying objects inside S3: in one request, or large ones in parts at the same time, because S3
 * copies the bytes of one request one after the other, and at most 5 GiB of them.
 *
 * @module
 */
import { CopyObjectCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3'
import { inBatches } from '../../shared/parallel.ts'
import { StoreError } from '../errors.ts'
import { MAX_PARTS, type MultipartUpload, type Part } from '../store.ts'
import type { Bucket } from './bucket.ts'
import { abortMultipart, completeMultipart, createMultipart, inUpload } from './multipart.ts'
import { joinEtag } from './part-etag.ts'
import { at, copySource, etagOf } from './place.ts'
import { hasCode } from './service-errors.ts'

const MEBIBYTE = 1024 * 1024
/** Objects up to this size are copied in one request. */
const MAX_SINGLE = 128 * MEBIBYTE
const PART_SIZE = 64 * MEBIBYTE
/** Parts copied at a time: 10 GiB take five rounds. */
const PARALLEL = 32

/** What is copied. */
interface Source {
  readonly from: string
  /** The version; undefined: whichever is there. */
  readonly etag: string | undefined
}

const sourceOf = (bucket: Bucket, { from, etag }: Source) => ({
  ...bucket.source,
  CopySource: copySource(bucket, from),
  ...(etag !== undefined && { CopySourceIfMatch: `"${etag}"` }),
})

/** The failure of a copy whose source does not exist, or has another version; or what it failed with. */
const failureOf = ({ from }: Source, cause: unknown): unknown =>
  hasCode(cause, 'NoSuchKey', 'PreconditionFailed')
    ? new StoreError('missing', `copy ${from}: no such object of that version`, { cause })
    : cause

const copyWhole = async (bucket: Bucket, source: Source, to: string): Promise<void> => {
  const command = new CopyObjectCommand({
    ...at(bucket, to),
    ...sourceOf(bucket, source),
    ...bucket.encryption,
    MetadataDirective: 'REPLACE',
  })
  try {
    await bucket.client.send(command)
  } catch (error) {
    throw failureOf(source, error)
  }
}

/** Stores the bytes `start` to `end`, inclusive, of an object as a part. */
const copyPart = async (
  bucket: Bucket,
  upload: MultipartUpload,
  number: number,
  source: Source,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Part> => {
  const command = new UploadPartCopyCommand({
    ...inUpload(bucket, upload),
    ...sourceOf(bucket, source),
    PartNumber: number,
    CopySourceRange: `bytes=${start}-${end}`,
  })
  try {
    const { CopyPartResult } = await bucket.client.send(command)
    const etag = joinEtag(etagOf(CopyPartResult?.ETag), CopyPartResult?.ChecksumSHA256)
    return { number, etag, size: end - start + 1 }
  } catch (error) {
    throw failureOf(source, error)
  }
}

/** Copies an object into an upload in parts, several at a time; stops at the first failure. */
const copyParts = async (
  bucket: Bucket,
  upload: MultipartUpload,
  source: Source,
  size: number,
): Promise<Part[]> => {
  const partSize = Math.max(PART_SIZE, Math.ceil(size / MAX_PARTS / MEBIBYTE) * MEBIBYTE)
  const starts = Array.from({ length: Math.ceil(size / partSize) }, (_, at) => at * partSize)
  const copyFrom = ([index, start]: readonly [number, number]): Promise<Part> => {
    const range = { start, end: Math.min(start + partSize, size) - 1 }
    return copyPart(bucket, upload, index + 1, source, range)
  }
  return inBatches([...starts.entries()], copyFrom, PARALLEL)
}

/** Copies an object; see the port. Throws `missing`. */
export const copy = async (
  bucket: Bucket,
  from: string,
  to: string,
  size: number,
  etag?: string,
): Promise<void> => {
  const source = { from, etag }
  if (size <= MAX_SINGLE) return copyWhole(bucket, source, to)
  const upload = await createMultipart(bucket, to, PART_SIZE)
  try {
    await completeMultipart(bucket, upload, await copyParts(bucket, upload, source, size))
  } catch (error) {
    await abortMultipart(bucket, upload).catch(() => {})
    throw error
  }
}
