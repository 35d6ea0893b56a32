/**
 * Answers that several endpoints give.
 *
 * @module
 */

import type { AppContext } from './env.ts'

/** An answer without a body that says so: without the length, HTTP/1.1 would send it in chunks. */
export const empty = (c: AppContext, status: 201 | 202 | 307): Response => {
  c.header('Content-Length', '0')
  return c.body(null, status)
}
