/**
 * The catalog: GET /v2/_catalog
 *
 * @module
 */

import type { Hono } from 'hono'
import type { Caller } from '../../auth/authorizer.ts'
import type { Catalog } from '../../registry/catalog.ts'
import type { NamePage } from '../../registry/tag-pages.ts'
import type { AppEnv, AppOptions } from '../env.ts'
import { permitCatalog } from '../middleware/permit.ts'
import { finishPage, MAX_PAGE, readPaging, withSlash } from '../paging.ts'

/**
 * A page of the repositories that the caller may see. It is full if there are enough of them, and
 * links to a next page only if that is not empty: a short page, or a `Link` with a name that is not on
 * the page, would reveal that repositories are hidden.
 */
export const listFor = async (
  catalog: Catalog,
  caller: Pick<Caller, 'pullsEverything' | 'lists'>,
  limit: number,
  after: string | undefined,
): Promise<NamePage> => {
  if (caller.pullsEverything) return catalog.list(limit, after)
  const names: string[] = []
  let last = after
  for (;;) {
    // As many as one listing gives, since most of them may be hidden.
    const page = await catalog.list(MAX_PAGE, last)
    names.push(...page.names.filter(caller.lists))
    last = page.names.at(-1) ?? last
    if (!page.more || names.length > limit) break
  }
  return { names: names.slice(0, limit), more: names.length > limit }
}

/** Registers the catalog. */
export const catalogRoutes = (app: Hono<AppEnv>, { registry }: AppOptions): void => {
  app.on('GET', withSlash('/v2/_catalog'), async (c) => {
    const caller = await permitCatalog(c)
    const paging = readPaging(c)
    const page = await listFor(registry.catalog, caller, Math.max(paging.limit, 1), paging.last)
    return c.json({ repositories: finishPage(c, paging, page) })
  })
}
