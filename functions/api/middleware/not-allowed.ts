/**
 * Methods that a path does not take.
 *
 * @module
 */

import type { Hono, MiddlewareHandler } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import type { AppEnv } from '../env.ts'
import { RequestError, writeError } from '../errors.ts'

/**
 * Writes METHOD_NOT_ALLOWED, with the methods that are registered for the path, where only the method
 * is wrong. Paths registered with `all` have none to name, and stay unknown for other methods.
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
