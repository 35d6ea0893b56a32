/**
 * The base endpoint, GET /v2/, and a line of text at the root for people.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { AppContext, AppEnv } from '../env.ts'
import { permitPing } from '../middleware/permit.ts'

const ping = async (c: AppContext): Promise<Response> => {
  await permitPing(c)
  return c.json({})
}

/** Registers the base endpoint. */
export const baseRoutes = (app: Hono<AppEnv>): void => {
  app.get('/', (c) => c.text('Slipway, a container registry. Its API is at /v2/\n'))
  app.get('/v2/', ping)
  // Some clients leave the slash out. `all`, so that for other methods the path stays unknown.
  app.all('/v2', (c, next) => (['GET', 'HEAD'].includes(c.req.method) ? ping(c) : next()))
}
