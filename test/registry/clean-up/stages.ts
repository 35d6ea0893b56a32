/**
 * A store with garbage at every stage, for runs that are disturbed.
 *
 * @module
 */
import { blob } from '../../support/hosts/content.ts'
import { expectStatus } from '../../support/rig/client.ts'
import { pushAtOnce, pushImage } from '../../support/rig/push.ts'
import { DAY, type World } from './world.ts'

const KEPT = blob('kept', 100)

/** Longer than the grace. */
export const LONG = 3 * DAY

/** Garbage at every stage: young, condemned, unlinked, a deleted manifest. */
export const fill = async (world: World): Promise<void> => {
  await pushImage(world.send, 'app', 'v1', [KEPT])
  const gone = await pushImage(world.send, 'app', 'v2', [blob('with it', 80)])
  await expectStatus(202, world.send(`DELETE /v2/app/manifests/${gone.sha256}`))
  await pushAtOnce(world.send, 'other', blob('first', 60))
  await world.pass(LONG)
  await world.collect()
  await world.pass(LONG)
  await world.collect()
  await pushAtOnce(world.send, 'other', blob('second', 70))
  await world.pass(4 * DAY)
}
