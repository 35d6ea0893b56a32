/**
 * Refuses routes in another spelling: `/%74oken` is `/token` to this app, but not to the throttles, rules and
 * behaviours of what is in front of it, which go by the path as it was sent. No client writes them so.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import { quoted } from '../../shared/errors.ts'
import type { AppEnv } from '../env.ts'
import { RequestError } from '../errors.ts'

/** What routes consist of, besides names, references and the like. */
const FIXED = new Set([
  'v2',
  'token',
  '.well-known',
  'jwks.json',
  '_catalog',
  'manifests',
  'blobs',
  'uploads',
  'tags',
  'list',
  'referrers',
])

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Middleware for paths as they were sent. @throws RequestError ENDPOINT_UNKNOWN */
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
