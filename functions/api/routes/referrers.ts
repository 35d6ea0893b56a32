/**
 * Referrers: GET /v2/<name>/referrers/<digest>
 *
 * @module
 */

import type { Hono } from 'hono'
import { OCI_INDEX } from '../../registry/media-types.ts'
import { parseDigest, parseName } from '../../registry/reference.ts'
import type { AppEnv, AppOptions } from '../env.ts'
import { permit } from '../middleware/permit.ts'
import { linkNext, withSlash } from '../paging.ts'
import { withReferrersOf } from '../upstream-lists.ts'
import { type Source, sourceOf } from '../upstreams.ts'

/** Registers the list of referrers. */
export const referrerRoutes = (app: Hono<AppEnv>, { registry, upstreams }: AppOptions): void => {
  app.on('GET', withSlash('/v2/:name{.+}/referrers/:digest'), async (c) => {
    const asked = parseName(c.req.param('name') ?? '')
    const find = upstreams?.find
    const { name, from }: Source = find
      ? await sourceOf(c, find, asked)
      : { name: asked, caller: await permit(c, asked, 'pull') }
    const subject = parseDigest(c.req.param('digest') ?? '')
    const artifactType = c.req.query('artifactType') || undefined
    const after = c.req.query('last')
    const last = after === undefined ? undefined : parseDigest(after)
    const wanted = {
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(last === undefined ? {} : { last }),
    }
    const own = registry.referrers.list(name, subject, wanted)
    const { referrers, next } = from
      ? await withReferrersOf(c, from, own, { subject, ...wanted })
      : await own
    if (artifactType !== undefined) c.header('OCI-Filters-Applied', 'artifactType')
    if (next !== undefined) {
      linkNext(c, { ...(artifactType === undefined ? {} : { artifactType }), last: next })
    }
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: referrers }
    return c.body(JSON.stringify(index), 200, { 'Content-Type': OCI_INDEX })
  })
}
