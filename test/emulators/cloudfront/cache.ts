/**
 * What CloudFront keeps: "Managing how long content stays in the cache", "How CloudFront caches HTTP 4xx
 * and 5xx status codes".
 *
 * @module
 */

import type { Behaviour, Distribution } from './config.ts'
import { includes } from './policies.ts'
import type { Whole } from './refuse.ts'
import { type Header, splitTarget, type Viewer } from './viewer.ts'

/** Statuses of errors that are kept, and the seconds where nothing else is set. */
const ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504]
const ERROR_TTL = 10

/** What identifies a response. The method is not in it: a HEAD is answered from a GET. */
export const keyOf = ({ cache, origin }: Behaviour, viewer: Viewer): string => {
  const [path, query] = splitTarget(viewer.target)
  const parameters = query
    .split('&')
    .filter((pair) => includes(cache.query, pair.split('=')[0] ?? ''))
  const headers = viewer.headers.filter(([name]) => includes(cache.headers, name))
  return JSON.stringify([origin.id, path, parameters, headers])
}

const directives = (headers: readonly Header[]): readonly string[] =>
  headers
    .filter(([name]) => name === 'cache-control')
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((each) => each.trim())

/** Seconds that a response is kept for. */
export const ttlOf = (
  { cache }: Behaviour,
  { errorTtl }: Pick<Distribution, 'errorTtl'>,
  method: string,
  status: number,
  headers: readonly Header[],
): number => {
  if (!['GET', 'HEAD'].includes(method)) return 0
  const said = directives(headers)
  const age = (name: string): number | undefined => {
    const [, seconds] = said.map((each) => each.match(`^${name}=(\\d+)$`)).find(Boolean) ?? []
    return seconds === undefined ? undefined : Number(seconds)
  }
  const given = age('s-maxage') ?? age('max-age')
  if (status >= 400) {
    if (!ERRORS.includes(status)) return 0
    return Math.max(errorTtl[status] ?? ERROR_TTL, Math.min(given ?? 0, cache.maxTtl))
  }
  if (said.some((each) => ['no-store', 'no-cache', 'private'].includes(each))) return cache.minTtl
  // "How CloudFront processes HTTP 3xx status codes": these only where Cache-Control says so.
  if ([307, 308].includes(status) && given === undefined) return 0
  return Math.min(Math.max(given ?? cache.defaultTtl, cache.minTtl), cache.maxTtl)
}

interface Kept extends Whole {
  readonly until: number
}

/** A cache of one edge location. */
export interface Cache {
  find(key: string, method: string): Whole | undefined
  keep(key: string, method: string, answer: Whole, ttl: number): void
  /** An invalidation: paths, with `*` at the end of some. */
  invalidate(paths: readonly string[]): void
}

/** @param now clock in milliseconds */
export const createCache = (now: () => number): Cache => {
  const kept = new Map<string, Kept>()
  const fresh = (name: string): Whole | undefined => {
    const found = kept.get(name)
    return found !== undefined && found.until > now() ? found : undefined
  }
  return {
    find: (key, method) =>
      fresh(`GET ${key}`) ?? (method === 'HEAD' ? fresh(`HEAD ${key}`) : undefined),
    keep: (key, method, answer, ttl) =>
      void kept.set(`${method} ${key}`, { ...answer, until: now() + ttl * 1000 }),
    invalidate: (paths) => {
      for (const name of kept.keys()) {
        const [, path = ''] = JSON.parse(name.replace(/^\w+ /, ''))
        const hit = paths.some((each) =>
          each.endsWith('*') ? path.startsWith(each.slice(0, -1)) : path === each,
        )
        if (hit) kept.delete(name)
      }
    },
  }
}

/** The part of a kept response that a Range of one asks for; the whole for any other. */
export const partOf = (whole: Whole, range: string): Whole => {
  const [, first = '', last = ''] = range.match(/^bytes=(\d*)-(\d*)$/) ?? []
  const size = whole.body.byteLength
  const [start, end] =
    first === '' ? [Math.max(size - Number(last), 0), size - 1] : [Number(first), size - 1]
  const stop = first === '' || last === '' ? end : Math.min(Number(last), end)
  if (whole.status !== 200 || (first === '' && last === '')) return whole
  const headers = whole.headers.filter(([name]) => !/^content-(?:length|range)$/.test(name))
  if (start > stop) {
    const refused = [
      ['content-range', `bytes */${size}`],
      ['content-length', '0'],
    ] as const
    return { status: 416, headers: [...headers, ...refused], body: Buffer.alloc(0) }
  }
  const body = whole.body.subarray(start, stop + 1)
  const more = [
    ['content-range', `bytes ${start}-${stop}/${size}`],
    ['content-length', String(body.byteLength)],
  ] as const
  return { status: 206, headers: [...headers, ...more], body }
}
