/**
 * Lists: tags, repositories, referrers.
 *
 * @module
 */

import type { Hono } from 'hono'
import { parseDigest } from '../../registry/digest.ts'
import { OCI_INDEX } from '../../registry/media-types.ts'
import { parseName } from '../../registry/reference.ts'
import type { NamePage } from '../../registry/tags.ts'
import type { AppContext, AppEnv, AppOptions } from '../env.ts'
import { linkNext, type Paging, readPaging } from '../paging.ts'

const finishPage = (c: AppContext, { limit }: Paging, page: NamePage): readonly string[] => {
  const last = page.names.at(-1)
  if (limit === 0) return []
  if (page.more && last !== undefined) linkNext(c, { last, n: String(limit) })
  return page.names
}

/** GET /v2/<name>/tags/list, GET /v2/_catalog, GET /v2/<name>/referrers/<digest> */
export const listingRoutes = (app: Hono<AppEnv>, { registry }: AppOptions): void => {
  app.get('/v2/_catalog', async (c) => {
    const paging = readPaging(c)
    const page = await registry.catalog.list(Math.max(paging.limit, 1), paging.last)
    return c.json({ repositories: finishPage(c, paging, page) })
  })

  app.get('/v2/:name{.+}/tags/list', async (c) => {
    const name = parseName(c.req.param('name'))
    const paging = readPaging(c)
    const page = await registry.tags.list(name, Math.max(paging.limit, 1), paging.last)
    return c.json({ name, tags: finishPage(c, paging, page) })
  })

  app.get('/v2/:name{.+}/referrers/:digest', async (c) => {
    const name = parseName(c.req.param('name'))
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
