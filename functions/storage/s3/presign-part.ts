/**
 * Presigned parts: a client sends the part to S3 itself, and S3 takes no other bytes.
 *
 * @module
 */
import { UploadPartCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { MultipartUpload, PresignedPart, PresignPartOptions } from '../store.ts'
import type { Bucket } from './bucket.ts'
import { checkNumber, inUpload } from './multipart.ts'
import { withoutOperationName } from './presign.ts'

const CHECKSUM = 'x-amz-checksum-sha256'

/**
 * A PUT of a part; see the port. Sends nothing. With temporary credentials, it expires when they do.
 *
 * The checksum is a signed header, not a parameter of the URL: only then does S3 compare the bytes with
 * it. The size is signed as well. A part has no headers of its own that would be stored with the object,
 * and S3 refuses any `x-amz-` header that is not signed.
 */
export const presignPart = async (
  bucket: Bucket,
  upload: MultipartUpload,
  number: number,
  { size, sha256, expiresIn }: PresignPartOptions,
): Promise<PresignedPart> => {
  checkNumber(number)
  const checksum = Buffer.from(sha256, 'hex').toString('base64')
  const command = new UploadPartCommand({
    ...inUpload(bucket, upload),
    PartNumber: number,
    ContentLength: size,
    ChecksumSHA256: checksum,
  })
  command.middlewareStack.add(withoutOperationName, { step: 'build' })
  const url = await getSignedUrl(bucket.client, command, {
    expiresIn,
    unhoistableHeaders: new Set([CHECKSUM]),
  })
  return { url, headers: { 'content-length': String(size), [CHECKSUM]: checksum } }
}
