/**
 * Responses to methods that a path does not support.
 *
 * @module
 */

import type { Hono, MiddlewareHandler } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import type { AppEnv } from '../env.ts'
import { RequestError, writeError } from '../errors.ts'

/**
 * Writes METHOD_NOT_ALLOWED, with the methods that the path supports, where only the method is wrong.
 * Routes registered with `all` do not count: a path that only they match is unknown.
 */
export const notAllowed = (app: Hono<AppEnv>): MiddlewareHandler<AppEnv> =>
  methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) => {
      const allow = methods.join(', ')
      const message = `${c.req.method} is not allowed here, only ${allow}`
      return writeError(new RequestError('METHOD_NOT_ALLOWED', message, { allow }), c)
    },
  })
