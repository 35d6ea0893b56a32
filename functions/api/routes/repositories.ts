/**
 * Whole repositories: DELETE /api/v1/repositories/<name>
 *
 * The administration's own API: what the specification has no endpoint for. Errors are in its form.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { AppEnv, AppOptions } from '../env.ts'

/** Registers the deletes of whole repositories. */
export const repositoryRoutes = (app: Hono<AppEnv>, options: AppOptions): void => {
  app.delete('/api/v1/repositories/:name{.+}', async (c) => {
    const { deleteRepository } = await import('./delete-repository.ts')
    return deleteRepository(c, c.req.param('name'), options)
  })
}
