/**
 * Reads the parts of a request that HTTP leaves to applications: its path as it was sent, and some
 * headers.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import { quoted } from '../shared/errors.ts'
import type { ByteRange } from '../storage/store.ts'
import type { AppContext, AppEnv } from './env.ts'
import { RequestError } from './errors.ts'

/** A segment that `URL` removes from a path, together with the one before it. */
const DOTS = /(?<=\/)(?:\.|%2e){1,2}(?=\/|$)/gi

/**
 * Escapes a path so that `URL` leaves it as it is. Otherwise `a/../b` would become `b` and `\` would
 * become `/`, and a push to a malformed name would go to another repository. Escaped, the name is seen
 * as it was sent, and refused.
 *
 * @param path without a query
 */
export const literalPath = (path: string): string =>
  path.replaceAll('\\', '%5C').replace(DOTS, (dots) => dots.replace(/\.|%2e/gi, '%252e'))

/** Entity tags of an If-Match or If-None-Match value, unquoted; `*` stays as it is. */
export const entityTags = (value: string): string[] =>
  value
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, '').replace(/^"|"$/g, ''))
    .filter((tag) => tag !== '')

/** Whether If-None-Match says that the client has this content (RFC 9110 13.1.2, weak comparison). */
export const noneMatchHits = (value: string | undefined, etag: string): boolean =>
  value !== undefined && entityTags(value).some((tag) => tag === '*' || tag === etag)

/** Whether a write may change what is immutable, where its caller may: it may say that it must not. */
export const readOverride = (c: AppContext): boolean => {
  const wanted = c.req.query('override') ?? 'true'
  if (wanted === 'true' || wanted === 'false') return wanted === 'true'
  throw new RequestError(
    'PARAMETER_INVALID',
    `override is ${quoted(wanted)}: expected true or false`,
  )
}

/** A position as a number; one too large for a number is beyond any content, too. */
const position = (digits: string): number => Math.min(Number(digits), Number.MAX_SAFE_INTEGER)

/**
 * Reads a Range header of one range of bytes.
 *
 * @returns undefined when the whole content is to be sent: other units and several ranges are ignored,
 *   as RFC 9110 14.2 allows
 * @throws RequestError RANGE_INVALID when the range ends before it begins
 */
export const parseRange = (value: string | undefined): ByteRange | undefined => {
  const match = value?.trim().match(/^bytes=(\d*)-(\d*)$/)
  if (!match) return undefined
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? undefined : { suffix: position(last) }
  if (last === '') return { start: position(first) }
  if (position(last) < position(first)) {
    throw new RequestError(
      'RANGE_INVALID',
      `invalid Range ${quoted(value ?? '')}: it ends before it begins`,
    )
  }
  return { start: position(first), end: position(last) }
}

/**
 * Reads an upload's Content-Range: `<first>-<last>`, or HTTP's own form `bytes first-last/size`.
 *
 * @throws RequestError RANGE_INVALID
 */
export const parseContentRange = (
  value: string | undefined,
): { start: number; end: number } | undefined => {
  if (value === undefined) return undefined
  const match = value.match(/^(?:bytes )?(\d+)-(\d+)(?:\/(?:\d+|\*))?$/)
  const [start, end] = [Number(match?.[1]), Number(match?.[2])]
  if (match && start <= end && Number.isSafeInteger(end)) return { start, end }
  throw new RequestError(
    'RANGE_INVALID',
    `invalid Content-Range ${quoted(value)}: expected <first byte>-<last byte>, as in 0-1023`,
  )
}

/**
 * Reads Content-Length.
 *
 * @throws RequestError SIZE_INVALID when it is not a number of bytes
 */
export const parseContentLength = (value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  const length = Number(value)
  if (/^\d+$/.test(value) && Number.isSafeInteger(length)) return length
  throw new RequestError('SIZE_INVALID', `invalid Content-Length ${quoted(value)}`)
}

/** What routes consist of, besides names, references and the like. */
const FIXED = new Set([
  'v2',
  'token',
  '.well-known',
  'jwks.json',
  'openid-configuration',
  '_catalog',
  'manifests',
  'blobs',
  'uploads',
  'tags',
  'list',
  'referrers',
  'api',
  'v1',
  'openapi.json',
  'documents',
  'users',
  'groups',
  'robots',
  'secrets',
  'repositories',
  'images',
  'layer',
  'ancestry',
  'checksum',
  'usage',
  'deleted',
  'undelete',
  'changes',
  'events',
  'quotas',
  'auth',
  'login',
  'callback',
  'session',
  'logout',
])

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/**
 * Refuses routes in another spelling: `/%74oken` is `/token` to this app, but not to the throttles, rules and
 * behaviours of what is in front of it, which go by the path as it was sent. No client writes them so.
 *
 * @throws RequestError ENDPOINT_UNKNOWN
 */
export const plainPath: MiddlewareHandler<AppEnv> = async function plainPath(c, next) {
  const [path = ''] = c.req.raw.url.split('?')
  const strange = path.includes('%')
    ? path.split('/').find((each) => each.includes('%') && FIXED.has(decoded(each)))
    : undefined
  if (strange === undefined) return next()
  throw new RequestError(
    'ENDPOINT_UNKNOWN',
    `there is nothing at ${quoted(strange)}: write ${decoded(strange)} without percent-encoding`,
  )
}
