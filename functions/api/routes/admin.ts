/**
 * The admin API: /api/v1
 *
 * What it takes is loaded with the first request of it.
 *
 * @module
 */

import type { Hono } from 'hono'
import { once } from '../../shared/once.ts'
import type { AppEnv, AppOptions } from '../env.ts'

/** Registers the admin API, where there is one. */
export const adminRoutes = (app: Hono<AppEnv>, options: AppOptions): void => {
  const { admin } = options
  if (admin === undefined) return
  const load = once(async () =>
    (await import('../admin/respond.ts')).createResponder(admin, options),
  )
  app.all('/api/v1/*', async (c, next) => (await (await load())(c)) ?? next())
}
