/**
 * Refuses requests whose body was cut short, as by a gateway with a limit.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { AppEnv, BodyLimit } from '../env.ts'
import { RequestError } from '../errors.ts'
import { parseContentLength } from '../request.ts'

/** Middleware for hosts that tell `receivedBytes`. @throws RequestError BODY_TRUNCATED */
export const wholeBody = ({ bytes, instead }: BodyLimit): MiddlewareHandler<AppEnv> =>
  async function wholeBody(c, next) {
    if (['GET', 'HEAD'].includes(c.req.method)) return next()
    const declared = parseContentLength(c.req.header('Content-Length')) ?? 0
    const received = c.env?.receivedBytes ?? declared
    if (declared > received) {
      throw new RequestError(
        'BODY_TRUNCATED',
        `a body of ${declared} bytes, of which ${received} were received; the limit is ${bytes}: ${instead}`,
      )
    }
    return next()
  }
