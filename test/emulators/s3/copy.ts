/**
 * CopyObject, and what it shares with UploadPartCopy.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { attributesOf } from './attributes.ts'
import {
  type Algorithm,
  type Checksum,
  checksumHeader,
  createDigest,
  parseAlgorithm,
} from './checksums.ts'
import { checkRead, checkWrite } from './conditions.ts'
import { type Content, read } from './content.ts'
import { S3Error } from './errors.ts'
import { header, type Operation, type S3Request, xmlAnswer } from './operation.ts'
import { MAX_PUT } from './payload.ts'
import { type StoredObject, wholeSeconds } from './state.ts'
import { text } from './xml.ts'

const SOURCE = 'x-amz-copy-source'

/** What a content's bytes come to. */
export interface Summary {
  /** Hex MD5. */
  readonly md5: string
  readonly checksum: Checksum | undefined
}

/** Reads a content and hashes it. */
export const summarize = async (
  content: Content,
  algorithm: Algorithm | undefined,
): Promise<Summary> => {
  const md5 = createHash('md5')
  const digest = algorithm === undefined ? undefined : createDigest(algorithm)
  for await (const chunk of read(content)) {
    md5.update(chunk)
    digest?.update(chunk)
  }
  const checksum: Checksum | undefined =
    algorithm === undefined || digest === undefined
      ? undefined
      : { algorithm, value: digest.digest().toString('base64'), type: 'FULL_OBJECT' }
  return { md5: md5.digest('hex'), checksum }
}

/** The XML element of a checksum, if there is one. */
export const checksumElements = (checksum: Checksum | undefined): string[] =>
  checksum === undefined ? [] : [text(`Checksum${checksum.algorithm}`, checksum.value)]

/**
 * The object a copy reads. Throws InvalidArgument, NoSuchBucket, NoSuchKey, NotImplemented
 * (versions), PreconditionFailed.
 */
export const copySource = (request: S3Request): { object: StoredObject; same: boolean } => {
  const value = header(request, SOURCE) ?? ''
  if (value.includes('?versionId=')) throw new S3Error('NotImplemented')
  let path: string
  try {
    path = decodeURIComponent(value).replace(/^\//, '')
  } catch {
    throw new S3Error('InvalidArgument', 'Invalid copy source encoding.')
  }
  const slash = path.indexOf('/')
  const key = path.slice(slash + 1)
  if (slash < 1 || key === '')
    throw new S3Error('InvalidArgument', 'Invalid copy source object key', {
      ArgumentName: SOURCE,
      ArgumentValue: value,
    })
  const bucket = request.buckets.get(path.slice(0, slash))
  if (bucket === undefined) throw new S3Error('NoSuchBucket')
  const object = bucket.get(key)
  if (object === undefined) throw new S3Error('NoSuchKey', undefined, { Key: key })
  if (checkRead(request, object, `${SOURCE}-`))
    throw new S3Error('PreconditionFailed', undefined, { Condition: `${SOURCE}-If-None-Match` })
  return { object, same: bucket === request.bucket && key === request.key }
}

const directiveOf = (request: S3Request): 'COPY' | 'REPLACE' => {
  const directive = header(request, 'x-amz-metadata-directive') ?? 'COPY'
  if (directive === 'COPY' || directive === 'REPLACE') return directive
  throw new S3Error('InvalidArgument', 'Unknown metadata directive.')
}

/** Throws InvalidRequest where a copy's source has more than 5 GiB. */
export const checkCopySize = (size: number): void => {
  if (size <= MAX_PUT) return
  throw new S3Error(
    'InvalidRequest',
    `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_PUT}`,
  )
}

/** Copies an object of at most 5 GiB. */
export const copyObject: Operation = async (request) => {
  const directive = directiveOf(request)
  const { object, same } = copySource(request)
  checkCopySize(object.content.size)
  if (same && directive === 'COPY')
    throw new S3Error(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    )
  checkWrite(request, request.bucket.get(request.key))
  const asked = header(request, 'x-amz-checksum-algorithm')
  const algorithm = asked === undefined ? object.checksum?.algorithm : parseAlgorithm(asked)
  // A copy is one object of one piece, whatever its source was made of.
  const { md5, checksum } = await summarize(object.content, algorithm)
  checkWrite(request, request.bucket.get(request.key))
  const attributes = directive === 'REPLACE' ? attributesOf(request) : object
  const modified = wholeSeconds()
  request.bucket.put(request.key, {
    headers: attributes.headers,
    metadata: attributes.metadata,
    content: object.content,
    etag: md5,
    modified,
    checksum,
  })
  return xmlAnswer(
    'CopyObjectResult',
    [
      text('ETag', `"${md5}"`),
      text('LastModified', modified.toISOString()),
      ...checksumElements(checksum),
    ],
    checksum === undefined ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value },
  )
}
