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
import { type Recorded, recordRequests } from '../../bench/scale/recorded.ts'
import type { Scenario } from '../../bench/scale/scenario.ts'
import { RETRIES } from '../../bench/scale/scenarios.ts'
import { simulate } from '../../bench/scale/simulate.ts'
import { thresholdTable } from '../../bench/scale/thresholds.ts'

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
