/**
 * The headers an object keeps and gives back.
 *
 * @module
 */
import { S3Error } from './errors.ts'
import { header, type S3Request } from './operation.ts'
import type { Attributes, StoredObject } from './state.ts'

const KEPT = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
] as const
const META = 'x-amz-meta-'
/** Most bytes of user metadata, names and values together. */
const MAX_METADATA = 2048

/** The attributes a request gives its object. Throws MetadataTooLarge. */
export const attributesOf = (request: S3Request): Attributes => {
  const headers: Record<string, string> = { 'content-type': 'binary/octet-stream' }
  for (const name of KEPT) {
    const value = header(request, name)
    if (value !== undefined) headers[name] = value
  }
  // aws-chunked describes the transfer only.
  const encoding = headers['content-encoding']?.replace(/\s*aws-chunked\s*,?/, '').trim()
  if (encoding === '') delete headers['content-encoding']
  else if (encoding !== undefined) headers['content-encoding'] = encoding

  const metadata = Object.fromEntries(
    Object.keys(request.headers)
      .filter((name) => name.startsWith(META))
      .map((name) => [name, header(request, name) ?? '']),
  )
  const size = Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + name.length - META.length + Buffer.byteLength(value),
    0,
  )
  if (size > MAX_METADATA)
    throw new S3Error('MetadataTooLarge', undefined, {
      Size: size,
      MaxSizeAllowed: MAX_METADATA,
    })
  return { headers, metadata }
}

/** An object's headers, with those that the request's `response-` parameters override. */
export const objectHeaders = (object: StoredObject, request: S3Request): Record<string, string> => {
  const overrides = Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = request.query(`response-${name}`)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  return {
    ...object.headers,
    ...object.metadata,
    ...overrides,
    etag: `"${object.etag}"`,
    'last-modified': object.modified.toUTCString(),
    'accept-ranges': 'bytes',
  }
}
