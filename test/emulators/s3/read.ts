/**
 * GetObject and HeadObject.
 *
 * @module
 */
import { objectHeaders } from './attributes.ts'
import { checksumHeaders } from './checksums.ts'
import { checkRead } from './conditions.ts'
import { slice } from './content.ts'
import { S3Error } from './errors.ts'
import { header, type Operation, type S3Request } from './operation.ts'
import type { StoredObject } from './state.ts'

/** The object at the request's key. Throws NoSuchKey. */
export const existing = (request: S3Request): StoredObject => {
  const object = request.bucket.get(request.key)
  if (object === undefined) throw new S3Error('NoSuchKey', undefined, { Key: request.key })
  return object
}

/**
 * The asked range as its first byte and the one after its last; undefined where the header is
 * absent or not one range of bytes, which S3 ignores. Throws InvalidRange.
 */
const parseRange = (
  value: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(value ?? '')
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  if (first !== '' && last !== '' && Number(first) > Number(last)) return undefined
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size)
  if (start >= end)
    throw new S3Error('InvalidRange', undefined, {
      RangeRequested: value ?? '',
      ActualObjectSize: size,
    })
  return { start, end }
}

/** Answers with an object or a range of it; the server leaves the body out for HEAD. */
export const getObject: Operation = (request) => {
  if (request.query('partNumber') !== undefined) throw new S3Error('NotImplemented')
  const object = existing(request)
  const headers = objectHeaders(object, request)
  if (checkRead(request, object)) {
    const { etag, 'last-modified': modified } = headers
    return { status: 304, headers: { etag: etag!, 'last-modified': modified! } }
  }
  const { content } = object
  const range = parseRange(header(request, 'range'), content.size)
  if (range === undefined) {
    const asked = header(request, 'x-amz-checksum-mode') === 'ENABLED'
    const checksum = checksumHeaders(asked ? object.checksum : undefined)
    return { status: 200, headers: { ...headers, ...checksum }, body: content }
  }
  const { start, end } = range
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${content.size}` },
    body: slice(content, start, end),
  }
}
