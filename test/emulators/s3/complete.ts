/**
 * CompleteMultipartUpload.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { type Checksum, createDigest } from './checksums.ts'
import { checkWrite } from './conditions.ts'
import { type Content, concat } from './content.ts'
import { checksumElements, summarize } from './copy.ts'
import { S3Error } from './errors.ts'
import { existingUpload, MIN_PART } from './multipart.ts'
import { type Operation, type S3Request, xmlAnswer } from './operation.ts'
import { type StoredPart, type Upload, wholeSeconds } from './state.ts'
import { textOf } from './write.ts'
import { elements, field, rootOf, text } from './xml.ts'

/** A part as the client names it. */
interface NamedPart {
  readonly number: number
  /** Without quotes. */
  readonly etag: string
  /** The inner XML, for the part's checksum. */
  readonly xml: string
}

const parseParts = (body: string): NamedPart[] => {
  const parts = elements(rootOf(body, 'CompleteMultipartUpload'), 'Part').map((xml) => ({
    number: Number(field(xml, 'PartNumber')),
    etag: (field(xml, 'ETag') ?? '').replaceAll('"', ''),
    xml,
  }))
  if (parts.length === 0 || parts.some(({ number, etag }) => !Number.isInteger(number) || !etag))
    throw new S3Error('MalformedXML')
  return parts
}

const checkPartChecksum = (upload: Upload, named: NamedPart, stored: StoredPart): boolean => {
  const { checksum } = stored
  const given = checksum && field(named.xml, `Checksum${checksum.algorithm}`)
  if (upload.checksum?.type === 'COMPOSITE' && given === undefined) {
    const name = upload.checksum.algorithm.toLowerCase()
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using a ${name} checksum. The complete request must include the checksum for each part. It was missing for part ${named.number} in the request.`,
    )
  }
  return given === undefined || given === checksum?.value
}

/** The stored parts a client names. Throws InvalidPartOrder, InvalidPart, EntityTooSmall. */
const selectParts = (upload: Upload, named: readonly NamedPart[]): StoredPart[] => {
  if (named.some(({ number }, index) => index > 0 && number <= named[index - 1]!.number))
    throw new S3Error('InvalidPartOrder', undefined, { UploadId: upload.id })
  const parts = named.map((name) => {
    const stored = upload.parts.get(name.number)
    if (stored?.etag === name.etag && checkPartChecksum(upload, name, stored)) return stored
    throw new S3Error('InvalidPart', undefined, {
      UploadId: upload.id,
      PartNumber: name.number,
      ETag: name.etag,
    })
  })
  const small = parts.slice(0, -1).findIndex(({ content }) => content.size < MIN_PART)
  if (small !== -1)
    throw new S3Error('EntityTooSmall', undefined, {
      ProposedSize: parts[small]!.content.size,
      MinSizeAllowed: MIN_PART,
      PartNumber: named[small]!.number,
      ETag: parts[small]!.etag,
    })
  return parts
}

const objectChecksum = async (
  { checksum }: Upload,
  parts: readonly StoredPart[],
  content: Content,
): Promise<Checksum | undefined> => {
  if (checksum === undefined) return undefined
  const { algorithm, type } = checksum
  if (type === 'FULL_OBJECT') return (await summarize(content, algorithm)).checksum
  const digest = createDigest(algorithm)
  for (const part of parts) digest.update(Buffer.from(part.checksum?.value ?? '', 'base64'))
  return { algorithm, type, value: `${digest.digest().toString('base64')}-${parts.length}` }
}

const multipartEtag = (parts: readonly StoredPart[]): string => {
  const md5 = createHash('md5')
  for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'))
  return `${md5.digest('hex')}-${parts.length}`
}

const checkCondition = (request: S3Request): void =>
  checkWrite(request, request.bucket.get(request.key))

/** Makes the object of the parts named, and ends the upload. */
export const completeUpload: Operation = async (request) => {
  const named = parseParts(await textOf(await request.receive()))
  const upload = existingUpload(request)
  const parts = selectParts(upload, named)
  checkCondition(request)
  const content = concat(parts.map((part) => part.content))
  const checksum = await objectChecksum(upload, parts, content)
  // All was judged before the wait; of what can change meanwhile, this is what a client may see.
  existingUpload(request)
  checkCondition(request)
  const etag = multipartEtag(parts)
  request.bucket.uploads.delete(upload.id)
  request.bucket.put(request.key, {
    headers: upload.headers,
    metadata: upload.metadata,
    content,
    etag,
    modified: wholeSeconds(),
    checksum,
  })
  return xmlAnswer('CompleteMultipartUploadResult', [
    text('Bucket', request.bucket.name),
    text('Key', request.key),
    text('ETag', `"${etag}"`),
    ...checksumElements(checksum),
    ...(checksum === undefined ? [] : [text('ChecksumType', checksum.type)]),
  ])
}
