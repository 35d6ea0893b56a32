/**
 * Pushes to an immutable tag beside each other and beside deletes: every order of their store operations.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept } from '../support/rig/intercept.ts'
import { check } from './check.ts'
import { exploreAll, SERVICES, titleOf } from './pairs.ts'
import { fill, IMMUTABLE, operation } from './world.ts'

const LIMIT = 2_000
const [pushOld, pushNew, deleteTag, deleteNew] = IMMUTABLE as [
  (typeof IMMUTABLE)[number],
  (typeof IMMUTABLE)[number],
  (typeof IMMUTABLE)[number],
  (typeof IMMUTABLE)[number],
]
const deleteOld = operation('delete by digest')

const TOGETHER = [
  [pushOld, pushOld],
  [pushOld, pushNew],
  [pushNew, pushNew],
  [pushOld, deleteTag],
  [pushOld, deleteOld],
  [pushNew, deleteNew],
  [pushOld, pushNew, deleteOld],
  [pushOld, pushOld, deleteOld],
]

for (const [name, service] of Object.entries(SERVICES).slice(0, 2)) {
  describe(name, async () => {
    const before = await fill(service)
    for (const operations of TOGETHER) {
      test(titleOf(operations), async () => {
        const deaths = operations.length === 2
        const options = { service, before, deaths, together: false, limit: LIMIT }
        const { cut, faults } = await exploreAll(operations, options)
        expect({ cut, faults }).toEqual({ cut: false, faults: [] })
      })
    }
  })
}

/** A store that forgets the condition that an immutable tag is made by. */
const overwriting = (store: ObjectStore): ObjectStore =>
  intercept(store, (call, proceed) => {
    const [key, body] = call.args as [string, Uint8Array]
    const made = call.operation === 'put' && key.endsWith('/tags/frozen/current/link')
    return made ? store.put(key, body) : proceed()
  })

test('without the condition, two pushes are both told that the tag is theirs', async () => {
  const service = SERVICES['as S3']!
  const before = await fill(service)
  const operations = [pushOld, pushNew]
  const { faults } = await check({ service, before, operations, spoil: overwriting }, LIMIT)
  expect(faults.map(({ why }) => why).join()).toMatch(/no order ends with .*"201","201"/)
})
