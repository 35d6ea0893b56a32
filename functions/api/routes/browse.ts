/**
 * What the page looks at, for whoever may pull: GET /api/v1/catalog, /api/v1/tags/<name>, /api/v1/images/<name>
 *
 * What it takes is loaded with the first request of it.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { AppEnv, AppOptions } from '../env.ts'

/** Registers the requests by which somebody looks around. */
export const browseRoutes = (app: Hono<AppEnv>, options: AppOptions): void => {
  const { browse } = options
  if (browse === undefined) return
  app.get('/api/v1/catalog', async (c) =>
    (await import('../browse/catalog.ts')).respond(c, options, browse),
  )
  app.get('/api/v1/tags/:name{.+}', async (c) =>
    (await import('../browse/tags.ts')).respond(c, c.req.param('name'), browse),
  )
  app.get('/api/v1/images/:name{.+}', async (c) =>
    (await import('../browse/image.ts')).respond(c, c.req.param('name'), browse),
  )
}
