/**
 * Who goes on with deletes of whole repositories, and for how long they are on record.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { collect } from '../../../functions/registry/clean-up/collect.ts'
import { TIMES } from '../../../functions/registry/clean-up/terms.ts'
import { RETENTION_KEY } from '../../../functions/registry/layout.ts'
import { NO_RULES } from '../../../functions/registry/retention/retention.ts'
import { begin } from '../../../functions/registry/whole/begin.ts'
import { finishWhole } from '../../../functions/registry/whole/finish.ts'
import { listAllWhole } from '../../../functions/registry/whole/list.ts'
import { createModel } from '../../interleavings/model.ts'
import { clientOf } from '../../support/rig/client.ts'
import { pushImage } from '../../support/rig/push.ts'

const DAY = 24 * 60 * 60_000

/** Repositories of which deletes are noted, and nothing more. */
const rig = async (names: readonly string[]) => {
  const { store, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  const send = await clientOf(store, { now: () => clock.now, undeletes: true, cleanUp: true })
  for (const name of names) for (const tag of ['v1', 'v2']) await pushImage(send, name, tag, [])
  clock.now += DAY
  for (const name of names) await begin(store, name, { rules: async () => NO_RULES })
  clock.now += 2_000
  const options = { undelete: 3 * DAY, isOver: () => false, now: () => clock.now }
  return {
    store,
    clock,
    finish: (more: object = {}) => finishWhole(store, { ...options, ...more }),
    /** What can be pulled, as `name:tag`. */
    async left() {
      const fresh = await clientOf(store, { now: () => clock.now })
      const all = names.flatMap((name) => ['v1', 'v2'].map((tag) => [name, tag] as const))
      const found: string[] = []
      for (const [name, tag] of all) {
        const { status } = await fresh(`GET /v2/${name}/manifests/${tag}`)
        if (status === 200) found.push(`${name}:${tag}`)
      }
      return found
    },
    async noted() {
      const found: string[] = []
      for await (const { name, deletes } of listAllWhole(store)) {
        found.push(...deletes.map(({ state }) => `${name} ${state}`))
      }
      return found
    },
  }
}

test('all that is pending is done; the notes go when nobody can undo it any more', async () => {
  const { finish, left, noted, clock } = await rig(['a', 'a/b', 'c'])
  expect(await noted()).toEqual(['a pending', 'a/b pending', 'c pending'])
  const told: unknown[] = []
  expect(await finish({ report: (...each: unknown[]) => told.push(each) })).toBe(true)
  expect(told).toEqual(['a', 'a/b', 'c'].map((name) => [name, { deleted: 1, remaining: false }]))
  expect(await left()).toEqual([])
  expect(await noted()).toEqual(['a done', 'a/b done', 'c done'])
  clock.now += 2 * DAY
  await finish()
  expect(await noted()).toHaveLength(3)
  clock.now += 2 * DAY
  expect(await finish()).toBe(true)
  expect(await noted()).toEqual([])
})

test('one that is stopped goes on another time', async () => {
  const { finish, left, noted } = await rig(['a', 'c'])
  let asked = 0
  expect(await finish({ isOver: () => asked++ > 1 })).toBe(false)
  expect(await noted()).toEqual(['a pending', 'c pending'])
  expect(await finish()).toBe(true)
  expect(await left()).toEqual([])
})

test('a run of the clean-up begins with it', async () => {
  const { store, left, noted } = await rig(['a'])
  const run = (acts: boolean) =>
    collect(store, {
      times: TIMES,
      run: acts,
      force: true,
      closed: true,
      report: () => {},
      note: () => {},
      progress: () => {},
      isOver: () => false,
      monotonic: () => 0,
    })
  await run(false)
  expect(await noted()).toEqual(['a pending'])
  await run(true)
  expect([await left(), await noted()]).toEqual([[], ['a done']])
})

test('a tag that has become immutable stays, with its manifest, where nobody may override it', async () => {
  const { store, finish, left } = await rig(['a'])
  const rules = { version: 1, immutable: [{ repositories: ['a'], tags: ['v1'] }] }
  await store.put(RETENTION_KEY, Buffer.from(JSON.stringify(rules)))
  expect(await finish()).toBe(true)
  expect(await left()).toEqual(['a:v1'])
})
