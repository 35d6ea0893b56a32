/**
 * Refuses requests that arrive without all of their body, as behind a gateway that carries only so
 * much.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import type { AppEnv, BodyLimit } from '../env.ts'
import { RequestError } from '../errors.ts'
import { parseContentLength } from '../headers.ts'

/** Middleware for hosts that say how much `arrived`. @throws RequestError BODY_TRUNCATED */
export const wholeBody = ({ bytes, instead }: BodyLimit): MiddlewareHandler<AppEnv> =>
  async function wholeBody(c, next) {
    if (['GET', 'HEAD'].includes(c.req.method)) return next()
    const declared = parseContentLength(c.req.header('Content-Length')) ?? 0
    const received = c.env?.receivedBytes ?? declared
    if (declared > received) {
      throw new RequestError(
        'BODY_TRUNCATED',
        `a body of ${declared} bytes, of which ${received} arrived; at most ${bytes} do: ${instead}`,
      )
    }
    return next()
  }
