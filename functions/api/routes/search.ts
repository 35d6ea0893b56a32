/**
 * Search: GET /v1/search and /v1/_ping, and /api/v1/search.
 *
 * What it takes is loaded with the first request of it.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { AppEnv, AppOptions } from '../env.ts'

/** Registers what people look for images with. */
export const searchRoutes = (app: Hono<AppEnv>, options: AppOptions): void => {
  app.get('/v1/_ping', async (c) => (await import('../search/v1.ts')).pingV1(c))
  app.get('/v1/search', async (c) => (await import('../search/v1.ts')).searchV1(c, options))
  app.get('/api/v1/search', async (c) => (await import('../search/find.ts')).find(c, options))
}
