/**
 * A registry that takes no writes.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from '../env.ts'
import { RequestError } from '../errors.ts'

/** Refuses everything that writes. @throws RequestError METHOD_NOT_ALLOWED */
export const readOnly: MiddlewareHandler<AppEnv> = async function readOnly(c, next) {
  if (!['GET', 'HEAD'].includes(c.req.method)) {
    throw new RequestError('METHOD_NOT_ALLOWED', 'this registry is read-only', {
      allow: 'GET, HEAD',
    })
  }
  await next()
}
