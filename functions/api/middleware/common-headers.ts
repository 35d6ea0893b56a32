/**
 * Headers of every response.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from '../env.ts'

/** Says which API this is, as clients of distribution look for it, and that types are as declared. */
export const commonHeaders: MiddlewareHandler<AppEnv> = async function commonHeaders(c, next) {
  c.header('Docker-Distribution-Api-Version', 'registry/2.0')
  c.header('X-Content-Type-Options', 'nosniff')
  await next()
}
