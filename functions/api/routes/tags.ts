/**
 * Tags: GET /v2/<name>/tags/list
 *
 * @module
 */

import type { Hono } from 'hono'
import { parseName } from '../../registry/reference.ts'
import type { AppEnv, AppOptions } from '../env.ts'
import { permit } from '../middleware/permit.ts'
import { finishPage, readPaging, withSlash } from '../paging.ts'

/** Registers the list of tags. */
export const tagRoutes = (app: Hono<AppEnv>, { registry }: AppOptions): void => {
  app.on('GET', withSlash('/v2/:name{.+}/tags/list'), async (c) => {
    const name = parseName(c.req.param('name') ?? '')
    await permit(c, name, 'pull')
    const paging = readPaging(c)
    const page = await registry.tags.list(name, Math.max(paging.limit, 1), paging.last)
    return c.json({ name, tags: finishPage(c, paging, page) })
  })
}
