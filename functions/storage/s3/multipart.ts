/**
 * Multipart uploads.
 *
 * @module
 */
import { hash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type ListPartsCommandOutput,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { StoreError } from '../errors.ts'
import {
  MAX_PARTS,
  MIN_PART_SIZE,
  type MultipartUpload,
  type OpenMultipart,
  type Part,
} from '../store.ts'
import { type Bucket, signedHash } from './bucket.ts'
import { completedEtag } from './completed.ts'
import { joinEtag, splitEtag } from './part-etag.ts'
import { at, etagOf, keyIn } from './place.ts'
import { hasCode } from './service-errors.ts'

/** Input of commands on an upload. */
export const inUpload = (bucket: Bucket, { key, id }: MultipartUpload) => ({
  ...at(bucket, key),
  UploadId: id,
})

/** @throws RangeError for a number that no part can have */
export const checkNumber = (number: number): void => {
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
    throw new RangeError(`part number ${number} is not 1 to ${MAX_PARTS}`)
  }
}

/** Begins an upload; see the port. Throws RangeError for a part size below the minimum. */
export const createMultipart = async (
  bucket: Bucket,
  key: string,
  partSize: number,
  presigned = false,
): Promise<MultipartUpload> => {
  if (!Number.isSafeInteger(partSize) || partSize < MIN_PART_SIZE) {
    throw new RangeError(`part size ${partSize} is not ${MIN_PART_SIZE} or more`)
  }
  const { UploadId } = await bucket.client.send(
    new CreateMultipartUploadCommand({
      ...at(bucket, key),
      ...bucket.encryption,
      // S3 refuses a part with a checksum where the upload was not created for it.
      ...((bucket.partChecksums || presigned) && { ChecksumAlgorithm: 'SHA256' }),
    }),
  )
  return { key, id: UploadId! }
}

/** Stores a part; see the port. */
export const uploadPart = async (
  bucket: Bucket,
  upload: MultipartUpload,
  number: number,
  body: Uint8Array,
): Promise<Part> => {
  checkNumber(number)
  const sha256 = hash('sha256', body, 'buffer')
  const command = new UploadPartCommand({
    ...inUpload(bucket, upload),
    PartNumber: number,
    Body: body,
    ...(bucket.partChecksums && { ChecksumSHA256: sha256.toString('base64') }),
  })
  command.middlewareStack.add(signedHash(sha256.toString('hex')), { step: 'build' })
  const { ETag, ChecksumSHA256 } = await bucket.client.send(command)
  return {
    number,
    etag: joinEtag(etagOf(ETag), ChecksumSHA256),
    size: body.length,
    ...(ChecksumSHA256 && { sha256: sha256.toString('hex') }),
  }
}

/** All parts stored so far; see the port. One request for each 1000. */
export const listParts = async (bucket: Bucket, upload: MultipartUpload): Promise<Part[]> => {
  const parts: Part[] = []
  // Not the SDK's paginator: it goes by the marker, which S3 also sends with the last page.
  for (let marker: string | undefined, ended = false; !ended; ) {
    const page: ListPartsCommandOutput = await bucket.client.send(
      new ListPartsCommand({
        ...inUpload(bucket, upload),
        ...(marker !== undefined && { PartNumberMarker: marker }),
      }),
    )
    for (const { PartNumber, ETag, ChecksumSHA256, Size = 0 } of page.Parts ?? []) {
      const etag = joinEtag(etagOf(ETag), ChecksumSHA256)
      const sha256 = ChecksumSHA256 && Buffer.from(ChecksumSHA256, 'base64').toString('hex')
      parts.push({ number: PartNumber!, etag, size: Size, ...(sha256 && { sha256 }) })
    }
    marker = page.NextPartNumberMarker
    ended = !page.IsTruncated || marker === undefined
  }
  return parts
}

/** Makes the object of exactly these parts; see the port. */
export const completeMultipart = async (
  bucket: Bucket,
  upload: MultipartUpload,
  parts: readonly Part[],
): Promise<{ etag: string }> => {
  if (parts.length === 0) {
    throw new StoreError('multipart', `complete upload ${upload.id} of ${upload.key}: no parts`)
  }
  const command = new CompleteMultipartUploadCommand({
    ...inUpload(bucket, upload),
    MultipartUpload: {
      Parts: parts.map(({ number, etag: joined }) => {
        const { etag, sha256 } = splitEtag(joined)
        return { PartNumber: number, ETag: `"${etag}"`, ...(sha256 && { ChecksumSHA256: sha256 }) }
      }),
    },
  })
  try {
    return { etag: etagOf((await bucket.client.send(command)).ETag) }
  } catch (error) {
    const etag = hasCode(error, 'NoSuchUpload')
      ? await completedEtag(bucket, upload.key, parts, error)
      : undefined
    if (etag !== undefined) return { etag }
    throw error
  }
}

/** Drops an upload; see the port. */
export const abortMultipart = async (bucket: Bucket, upload: MultipartUpload): Promise<boolean> => {
  try {
    await bucket.client.send(new AbortMultipartUploadCommand(inUpload(bucket, upload)))
    return true
  } catch (error) {
    if (!hasCode(error, 'NoSuchUpload')) throw error
    return false
  }
}

/** Open uploads by key prefix; see the port. One request for each 1000. */
export const listMultiparts = async (bucket: Bucket, prefix: string): Promise<OpenMultipart[]> => {
  const found: OpenMultipart[] = []
  let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  while (marker !== undefined) {
    const input = { ...bucket.target, Prefix: bucket.prefix + prefix, EncodingType: 'url' as const }
    const page: ListMultipartUploadsCommandOutput = await bucket.client.send(
      new ListMultipartUploadsCommand({ ...input, ...marker }),
    )
    const decode = (text: string | undefined) => keyIn(bucket, page.EncodingType, text)
    for (const { Key, UploadId, Initiated = new Date(0) } of page.Uploads ?? []) {
      found.push({ key: decode(Key), id: UploadId!, started: Initiated })
    }
    const { NextKeyMarker: key, NextUploadIdMarker: id } = page
    marker =
      page.IsTruncated && key !== undefined && id !== undefined
        ? { KeyMarker: bucket.prefix + decode(key), UploadIdMarker: id }
        : undefined
  }
  return found
}
