/**
 * Deletes by those who look around: what one takes along, GET /api/v1/delete-preview/<name>, and the delete of a tag or a
 * manifest, DELETE /api/v1/images/<name>
 *
 * @module
 */

import { nameOf } from '../../auth/identity.ts'
import { parseName, parseReference } from '../../registry/reference.ts'
import type { AppContext, AppOptions } from '../env.ts'
import { eventOrigin } from '../event-origin.ts'
import { auditOverrides } from '../middleware/log.ts'
import { addressOf, permit } from '../middleware/permit.ts'
import { readOverride } from '../request.ts'

/** Responds with what a delete would take along. */
export const respondPreview = async (
  c: AppContext,
  given: string,
  { undeleteDays = 0 }: Pick<AppOptions, 'undeleteDays'>,
  browse: NonNullable<AppOptions['browse']>,
): Promise<Response> => {
  const name = parseName(given)
  await permit(c, name, 'delete')
  const reference = c.req.query('reference')
  const wanted = reference ? parseReference(reference) : undefined
  c.header('Cache-Control', 'no-store')
  return c.json({ ...(await (await browse()).goes(name, wanted)), undeleteDays })
}

/** Deletes a tag, or a manifest with its tags. */
export const remove = async (
  c: AppContext,
  given: string,
  { registry }: Pick<AppOptions, 'registry'>,
): Promise<Response> => {
  const name = parseName(given)
  const caller = await permit(c, name, 'delete')
  // There is no default: nobody deletes `latest` by leaving something out.
  const overridden = await registry.manifests.remove(
    name,
    parseReference(c.req.query('reference') ?? ''),
    {
      by: nameOf(caller.identity),
      override: readOverride(c) && caller.allows(name, 'override'),
      origin: eventOrigin(c),
    },
  )
  auditOverrides(c, name, overridden, 'deleted')
  c.get('audit')({
    event: 'delete',
    who: nameOf(caller.identity),
    // As where a client does the same.
    what: `/v2/${name}/manifests/${c.req.query('reference')}`,
    from: addressOf(c),
    outcome: 'ok',
    requestId: c.get('requestId'),
  })
  return c.body(null, 204)
}
