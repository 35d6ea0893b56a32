/**
 * Deletes of whole repositories, in one request and by others, and undeletes.
 *
 * @module
 */
import { unreported } from '../../../../functions/registry/damage.ts'
import { NO_RULES } from '../../../../functions/registry/retention/retention.ts'
import { begin } from '../../../../functions/registry/whole/begin.ts'
import { finishWhole } from '../../../../functions/registry/whole/finish.ts'
import { settleTime } from '../../../../functions/registry/whole/note.ts'
import { undeleteWhole } from '../../../../functions/registry/whole/undelete.ts'
import { IMAGE, inTurn, later } from '../actors.ts'
import { TERMS } from '../collecting.ts'
import type { Acting, Actor } from '../run.ts'
import { actor, is, manifestIn, refusable } from './answers.ts'

/** All in one request. */
export const deleteWhole: Actor = actor('delete of the repository', async (world) => {
  world.excuse('app')
  is(world, await world.send('DELETE /api/v1/repositories/app'), 'a delete', 202, 404)
})

/** The same. What was told until then no longer counts; what is told afterwards does. */
export const deleteAll: Actor = actor('delete of all', async (world) => {
  world.forget('app')
  is(world, await world.send('DELETE /api/v1/repositories/app'), 'a delete', 202, 404)
  world.forget('app')
})

/** One that is acknowledged, of which everything is left to others. What was told until then no longer counts. */
export const noteWhole: Actor = actor('note of a delete of the repository', (world) =>
  refusable(async () => {
    world.forget('app')
    const { whole } = await begin(world.store, 'app', { rules: async () => NO_RULES })
    await world.wait(settleTime(whole))
    world.forget('app')
  }),
)

const finish = (world: Acting): Promise<unknown> =>
  finishWhole(world.store, {
    undelete: TERMS.undelete,
    isOver: () => false,
    rules: async () => NO_RULES,
    now: () => world.now(),
  })

/** What others do about what is noted. */
export const finishing = (title = 'what is left of deletes of repositories'): Actor =>
  actor(title, (world) => refusable(async () => void (await finish(world))))

/** @param tag a tag that was there, if one was */
export const undoWhole = (tag?: string): Actor =>
  actor('undelete of the repository', (world) =>
    refusable(async () => {
      await undeleteWhole(world.store, 'app', unreported, () => world.now())
      world.told(manifestIn('app', IMAGE))
      if (tag !== undefined) world.told({ kind: 'tag', name: 'app', tag })
    }),
  )

/** One that is done, and then forgotten. */
export const deleteForGood: Actor = inTurn(deleteWhole, later, finishing(), later, finishing())
