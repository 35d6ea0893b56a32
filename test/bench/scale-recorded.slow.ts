/**
 * What the simulation of bench/scale takes from the app itself, and what docs/scale.md says of that.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { callTable } from '../../bench/scale/calls.ts'
import { createPartitions } from '../../bench/scale/partitions.ts'
import { uniform } from '../../bench/scale/random.ts'
import { accessOf, type Recorded, recordRequests } from '../../bench/scale/recorded.ts'
import type { Scenario } from '../../bench/scale/scenario.ts'
import { RETRIES } from '../../bench/scale/scenarios.ts'
import { simulate } from '../../bench/scale/simulate.ts'
import { thresholdTable } from '../../bench/scale/thresholds.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushImage } from '../support/rig/push.ts'
import { openBucket } from '../support/rig/stores.ts'

const recorded = await recordRequests()
const page = readFileSync(join(import.meta.dirname, '../../docs/scale.md'), 'utf8')

const remembered = (request: keyof Recorded): readonly string[] =>
  recorded[request]?.flat().map(({ remembered }) => remembered) ?? []

test('what an instance remembers: tags not, links for seconds, manifests always', () => {
  assert.deepEqual(remembered('HEAD manifest by tag'), ['never', 'always'])
  assert.deepEqual(remembered('GET manifest by digest').toSorted(), ['always', 'seconds'])
  assert.deepEqual(remembered('GET blob'), ['seconds'])
})

test('keys have places for names and digests, and nothing else that is of one image', () => {
  for (const { key } of Object.values(recorded).flat(2))
    assert.doesNotMatch(key, /[0-9a-f]{32}|scale/)
})

test('docs/scale.md has the tables that come from it', () => {
  const none = { own: () => 0, coldStart: 0, dataKey: '' }
  for (const table of [callTable({ ...none, recorded }), thresholdTable(recorded)]) {
    assert.ok(page.includes(table), table)
  }
})

/**
 * The app on the S3 of tests with limits of a partition, which let five reads through until a call is refused; then a
 * second passes.
 */
const withLimits = async (work: (send: Send) => Promise<unknown>) => {
  const { s3, store, close } = await openBucket()
  try {
    const setup = await clientOf(store)
    await pushImage(setup, 'app', 'v1', [])
    const send = await clientOf(store)
    await expectStatus(200, send('GET /v2/app/manifests/v1'))
    const partitions = createPartitions({ reads: 5, writes: 5, minutes: 10, load: 0.8 })
    let [now, refused] = [0, 0]
    s3.counter.reset()
    s3.faults.limit((operation, key) => {
      if (partitions.take(key, accessOf(operation), now)) return true
      now += 1
      refused += 1
      return false
    })
    await work(send)
    return { asked: s3.counter.total, refused }
  } finally {
    await close()
  }
}

const pullTag = (send: Send) => expectStatus(200, send('GET /v2/app/manifests/v1'))

test('the app itself: what is refused is repeated, and the client does not see it', async () => {
  const one = async (send: Send): Promise<void> => {
    for (let pull = 0; pull < 6; pull++) await pullTag(send)
  }
  assert.deepEqual(await withLimits(one), { asked: 7, refused: 1 })
})

test('the app itself: forty pulls at once stay within the limit, since they share reads', async () => {
  const many = (send: Send) => Promise.all(Array.from({ length: 40 }, () => pullTag(send)))
  const { asked, refused } = await withLimits(many)
  assert.ok(asked <= 3 && refused === 0, `${asked} calls, ${refused} refused`)
})

/** Looks at one tag, so many a second, with a limit of 110 reads. */
const looksAtTag = (rate: number) => {
  const host = {
    kind: 'lambda',
    ...{ rate: 1e6, burst: 1e6, concurrency: 1e6, perTenSeconds: 1000, requestsPerInstance: 10 },
    warm: true,
  } as const
  const scenario: Scenario = {
    ...{ title: '', errand: 'check', rate, popularity: uniform(1), host, retries: RETRIES },
    ...{ remembers: true, share: 1, seconds: 10 },
  }
  const sources = { recorded, dataKey: '', own: () => 2, coldStart: 100 }
  const limits = { reads: 110, writes: 70, minutes: 10, load: 0.8 }
  return simulate(scenario, sources, createPartitions(limits))
}

test('a tag within the limit of a key is answered at once, one beyond it is not', () => {
  const within = looksAtTag(60)
  assert.deepEqual([within.throttled, within.failed, within.slowDown], [0, 0, 0])
  assert.ok(within.complete > 0.99 && (within.p99 ?? 0) < 100)
  const beyond = looksAtTag(300)
  assert.ok(beyond.slowDown > 0.2 && (beyond.p99 ?? 0) > 1000)
  assert.ok(Math.abs(beyond.reads - 110) < 10, `${beyond.reads}`)
  assert.deepEqual(looksAtTag(60).reads, within.reads)
})
