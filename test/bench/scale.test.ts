/**
 * The simulation of bench/scale does what AWS documents, and docs/scale.md says what it computes.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { costOfRun } from '../../bench/clean-up-costs.ts'
import { createEvents } from '../../bench/scale/events.ts'
import { cleanUpTable } from '../../bench/scale/growth.ts'
import { createLambda } from '../../bench/scale/hosts.ts'
import { type Call, createInstance, type World } from '../../bench/scale/instance.ts'
import { keyFor } from '../../bench/scale/keys.ts'
import { createPartitions } from '../../bench/scale/partitions.ts'
import { seeded, uniform, zipf } from '../../bench/scale/random.ts'
import { keptShare, RETRIES } from '../../bench/scale/scenarios.ts'

const LIMITS = { reads: 55, writes: 35, minutes: 10, load: 0.8 }

describe('partitions of S3', () => {
  /** How many of so many calls, spread over a second, are taken. */
  const taken = (access: 'read' | 'write', calls: number, keyOf = (at: number) => `key ${at}`) => {
    const partitions = createPartitions(LIMITS)
    // What is saved up is gone.
    while (partitions.take('key', access, 0));
    let count = 0
    for (let at = 1; at <= calls; at++) {
      if (partitions.take(keyOf(at), access, at / calls)) count += 1
    }
    return count
  }

  test('take what is within the limit, and refuse what is beyond', () => {
    assert.equal(taken('read', 50), 50)
    assert.ok(Math.abs(taken('read', 500) - 55) <= 1)
    assert.ok(Math.abs(taken('write', 500) - 35) <= 1)
  })

  test('have limits of their own for reads and for writes', () => {
    const partitions = createPartitions(LIMITS)
    while (partitions.take('key', 'write', 0));
    assert.equal(partitions.take('key', 'read', 0), true)
  })

  /** After minutes with so many reads a second of each of the keys. */
  const loaded = (minutes: number, keys: readonly string[], rate: number) => {
    const partitions = createPartitions(LIMITS)
    for (let minute = 0; minute < minutes; minute++) {
      for (const key of keys) partitions.note(key, 'read', rate * 60)
      partitions.endMinute()
    }
    return partitions
  }
  const KEYS = Array.from({ length: 64 }, (_, at) => `key-${`${at}`.padStart(2, '0')}`)

  test('are split after sustained load alone', () => {
    assert.equal(loaded(9, KEYS, 2).count, 1)
    assert.equal(loaded(10, KEYS, 2).count, 2)
    assert.equal(loaded(100, KEYS, 0.5).count, 1)
  })

  test('are split in the middle of what is asked for, until each is below its limit', () => {
    const partitions = loaded(100, KEYS, 10)
    assert.ok(partitions.count >= 12 && partitions.count <= 32, `${partitions.count}`)
    const [, second = ''] = loaded(10, KEYS, 2).starts
    assert.ok(second > 'key-24' && second < 'key-40', second)
  })

  test('cannot be split below one key, which stays at the limit', () => {
    const partitions = createPartitions(LIMITS)
    const demand = [
      { key: 'a', access: 'read', rate: 1 },
      { key: 'hot', access: 'read', rate: 1000 },
      { key: 'z', access: 'read', rate: 1 },
    ] as const
    partitions.settle(demand, 300)
    assert.ok(partitions.count <= 3)
    let count = 0
    while (partitions.take('hot', 'read', 0)) count += 1
    assert.equal(count, 55)
  })

  test('do not share: one that is exhausted leaves the other alone', () => {
    const partitions = loaded(10, KEYS, 2)
    while (partitions.take('key-00', 'read', 1000));
    assert.equal(partitions.take('key-63', 'read', 1000), true)
  })
})

