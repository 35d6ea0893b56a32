/**
 * PutObject, DeleteObject and DeleteObjects.
 *
 * @module
 */
import { text as streamText } from 'node:stream/consumers'
import { attributesOf } from './attributes.ts'
import { checksumHeaders } from './checksums.ts'
import { checkDelete, checkWrite } from './conditions.ts'
import { read } from './content.ts'
import { S3Error } from './errors.ts'
import { header, type Operation, type S3Request, xmlAnswer } from './operation.ts'
import type { Payload } from './payload.ts'
import { wholeSeconds } from './state.ts'
import { checkKey } from './target.ts'
import { element, elements, field, rootOf, text } from './xml.ts'

/** Most keys of one DeleteObjects. */
const MAX_DELETE = 1000

/** Stores a whole object. */
export const putObject: Operation = async (request) => {
  const attributes = attributesOf(request)
  // Refuse early as S3 does, and again once the body is here, when the write takes place.
  checkWrite(request, request.bucket.get(request.key))
  const { content, md5, checksum } = await request.receive()
  checkWrite(request, request.bucket.get(request.key))
  request.bucket.put(request.key, {
    ...attributes,
    content,
    etag: md5,
    modified: wholeSeconds(),
    checksum,
  })
  return { status: 200, headers: { etag: `"${md5}"`, ...checksumHeaders(checksum) } }
}

/** Deletes an object; one that is missing is no error. */
export const deleteObject: Operation = (request) => {
  checkDelete(header(request, 'if-match'), request.bucket.get(request.key))
  request.bucket.delete(request.key)
  return { status: 204 }
}

/** A received body as text. */
export const textOf = (payload: Payload): Promise<string> => streamText(read(payload.content))

const deleteOne = (request: S3Request, xml: string): { key: string; error?: S3Error } => {
  const key = field(xml, 'Key')
  if (key === undefined || key === '') throw new S3Error('MalformedXML')
  try {
    checkKey(key)
    checkDelete(field(xml, 'ETag'), request.bucket.get(key))
    request.bucket.delete(key)
    return { key }
  } catch (error) {
    if (error instanceof S3Error) return { key, error }
    throw error
  }
}

/** Deletes up to 1000 objects and tells the outcome for each. */
export const deleteObjects: Operation = async (request) => {
  const payload = await request.receive()
  if (!payload.guarded)
    throw new S3Error(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    )
  const body = rootOf(await textOf(payload), 'Delete')
  const objects = elements(body, 'Object')
  if (objects.length === 0 || objects.length > MAX_DELETE) throw new S3Error('MalformedXML')
  const quiet = field(body, 'Quiet') === 'true'
  const results = objects.map((xml) => deleteOne(request, xml))
  return xmlAnswer(
    'DeleteResult',
    results.flatMap(({ key, error }) => {
      if (error !== undefined)
        return [
          element(
            'Error',
            text('Key', key),
            text('Code', error.code),
            text('Message', error.message),
          ),
        ]
      return quiet ? [] : [element('Deleted', text('Key', key))]
    }),
  )
}
