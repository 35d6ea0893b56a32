/**
 * CORS: pages of other origins that may send requests here from a browser, and read what is answered.
 *
 * @module
 */

import type { Hono } from 'hono'
import { cors } from 'hono/cors'
import type { AppEnv, Origins } from '../env.ts'

const PATHS = ['/v2/*', '/api/*', '/v1/*', '/token']

/** Headers of requests. Not `X-Slipway-Page`: sessions of our own page are for that page. */
const ALLOWED = [
  'Accept',
  'Authorization',
  'Cache-Control',
  'Content-Range',
  'Content-Type',
  'If-Match',
  'If-None-Match',
  'Range',
]

/** Headers of responses that browsers would keep from the page. */
const EXPOSED = [
  'Content-Length',
  'Content-Range',
  'Docker-Content-Digest',
  'Docker-Distribution-Api-Version',
  'Docker-Upload-UUID',
  'ETag',
  'Link',
  'Location',
  'OCI-Filters-Applied',
  'OCI-Subject',
  'Range',
  'Retry-After',
  'WWW-Authenticate',
  'Warning',
  'X-Request-Id',
]

/** Seconds for which a browser need not ask again. */
const MAX_AGE = 600

/** Answers preflights of these origins, and lets them read responses. Everybody else gets what they got. */
export const crossOrigin = (app: Hono<AppEnv>, origins: Origins): void => {
  const allow = cors({
    origin: origins === '*' ? '*' : [...origins],
    credentials: origins !== '*',
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ALLOWED,
    exposeHeaders: EXPOSED,
    maxAge: MAX_AGE,
  })
  for (const path of PATHS) {
    app.use(path, async function crossOrigin(c, next) {
      const origin = c.req.header('Origin')
      const isAllowed = origins === '*' || (origin !== undefined && origins.includes(origin))
      const isPreflight =
        origin !== undefined && c.req.header('Access-Control-Request-Method') !== undefined
      if (isAllowed && origin !== undefined) c.set('crossOrigin', true)
      if (isAllowed && (c.req.method !== 'OPTIONS' || isPreflight)) return allow(c, next)
      await next()
      // A cache must not give this answer to a page that may read it.
      if (origins !== '*') c.header('Vary', 'Origin', { append: true })
    })
  }
}
