/**
 * Conditional requests.
 *
 * @module
 */
import { S3Error } from './errors.ts'
import { header, type S3Request } from './operation.ts'
import type { StoredObject } from './state.ts'

const failed = (condition: string): S3Error =>
  new S3Error('PreconditionFailed', undefined, { Condition: condition })

const unquote = (etag: string): string => etag.trim().replace(/^"(.*)"$/, '$1')

const matches = (list: string, object: StoredObject): boolean =>
  list.split(',').some((etag) => etag.trim() === '*' || unquote(etag) === object.etag)

/**
 * Throws where a write's condition does not hold for what the key holds at this moment:
 * PreconditionFailed, NoSuchKey (If-Match on nothing), NotImplemented (If-None-Match on an ETag).
 */
export const checkWrite = (request: S3Request, current: StoredObject | undefined): void => {
  const ifNoneMatch = header(request, 'if-none-match')
  const ifMatch = header(request, 'if-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw new S3Error('NotImplemented', undefined, { Header: 'If-None-Match' })
  if (ifNoneMatch !== undefined && current !== undefined) throw failed('If-None-Match')
  if (ifMatch === undefined) return
  if (current === undefined) throw new S3Error('NoSuchKey', undefined, { Key: request.key })
  if (!matches(ifMatch, current)) throw failed('If-Match')
}

/** Throws PreconditionFailed where a delete names another ETag than the object's, NoSuchKey without one. */
export const checkDelete = (
  ifMatch: string | undefined,
  current: StoredObject | undefined,
): void => {
  if (ifMatch === undefined) return
  if (current === undefined) throw new S3Error('NoSuchKey')
  if (!matches(ifMatch, current)) throw failed('If-Match')
}

const isAfter = (object: StoredObject, date: string): boolean =>
  object.modified.getTime() > Date.parse(date)

/**
 * Judges a read's conditions (RFC 9110, section 13.2.2), from headers whose names have the given
 * prefix. Throws PreconditionFailed; answers whether the client's copy is still good.
 */
export const checkRead = (request: S3Request, object: StoredObject, prefix = ''): boolean => {
  const ifMatch = header(request, `${prefix}if-match`)
  const ifNoneMatch = header(request, `${prefix}if-none-match`)
  const unmodifiedSince = header(request, `${prefix}if-unmodified-since`)
  const modifiedSince = header(request, `${prefix}if-modified-since`)
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object)) throw failed('If-Match')
  } else if (unmodifiedSince !== undefined && isAfter(object, unmodifiedSince))
    throw failed('If-Unmodified-Since')
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, object)
  return modifiedSince !== undefined && !isAfter(object, modifiedSince)
}
