/**
 * What the responses of several endpoints have in common.
 *
 * @module
 */

import { Readable } from 'node:stream'
import type { MiddlewareHandler } from 'hono'
import type { ObjectBody } from '../storage/store.ts'
import type { AppContext, AppEnv } from './env.ts'

/** Middleware that names the API, as distribution does, and forbids guessing of content types. */
export const commonHeaders: MiddlewareHandler<AppEnv> = async function commonHeaders(c, next) {
  c.header('Docker-Distribution-Api-Version', 'registry/2.0')
  c.header('X-Content-Type-Options', 'nosniff')
  await next()
}

/** A response without a body. Without the explicit length, HTTP/1.1 would send it chunked. */
export const empty = (c: AppContext, status: 201 | 202 | 307): Response => {
  c.header('Content-Length', '0')
  return c.body(null, status)
}

/** Redirects a client to the store. */
export const redirect = (c: AppContext, url: string): Response => {
  c.header('Location', url)
  // The URL expires, though the content never changes.
  c.header('Cache-Control', 'no-store')
  return empty(c, 307)
}

/** Responds with an object's bytes. */
export const sendObject = (c: AppContext, body: ObjectBody, status: 200 | 206): Response => {
  if (!(body instanceof Readable)) return c.body(body[0], status)
  if (c.env?.sendBody === undefined) return c.body(Readable.toWeb(body) as ReadableStream, status)
  c.env.sendBody(body)
  return c.body(null, status)
}

/** Most characters of a warning's text: distribution-spec has 4096 bytes for all, and an escape takes six. */
const MAX_WARNING = 600

/**
 * A Warning header's value for the client's user (distribution-spec "Warnings"). Text that others wrote may be in it, so
 * it is in ASCII, with the escapes of JSON, and cut.
 */
export const warning = (text: string): string => {
  const quoted = JSON.stringify(text.slice(0, MAX_WARNING)).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `299 - ${quoted}`
}
