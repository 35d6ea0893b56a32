/**
 * What the page looks at, for whoever may pull: GET /api/v1/catalog, /api/v1/tags/<name>, /api/v1/images/<name>;
 * and its deletes
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
    (await import('../browse/tags.ts')).respond(c, c.req.param('name'), options, browse),
  )
  app.get('/api/v1/images/:name{.+}', async (c) =>
    (await import('../browse/image.ts')).respond(c, c.req.param('name'), options, browse),
  )
  const load = () => import('../browse/delete.ts')
  app.get('/api/v1/delete-preview/:name{.+}', async (c) =>
    (await load()).respondPreview(c, c.req.param('name'), options, browse),
  )
  app.delete('/api/v1/images/:name{.+}', async (c) =>
    (await load()).remove(c, c.req.param('name'), options),
  )
}