describe('a process', () => {
  const call = (key: string, remembered: Call['remembered']): Call => ({
    key,
    kind: 'something',
    access: 'read',
    remembered,
  })

  const open = (answers: (asked: number) => boolean = () => true) => {
    const events = createEvents()
    let asked = 0
    const world: World = {
      events,
      random: () => 0.5,
      retries: RETRIES,
      remembers: true,
      latency: () => 0.02,
      ask: () => {
        asked += 1
        return answers(asked)
      },
    }
    return { events, world, asked: () => asked }
  }

  test('asks for tags each time, for links again after seconds, for manifests once', () => {
    for (const [remembered, expected] of [
      ['never', 3],
      ['seconds', 2],
      ['always', 1],
    ] as const) {
      const { events, world, asked } = open()
      const instance = createInstance(world)
      for (const time of [0, 1, 7]) {
        events.after(time, () => instance.perform([call('key', remembered)], () => {}))
      }
      events.runUntil(10)
      assert.equal(asked(), expected, remembered)
    }
  })

  test('reads a tag for forty at once three times', () => {
    const { events, world, asked } = open()
    const instance = createInstance(world)
    let done = 0
    for (let at = 0; at < 40; at++) {
      instance.perform([call('tag', 'never')], () => {
        done += 1
      })
    }
    events.runUntil(1)
    assert.deepEqual([asked(), done], [3, 40])
  })

  test('repeats what is refused, six times in all, ever later', () => {
    const { events, world, asked } = open(() => false)
    let ended: number | undefined
    createInstance(world).perform([call('key', 'never')], () => {
      ended = events.now
    })
    events.runUntil(100)
    assert.equal(asked(), RETRIES.attempts)
    const waits = Array.from({ length: RETRIES.attempts - 1 }, (_, tried) =>
      Math.min(RETRIES.most, RETRIES.base * 2 ** tried),
    )
    const expected = 6 * 0.02 + waits.reduce((sum, wait) => sum + wait / 2, 0)
    assert.equal(ended?.toFixed(3), expected.toFixed(3))
  })

  test('in a Lambda function is for one request at a time, and there are only so many', () => {
    const { events, world } = open()
    const limits = { concurrency: 25, perTenSeconds: 10, requestsPerSecond: 1000 }
    const lambda = createLambda(limits, world, events, seeded(1), false)
    const enter = (times: number) =>
      Array.from({ length: times }, () => lambda.enter()).filter((place) => place !== undefined)
    const places = enter(20)
    assert.equal(places.length, 10)
    places[0]?.release()
    assert.equal(enter(1)[0]?.isNew, false)
    events.runUntil(10)
    assert.equal(enter(20).length, 10)
    events.runUntil(20)
    assert.equal(enter(20).length, 5)
  })
})

test('an edge asks once for each time that it keeps a response', () => {
  assert.equal(keptShare(0, 60), 0)
  // 13 caches, a request in a minute at each: every other one finds it.
  assert.equal(keptShare(13 / 60, 60).toFixed(6), '0.500000')
  assert.ok(keptShare(100_000, 60) > 0.999_99)
})

test('popularity: all alike, or by Zipf’s law', () => {
  assert.equal(uniform(4).share(3), 0.25)
  const { pick, share } = zipf(3)
  assert.equal((share(0) + share(1) + share(2)).toFixed(9), '1.000000000')
  const random = seeded(1)
  const picked = [0, 0, 0]
  for (let at = 0; at < 1100; at++) picked[pick(random)]! += 1
  assert.ok(Math.abs(picked[0]! - 600) < 60, `${picked}`)
})

test('keys of imagined images have the digests of their blobs in the places of the recorded ones', () => {
  const subject = { repository: 1, content: 1, tag: 'latest' }
  const data = keyFor('blobs/sha256/{spread 2}/data', subject, 3)
  const link = keyFor('repositories/{name}/_layers/sha256/{digest 2}/link', subject, 3)
  const [, two, hex] = /sha256\/(..)\/([0-9a-f]{64})\/data/.exec(data) ?? []
  assert.ok(hex?.startsWith(two ?? '-'))
  assert.ok(link.endsWith(`/${hex}/link`))
  assert.notEqual(data, keyFor('blobs/sha256/{spread 2}/data', subject, 4))
  assert.notEqual(data, keyFor('blobs/sha256/{spread 2}/data', { ...subject, content: 2 }, 3))
})

test('docs/scale.md has the table of the clean-up', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/scale.md'), 'utf8')
  assert.ok(page.includes(cleanUpTable()))
})

test('a day of hourly calls walks the links that docs/scale.md says', () => {
  const manifests = 1_200_000
  const stored = { repositories: 120_000, links: 60_000_000, manifests, data: 60_000_000 }
  const { invocations } = costOfRun(stored, 'unchanged')
  assert.ok(invocations >= 20 && invocations <= 24, `${invocations}`)
})
