/**
 * Lists: tags, repositories, referrers.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { Caller } from '../../auth/authorizer.ts'
import type { Catalog } from '../../registry/catalog.ts'
import { parseDigest } from '../../registry/digest.ts'
import { OCI_INDEX } from '../../registry/media-types.ts'
import { parseName } from '../../registry/reference.ts'
import type { NamePage } from '../../registry/tags.ts'
import type { AppContext, AppEnv, AppOptions } from '../env.ts'
import { permit, permitCatalog } from '../middleware/permit.ts'
import { linkNext, MAX_PAGE, type Paging, readPaging } from '../paging.ts'

const finishPage = (c: AppContext, { limit }: Paging, page: NamePage): readonly string[] => {
  const last = page.names.at(-1)
  if (limit === 0) return []
  if (page.more && last !== undefined) linkNext(c, { last, n: String(limit) })
  return page.names
}

/**
 * A page of the repositories that the caller may see. It is full whenever there are enough of them,
 * and names the next page only if that has one: a short page, or a `Link` with a name that is not on
 * it, would tell of repositories that are hidden.
 */
const listFor = async (
  catalog: Catalog,
  caller: Caller,
  limit: number,
  after: string | undefined,
): Promise<NamePage> => {
  if (caller.pullsEverything) return catalog.list(limit, after)
  const names: string[] = []
  let last = after
  for (;;) {
    // As many as one listing gives: those before may all be hidden.
    const page = await catalog.list(MAX_PAGE, last)
    names.push(...page.names.filter(caller.lists))
    last = page.names.at(-1) ?? last
    if (!page.more || names.length > limit) break
  }
  return { names: names.slice(0, limit), more: names.length > limit }
}

/** GET /v2/<name>/tags/list, GET /v2/_catalog, GET /v2/<name>/referrers/<digest> */
export const listingRoutes = (app: Hono<AppEnv>, { registry }: AppOptions): void => {
  app.get('/v2/_catalog', async (c) => {
    const caller = await permitCatalog(c)
    const paging = readPaging(c)
    const page = await listFor(registry.catalog, caller, Math.max(paging.limit, 1), paging.last)
    return c.json({ repositories: finishPage(c, paging, page) })
  })

  app.get('/v2/:name{.+}/tags/list', async (c) => {
    const name = parseName(c.req.param('name'))
    await permit(c, name, 'pull')
    const paging = readPaging(c)
    const page = await registry.tags.list(name, Math.max(paging.limit, 1), paging.last)
    return c.json({ name, tags: finishPage(c, paging, page) })
  })

  app.get('/v2/:name{.+}/referrers/:digest', async (c) => {
    const name = parseName(c.req.param('name'))
    await permit(c, name, 'pull')
    const subject = parseDigest(c.req.param('digest'))
    const artifactType = c.req.query('artifactType') || undefined
    const last = c.req.query('last')
    const { referrers, next } = await registry.referrers.list(name, subject, {
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(last === undefined ? {} : { last: parseDigest(last) }),
    })
    if (artifactType !== undefined) c.header('OCI-Filters-Applied', 'artifactType')
    if (next !== undefined) {
      linkNext(c, { ...(artifactType === undefined ? {} : { artifactType }), last: next })
    }
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: referrers }
    return c.body(JSON.stringify(index), 200, { 'Content-Type': OCI_INDEX })
  })
}
