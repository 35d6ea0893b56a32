/**
 * A run that dies at any of its operations: the next ones go on, and end where a run that lives does.
 *
 * @module
 */
import { expect, test } from 'vitest'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { fill, LONG } from './stages.ts'
import { openWorld, SERVICES } from './world.ts'

const ENOUGH = 8

/** What runs remember of what they have seen. */
const REMEMBERED = /\/clean-up\/(?:looked|markers|seen|usage)/

class Died extends Error {}

/** What is under way with a death is neither done nor answered. */
const dying = (store: ObjectStore, after: number): { store: ObjectStore; count: () => number } => {
  let operations = 0
  const around = async (_: unknown, proceed: () => Promise<unknown>): Promise<unknown> => {
    if (operations >= after) throw new Died()
    operations += 1
    return proceed()
  }
  return { store: intercept(store, around), count: () => operations }
}

/** How often a run saves how far it is. */
const PACES = [
  ['without a checkpoint', 0],
  ['a checkpoint after every step', 31_000],
] as const

test.each(
  SERVICES.flatMap(([title, service]) =>
    PACES.map(([pace, span]) => [`${title}, ${pace}`, service, span] as const),
  ),
)('on %s', async (_, service, span) => {
  let now = 0
  const paced = {
    monotonic: () => {
      now += span
      return now
    },
  }
  const filled = await openWorld(service)
  await fill(filled)
  const all = async (after: number, at: number) => {
    let dies: ReturnType<typeof dying> | undefined
    const around = (store: ObjectStore) => dies?.store ?? store
    const world = await openWorld(service, around, filled.model.copy())
    for (let run = 0; run < ENOUGH; run++) {
      if (run === at) {
        dies = dying(world.store, after)
        await world.collect(paced).catch((error: unknown) => {
          if (!(error instanceof Died)) throw error
        })
      }
      const operations = dies?.count() ?? 0
      dies = undefined
      await world.pass(LONG)
      const { collected } = await world.collect(paced)
      expect(collected.outcome).toBe('done')
      if (run === at && operations < after) return { keys: undefined, died: false }
    }
    // What runs remember has keys of its own each time.
    const keys = (await world.keys('')).filter((key) => !REMEMBERED.test(key))
    return { keys, died: true }
  }
  const { keys } = await all(0, ENOUGH - 1)
  expect(keys?.filter((key) => key.includes('/data'))).toHaveLength(3)
  expect(keys?.filter((key) => /\/clean-up\/|condemned/.test(key))).toEqual([])
  let deaths = 0
  for (const at of [0, 1, 2, 3]) {
    for (let after = 0; ; after++) {
      const ended = await all(after, at)
      if (!ended.died) break
      deaths += 1
      expect(ended.keys).toEqual(keys)
    }
  }
  expect(deaths).toBeGreaterThan(80)
})
