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
import { withTagsOf } from '../upstream-lists.ts'
import { type Source, sourceOf } from '../upstreams.ts'

/** Registers the list of tags. */
export const tagRoutes = (app: Hono<AppEnv>, { registry, upstreams }: AppOptions): void => {
  app.on('GET', withSlash('/v2/:name{.+}/tags/list'), async (c) => {
    const asked = parseName(c.req.param('name') ?? '')
    const find = upstreams?.find
    const { name, from }: Source = find
      ? await sourceOf(c, find, asked)
      : { name: asked, caller: await permit(c, asked, 'pull') }
    const paging = readPaging(c)
    const limit = Math.max(paging.limit, 1)
    const own = registry.tags.list(name, limit, paging.last)
    const page = from ? await withTagsOf(c, from, own, { limit, last: paging.last }) : await own
    return c.json({ name, tags: finishPage(c, paging, page) })
  })
}
