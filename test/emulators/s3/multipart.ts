/**
 * Multipart uploads: create, upload and copy parts, abort.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { attributesOf } from './attributes.ts'
import { checksumHeaders, isCrc, parseAlgorithm } from './checksums.ts'
import { slice } from './content.ts'
import { checkCopySize, checksumElements, copySource, summarize } from './copy.ts'
import { S3Error } from './errors.ts'
import { header, type Operation, type S3Request, xmlAnswer } from './operation.ts'
import { type Upload, wholeSeconds } from './state.ts'
import { text } from './xml.ts'

/** Smallest part but for the last, and largest source that no range of can be copied, in bytes. */
export const MIN_PART = 5 * 1024 ** 2
/** Highest part number. */
const MAX_PART_NUMBER = 10_000

/** The upload a request names, if it is of the request's key. Throws NoSuchUpload. */
export const existingUpload = (request: S3Request): Upload => {
  const upload = request.bucket.uploads.get(request.query('uploadId') ?? '')
  if (upload === undefined || upload.key !== request.key)
    throw new S3Error('NoSuchUpload', undefined, { UploadId: request.query('uploadId') ?? '' })
  return upload
}

const checksumOf = (request: S3Request): Upload['checksum'] => {
  const name = header(request, 'x-amz-checksum-algorithm')
  const type = header(request, 'x-amz-checksum-type')
  if (name === undefined) {
    if (type === undefined) return undefined
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    )
  }
  const algorithm = parseAlgorithm(name)
  const chosen = type ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
  if (chosen !== 'FULL_OBJECT' && chosen !== 'COMPOSITE')
    throw new S3Error('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.')
  const allowed = chosen === 'FULL_OBJECT' ? isCrc(algorithm) : algorithm !== 'CRC64NVME'
  if (!allowed)
    throw new S3Error(
      'InvalidRequest',
      `The ${chosen} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    )
  return { algorithm, type: chosen }
}

/** Begins an upload. */
export const createUpload: Operation = (request) => {
  const id = randomBytes(24).toString('base64url')
  const checksum = checksumOf(request)
  request.bucket.uploads.set(id, {
    ...attributesOf(request),
    id,
    key: request.key,
    started: wholeSeconds(),
    parts: new Map(),
    checksum,
  })
  return xmlAnswer(
    'InitiateMultipartUploadResult',
    [text('Bucket', request.bucket.name), text('Key', request.key), text('UploadId', id)],
    checksum === undefined
      ? {}
      : {
          'x-amz-checksum-algorithm': checksum.algorithm,
          'x-amz-checksum-type': checksum.type,
        },
  )
}

const partNumber = (request: S3Request): number => {
  const value = request.query('partNumber') ?? ''
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= 1 && number <= MAX_PART_NUMBER) return number
  throw new S3Error(
    'InvalidArgument',
    `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
    { ArgumentName: 'partNumber', ArgumentValue: value },
  )
}

/** Stores a part sent in the body. */
export const uploadPart: Operation = async (request) => {
  const number = partNumber(request)
  const { checksum: expected } = existingUpload(request)
  const { content, md5, checksum } = await request.receive()
  if (expected !== undefined && expected.algorithm !== checksum?.algorithm)
    throw new S3Error(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${expected.algorithm.toLowerCase()}, actual checksum Type: ${checksum?.algorithm.toLowerCase() ?? 'null'}`,
    )
  // The upload may have been completed or aborted while the body came in.
  existingUpload(request).parts.set(number, {
    content,
    etag: md5,
    modified: wholeSeconds(),
    checksum,
  })
  const { 'x-amz-checksum-type': _, ...headers } = checksumHeaders(checksum)
  return { status: 200, headers: { etag: `"${md5}"`, ...headers } }
}

/** The asked range of a source as its first byte and the one after its last. */
const sourceRange = (
  value: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } => {
  if (value === undefined) return { start: 0, end: size }
  const match = /^bytes=(\d+)-(\d+)$/.exec(value)
  const start = Number(match?.[1])
  const end = Number(match?.[2]) + 1
  if (match === null || start >= end)
    throw new S3Error(
      'InvalidArgument',
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: value },
    )
  if (size <= MIN_PART)
    throw new S3Error(
      'InvalidRequest',
      'The specified copy source is not supported as a byte-range copy source',
    )
  if (end > size)
    throw new S3Error(
      'InvalidArgument',
      `Range specified is not valid for source object of size: ${size}`,
      { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: value },
    )
  return { start, end }
}

/** Stores a part of another object's bytes. */
export const uploadPartCopy: Operation = async (request) => {
  const number = partNumber(request)
  const upload = existingUpload(request)
  const { object } = copySource(request)
  const { start, end } = sourceRange(
    header(request, 'x-amz-copy-source-range'),
    object.content.size,
  )
  checkCopySize(end - start)
  const content = slice(object.content, start, end)
  const { md5, checksum } = await summarize(content, upload.checksum?.algorithm)
  const modified = wholeSeconds()
  existingUpload(request).parts.set(number, { content, etag: md5, modified, checksum })
  return xmlAnswer('CopyPartResult', [
    text('ETag', `"${md5}"`),
    text('LastModified', modified.toISOString()),
    ...checksumElements(checksum),
  ])
}

/** Drops an upload and its parts. */
export const abortUpload: Operation = (request) => {
  request.bucket.uploads.delete(existingUpload(request).id)
  return { status: 204 }
}
