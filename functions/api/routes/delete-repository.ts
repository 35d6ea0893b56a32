/**
 * Deletes a whole repository; loaded by the first such request.
 *
 * @module
 */

import type { Context } from 'hono'
import { nameOf } from '../../auth/identity.ts'
import { parseName } from '../../registry/reference.ts'
import type { AppEnv, AppOptions } from '../env.ts'
import { eventOrigin } from '../event-origin.ts'
import { auditOverrides } from '../middleware/log.ts'
import { permit } from '../middleware/permit.ts'
import { readOverride } from '../request.ts'

/** Milliseconds. */
const DAY = 24 * 60 * 60_000

/** Answers 202: what is gone, whether there is more to do, and until when it can be undone. */
export const deleteRepository = async (
  c: Context<AppEnv>,
  given: string,
  { registry, undeleteDays = 0, remains }: AppOptions,
): Promise<Response> => {
  const name = parseName(given)
  const caller = await permit(c, name, 'delete')
  const wanted = readOverride(c)
  const { at, deleted, remaining, overridden } = await registry.removeWhole(name, {
    by: nameOf(caller.identity),
    override: wanted && caller.allows(name, 'override'),
    origin: eventOrigin(c),
  })
  auditOverrides(c, name, overridden, 'deleted')
  if (remaining) remains?.()
  const until = new Date(at.getTime() + undeleteDays * DAY)
  const undeletable = undeleteDays > 0 && { undeletableUntil: until.toISOString() }
  return c.json(
    { name, deletedAt: at.toISOString(), ...undeletable, deleted, remaining, overridden },
    202,
  )
}
