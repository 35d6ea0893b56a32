/**
 * The page for browsers: at `/`, and its parts below /page/, whose names say what is in them.
 *
 * @module
 */

import type { PageFile, PageFiles } from '../../page/files.ts'
import type { AppContext } from '../env.ts'
import { noneMatchHits } from '../request.ts'

/** Nothing but what comes from here, nothing inline, and in no frame. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
}

/** Whether a request is a browser's that wants a page: other clients do not ask for HTML. */
export const wantsPage = (c: AppContext): boolean =>
  /\btext\/html\b/i.test(c.req.header('Accept') ?? '')

const send = (c: AppContext, file: PageFile, keep: string): Response => {
  for (const [name, value] of Object.entries(HEADERS)) c.header(name, value)
  c.header('Cache-Control', keep)
  c.header('ETag', `"${file.etag}"`)
  c.header('Vary', 'Accept, Accept-Encoding')
  if (noneMatchHits(c.req.header('If-None-Match'), file.etag)) return c.body(null, 304)
  const zipped = /\bgzip\b/i.test(c.req.header('Accept-Encoding') ?? '')
  if (zipped) c.header('Content-Encoding', 'gzip')
  const bytes = zipped ? file.gzip : file.bytes
  const headers = { 'Content-Type': file.type, 'Content-Length': String(bytes.byteLength) }
  return c.req.method === 'HEAD' ? c.body(null, 200, headers) : c.body(bytes, 200, headers)
}

/** Responds with the page, or a part of it. @returns undefined if there is no such part */
export const serve = (c: AppContext, files: PageFiles, name: string): Response | undefined => {
  const file = files.get(name)
  if (file === undefined) return undefined
  const isPage = name === 'index.html'
  return send(c, file, isPage ? 'no-cache' : 'public, max-age=31536000, immutable')
}
