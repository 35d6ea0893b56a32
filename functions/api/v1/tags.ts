/**
 * Tags of the first API: /v1/repositories/<namespace>/<name>/tags
 *
 * @module
 */

import type { Hono } from 'hono'
import { nameOf } from '../../auth/identity.ts'
import { isTag } from '../../registry/reference.ts'
import { invalid, V1Error } from '../../v1/errors.ts'
import type { V1 } from '../../v1/open.ts'
import { readBody } from '../body.ts'
import type { AppEnv, AppOptions } from '../env.ts'
import { hasCode } from '../errors.ts'
import { eventOrigin } from '../event-origin.ts'
import { auditOverrides } from '../middleware/log.ts'
import { permit } from '../middleware/permit.ts'
import { allow } from './access.ts'
import { report } from './report.ts'
import { allowPush, REPOSITORY, readName } from './repository.ts'
import { guarded, sendJson } from './respond.ts'
import { shownTags } from './shown.ts'

/** Most tags of a list: the first API has no pages. */
const MOST_TAGS = 1000

/** Registers them. */
export const tagRoutesV1 = (app: Hono<AppEnv>, options: AppOptions, v1: V1): void => {
  const { registry } = options

  app.get(
    `${REPOSITORY}/tags/:tag`,
    guarded(async (c) => {
      const { name } = await allow(c, v1, readName(c), 'pull')
      const tag = c.req.param('tag') ?? ''
      const link = isTag(tag) ? await registry.tags.get(name, tag) : undefined
      const found = link && (await v1.remembered.of(name, link.target))
      if (found === undefined) throw new V1Error('V1_UNKNOWN', 'Tag not found')
      return sendJson(c, found.images[0]?.id)
    }),
  )

  app.put(
    `${REPOSITORY}/tags/:tag`,
    guarded(async (c) => {
      const { name, who } = await allowPush(c, options, v1, readName(c))
      const tag = c.req.param('tag') ?? ''
      if (!isTag(tag)) throw invalid('Invalid tag')
      const bytes = await readBody(c, registry.memory, { what: 'id of an image', limit: 1024 })
      const { digest, overridden } = await v1.pushes.tag(name, tag, bytes, {
        origin: eventOrigin(c),
        override: c.get('caller')?.allows(name, 'override') ?? false,
      })
      auditOverrides(c, name, overridden, `moved to ${digest}`)
      report(c, 'push', `${c.req.path} ${digest}`, who)
      return sendJson(c, true)
    }),
  )

  // By credentials, which a token is not: it is for pulls and pushes.
  app.delete(
    `${REPOSITORY}/tags/:tag`,
    guarded(async (c) => {
      const name = readName(c)
      const caller = await permit(c, name, 'delete')
      const who = nameOf(caller.identity)
      const tag = c.req.param('tag') ?? ''
      const notFound = new V1Error('V1_UNKNOWN', `Tag not found: ${tag.slice(0, 128)}`)
      if (!isTag(tag)) throw notFound
      const override = caller.allows(name, 'override')
      const overridden = await registry.manifests
        .remove(name, { tag }, { by: who, override, origin: eventOrigin(c) })
        .catch((error: unknown) => {
          throw hasCode(error, 'MANIFEST_UNKNOWN') ? notFound : error
        })
      auditOverrides(c, name, overridden, 'deleted')
      report(c, 'delete', c.req.path)
      return sendJson(c, true)
    }),
  )

  app.get(
    `${REPOSITORY}/tags`,
    guarded(async (c) => {
      const { name } = await allow(c, v1, readName(c), 'pull')
      const all = await shownTags(registry, v1, name, MOST_TAGS)
      return sendJson(c, Object.fromEntries(all.map(({ tag, images }) => [tag, images[0]?.id])))
    }),
  )
}
