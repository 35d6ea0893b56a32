/**
 * Refuses requests that arrive without all of their body, as behind a gateway that carries only so
 * much.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import { RegistryError } from '../../registry/errors.ts'
import type { AppEnv, BodyLimit } from '../env.ts'
import { parseContentLength } from '../headers.ts'

/** Middleware for hosts that say how much `arrived`. @throws RegistryError UNSUPPORTED (413) */
export const wholeBody = ({ bytes, instead }: BodyLimit): MiddlewareHandler<AppEnv> =>
  async function wholeBody(c, next) {
    if (['GET', 'HEAD'].includes(c.req.method)) return next()
    const said = parseContentLength(c.req.header('Content-Length')) ?? 0
    const arrived = c.env?.arrived ?? said
    if (said > arrived) {
      throw new RegistryError(
        'UNSUPPORTED',
        `a body of ${said} bytes, of which ${arrived} arrived; at most ${bytes} do: ${instead}`,
        { status: 413 },
      )
    }
    return next()
  }
