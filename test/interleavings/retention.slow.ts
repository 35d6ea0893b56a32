/**
 * A rule that removes a tag, beside pushes of the same digest and all else that changes the tag: every order
 * of their store operations.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { tagLinkKey } from '../../functions/registry/layout.ts'
import { removeTag } from '../../functions/registry/retention/remove-tag.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { check } from './check.ts'
import { NOW } from './model.ts'
import { exploreAll, SERVICES, titleOf } from './pairs.ts'
import { fill, OLD, type Operation, operation, PUSH_AGAIN } from './world.ts'

const LIMIT = 3_000
const DAY = 86_400_000
const SEEN = { tag: 'latest', digest: OLD.sha256, pushed: NOW }

const byRule: Operation = {
  title: 'a rule removes the tag',
  async run(_, store) {
    await removeTag(store, 'app', SEEN, { date: NOW + DAY, before: async () => {} })
    return 'done'
  },
}

/** By the version alone, as a delete by a user. */
const byVersion: Operation = {
  title: 'a rule removes the tag by its version',
  async run(_, store: ObjectStore) {
    const key = tagLinkKey('app', 'latest')
    const info = await store.head(key)
    if (info && info.modified.getTime() <= SEEN.pushed) {
      await store.deleteIf(key, info.etag).catch(() => {})
    }
    return 'done'
  },
}

/** A day after all was pushed. */
const later = async (name: keyof typeof SERVICES) => {
  const service = SERVICES[name]!
  const before = await fill(service)
  before.clock.now += DAY
  return { service, before }
}

for (const name of ['as S3', 'with versions, or files']) {
  describe(name, async () => {
    const { service, before } = await later(name)
    for (const other of [
      PUSH_AGAIN,
      operation('move a tag'),
      operation('delete a tag'),
      operation('delete by digest'),
      operation('move a tag if it is OLD'),
      byRule,
    ]) {
      test(titleOf([byRule, other]), async () => {
        // Of two rules, one that does nothing is told nothing, whatever became of the other.
        const deaths = other !== byRule
        const options = { service, before, deaths, together: false, limit: LIMIT }
        const { cut, faults, runs } = await exploreAll([byRule, other], options)
        expect({ cut, faults }).toEqual({ cut: false, faults: [] })
        expect(runs).toBeGreaterThan(1)
      })
    }
  })
}

test('by the version alone, the tag of a push that was acknowledged is lost', async () => {
  const { service, before } = await later('as S3')
  const { faults } = await check({ service, before, operations: [byVersion, PUSH_AGAIN] }, LIMIT)
  expect(faults).not.toEqual([])
})
