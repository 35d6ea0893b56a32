/**
 * The removal of catalog marks and of places in lists of referrers, beside the pushes that bring back what they
 * are about: every order of their store operations, with a death at each write.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import { marks } from '../../functions/registry/clean-up/litter/marks.ts'
import { referrers } from '../../functions/registry/clean-up/litter/referrers.ts'
import { dateOf, TIMES } from '../../functions/registry/clean-up/terms.ts'
import { catalogKey, REFERRERS_PREFIX, revisionLinkKey } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { expectStatus } from '../support/rig/client.ts'
import { allObjects } from '../support/rig/invariants.ts'
import { check } from './check.ts'
import { instance } from './instance.ts'
import { exploreAll, SERVICES, titleOf } from './pairs.ts'
import { fill, type Operation, operation, SIGNATURE } from './world.ts'

const LIMIT = 2_000
const LONG = 3 * 86_400_000

/** One run over marks and referrers, each thing that is found done at once. */
const sweep = async (store: ObjectStore): Promise<void> => {
  const terms = { ...TIMES, date: await dateOf(store) }
  for (const kind of [marks, referrers]) {
    for await (const page of kind(store, terms).pages(undefined)) {
      for (const suspect of page.suspects) {
        const verdict = await suspect.look()
        if (typeof verdict === 'object') await verdict.carryOut()
      }
    }
  }
}

const run = (title: string, work: (store: ObjectStore) => Promise<void>): Operation => ({
  title,
  async run(_, store) {
    await work(store)
    return 'done'
  },
})

const sweeping = run('a run', sweep)

/** `empty` is listed and has nothing; SIGNATURE is listed, and its link is gone. Looked at so many times before. */
const state = async (name: keyof typeof SERVICES, runs: number) => {
  const service = SERVICES[name]!
  const before = await fill(service)
  await before.store.put(catalogKey('empty'), new Uint8Array())
  const send = await instance(before.store, before.clock)
  await expectStatus(202, send(`DELETE /v2/app/manifests/${SIGNATURE.sha256}`))
  // As a run takes it that comes when it can no longer be undeleted.
  await before.store.delete([revisionLinkKey('app', SIGNATURE.sha256)])
  before.clock.now += LONG
  for (let at = 0; at < runs; at++) {
    await sweep(before.store)
    before.clock.now += LONG
  }
  return { service, before }
}

const OTHERS: readonly Operation[] = [
  operation('push a referrer again'),
  operation('delete a referrer'),
  operation('push the first'),
  operation('push the first by digest'),
  operation('reindex'),
  run('another run', sweep),
]

describe.each(['as S3', 'with versions, or files'])('%s', (name) => {
  describe.each([
    ['not condemned', 0],
    ['condemned', 1],
  ] as const)('%s', async (_, runs) => {
    const { service, before } = await state(name, runs)
    test.each(OTHERS.map((each) => [titleOf([sweeping, each]), each] as const))(
      '%s',
      async (_title, other) => {
        const options = { service, before, deaths: true, together: false, limit: LIMIT }
        const { cut, faults, runs: orders } = await exploreAll([sweeping, other], options)
        expect({ cut, faults }).toEqual({ cut: false, faults: [] })
        expect(orders).toBeGreaterThan(1)
      },
    )
  })

  test('in the end, both are gone', async () => {
    const { before } = await state(name, 2)
    expect(await before.store.head(catalogKey('empty'))).toBe(undefined)
    expect(await allObjects(before.store, REFERRERS_PREFIX)).toEqual([])
  })
})

describe('broken once', () => {
  const rules: readonly (readonly [string, (store: ObjectStore) => ObjectStore, Operation])[] = [
    [
      'places go without a condition',
      (store) => ({ ...store, deleteIf: (key) => store.delete([key]) }),
      operation('push a referrer again'),
    ],
    [
      'marks go without a condition',
      (store) => ({ ...store, deleteIf: (key) => store.delete([key]) }),
      operation('push the first by digest'),
    ],
  ]
  test.each(rules)('%s: it is found', async (_, spoil, other) => {
    const { service, before } = await state('as S3', 1)
    const spoilt = run('a run', (store) => sweep(spoil(store)))
    const { faults } = await check({ service, before, operations: [spoilt, other] }, LIMIT)
    expect(faults).not.toEqual([])
  })
})
