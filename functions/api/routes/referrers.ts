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

/** Registers the list of referrers. */
export const referrerRoutes = (app: Hono<AppEnv>, { registry }: AppOptions): void => {
  app.on('GET', withSlash('/v2/:name{.+}/referrers/:digest'), async (c) => {
    const name = parseName(c.req.param('name') ?? '')
    await permit(c, name, 'pull')
    const subject = parseDigest(c.req.param('digest') ?? '')
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
