/**
 * What a request line names: bucket, key and query, path style.
 *
 * @module
 */
import { S3Error } from './errors.ts'

/** Longest key in bytes of UTF-8. */
const MAX_KEY = 1024

/** A parsed request target. */
export interface Target {
  /** The decoded path. */
  readonly path: string
  /** Decoded query parameters in the order sent. */
  readonly query: readonly (readonly [name: string, value: string])[]
  /** Empty for the service itself. */
  readonly bucket: string
  /** Empty for the bucket itself. */
  readonly key: string
}

const decode = (value: string): string => {
  try {
    return decodeURIComponent(value)
  } catch {
    throw new S3Error('InvalidURI')
  }
}

const parseQuery = (query: string): [string, string][] =>
  query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const plain = pair.replaceAll('+', ' ')
      const equals = plain.indexOf('=')
      if (equals === -1) return [decode(plain), '']
      return [decode(plain.slice(0, equals)), decode(plain.slice(equals + 1))]
    })

/**
 * Parses the target of a request line. `URL` would fold `//` and `..`, which are bytes of a key
 * here. Throws InvalidURI.
 */
export const parseTarget = (url: string): Target => {
  const mark = url.indexOf('?')
  const path = decode(mark === -1 ? url : url.slice(0, mark))
  const query = mark === -1 ? [] : parseQuery(url.slice(mark + 1))
  const slash = path.indexOf('/', 1)
  const bucket = slash === -1 ? path.slice(1) : path.slice(1, slash)
  return { path, query, bucket, key: slash === -1 ? '' : path.slice(slash + 1) }
}

/** The first value of a query parameter, or undefined. */
export const queryValue = (target: Target, name: string): string | undefined =>
  target.query.find(([found]) => found === name)?.[1]

/** Throws KeyTooLongError where a key has more than 1024 bytes of UTF-8. */
export const checkKey = (key: string): void => {
  const size = Buffer.byteLength(key)
  if (size <= MAX_KEY) return
  throw new S3Error('KeyTooLongError', undefined, { Size: size, MaxSizeAllowed: MAX_KEY })
}
