/**
 * What the responses of several endpoints have in common.
 *
 * @module
 */

import { Readable } from 'node:stream'
import type { MiddlewareHandler } from 'hono'
import type { ObjectBody } from '../storage/store.ts'
import type { AppContext, AppEnv } from './env.ts'

/** Says which API this is, as clients of distribution look for it, and that types are as declared. */
export const commonHeaders: MiddlewareHandler<AppEnv> = async function commonHeaders(c, next) {
  c.header('Docker-Distribution-Api-Version', 'registry/2.0')
  c.header('X-Content-Type-Options', 'nosniff')
  await next()
}

/** An answer without a body that says so: without the length, HTTP/1.1 would send it in chunks. */
export const empty = (c: AppContext, status: 201 | 202 | 307): Response => {
  c.header('Content-Length', '0')
  return c.body(null, status)
}

/** Sends a client to the store itself for what it asked for. */
export const redirect = (c: AppContext, url: string): Response => {
  c.header('Location', url)
  // Not to be stored: the URL ends long before the content changes.
  c.header('Cache-Control', 'no-store')
  return empty(c, 307)
}

/** Answers with an object's bytes. */
export const sendObject = (c: AppContext, body: ObjectBody, status: 200 | 206): Response => {
  if (!(body instanceof Readable)) return c.body(body[0], status)
  if (c.env?.sendBody === undefined) return c.body(Readable.toWeb(body) as ReadableStream, status)
  c.env.sendBody(body)
  return c.body(null, status)
}
