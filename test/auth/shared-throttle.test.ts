/**
 * Failed log-ins that all instances over a store count.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { AccessError } from '../../functions/auth/errors.ts'
import { expireFailures, FAILURE_LIFE } from '../../functions/auth/throttle/expire.ts'
import { createThrottle } from '../../functions/auth/throttle/failures.ts'
import { formatRecord, MAX_RECORD, placeOf } from '../../functions/auth/throttle/record.ts'
import { createSharedThrottle } from '../../functions/auth/throttle/shared.ts'
import type { Attempt, Throttle } from '../../functions/auth/throttle/throttle.ts'
import { FAILED_LOG_INS_PREFIX } from '../../functions/registry/layout.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { StoreError } from '../../functions/storage/errors.ts'
import { listPages } from '../../functions/storage/pages.ts'
import type { ObjectStore, PutOptions } from '../../functions/storage/store.ts'
import { type Around, intercept } from '../support/rig/intercept.ts'
import { openFiles, STORES } from '../support/rig/stores.ts'
import { createClock } from './harness.ts'

const HERE = '192.0.2.1'
const THERE = '192.0.2.2'
const MINUTE = 60_000

const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** Begins a log-in. @returns it, or the seconds to wait */
const begin = async (throttle: Throttle, account: string, address: string) => {
  try {
    return await throttle.attempt(account, address)
  } catch (error) {
    if (!(error instanceof AccessError)) throw error
    expect(error.code).toBe('TOOMANYREQUESTS')
    return error.retryAfter ?? 0
  }
}

/** Fails. @returns the seconds to wait instead, or 0 */
const fail = async (throttle: Throttle, account: string, address: string): Promise<number> => {
  const attempt = await begin(throttle, account, address)
  if (typeof attempt === 'number') return attempt
  await attempt.failed()
  return 0
}

/** Instances over one store, each with an empty memory. */
const rig = (store: ObjectStore) => {
  const clock = createClock()
  const reported: unknown[] = []
  const instance = (over: ObjectStore = store): Throttle =>
    createSharedThrottle({
      store: over,
      memory: createThrottle(clock.now),
      now: clock.now,
      report: (error) => reported.push(error),
    })
  /** Each at another instance. @returns the waits */
  const failAnew = async (count: number, account = 'alice', address = HERE): Promise<number[]> => {
    const waits: number[] = []
    for (const _ of times(count)) waits.push(await fail(instance(), account, address))
    return waits
  }
  return { clock, reported, instance, failAnew }
}

const files = async (t: { onTestFinished(end: () => Promise<void>): void }) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  return store
}

const written = async (store: ObjectStore) => {
  const objects = []
  for await (const page of listPages(store, FAILED_LOG_INS_PREFIX)) objects.push(...page)
  return objects
}

describe.each(STORES)('over %s', (_, open) => {
  test('five failures are free to all instances together; then the wait doubles', async (t) => {
    const { store, close } = await open()
    t.onTestFinished(close)
    const { clock, failAnew } = rig(store)
    expect(await failAnew(6)).toEqual([0, 0, 0, 0, 0, 0])
    const waits: number[] = []
    for (const _ of times(8)) {
      const [wait = 0] = await failAnew(1)
      waits.push(wait)
      clock.pass(wait * 1000)
      expect(await failAnew(1), 'let through after the wait').toEqual([0])
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
  })

  test('guesses at the same moment, each at another instance, are all counted', async (t) => {
    const { store, close } = await open()
    t.onTestFinished(close)
    const { instance, failAnew } = rig(store)
    const attempts = await Promise.all(times(20).map(() => begin(instance(), 'alice', HERE)))
    await Promise.all(attempts.map((attempt) => (attempt as Attempt).failed()))
    // More than the six that are let through, or the wait would be a second at most.
    expect((await failAnew(1))[0]).toBeGreaterThan(1)
  })
})

test('others are not slowed, and a right password ends the wait at its address alone', async (t) => {
  const { instance, failAnew, clock } = rig(await files(t))
  await failAnew(6)
  await failAnew(6, 'alice', THERE)
  expect(await failAnew(1)).toEqual([1])
  expect(await failAnew(1, 'bob')).toEqual([0])
  expect(await failAnew(1, 'alice', '192.0.2.3')).toEqual([0])
  clock.pass(1000)
  const right = (await begin(instance(), 'alice', HERE)) as Attempt
  await right.succeeded()
  expect(await failAnew(6), 'here').toEqual([0, 0, 0, 0, 0, 0])
  expect(await failAnew(1, 'alice', THERE), 'there').toEqual([0])
  expect(await failAnew(1, 'alice', THERE), 'there').toEqual([2])
})

test('moving from account to account is slowed, but not who has logged in there since', async (t) => {
  const { instance, clock, failAnew } = rig(await files(t))
  const waits = []
  for (const index of times(110)) waits.push(await fail(instance(), `nobody-${index}`, HERE))
  expect(waits.filter((wait) => wait === 0)).toHaveLength(101)
  expect(await failAnew(1, 'carol')).toEqual([1])
  clock.pass(1000)
  await ((await begin(instance(), 'carol', HERE)) as Attempt).succeeded()
  for (const index of times(50)) {
    clock.pass(2000)
    await fail(instance(), `other-${index}`, HERE)
  }
  expect((await failAnew(1, 'dave'))[0]).toBeGreaterThan(0)
  expect(await failAnew(1, 'carol')).toEqual([0])
  clock.pass(24 * 60 * MINUTE)
  for (const index of times(110)) await fail(instance(), `later-${index}`, HERE)
  expect((await failAnew(1, 'carol'))[0], 'for a day').toBeGreaterThan(0)
})

test('what is refused or was not compared counts nothing', async (t) => {
  const store = await files(t)
  const { instance, clock, failAnew } = rig(store)
  await failAnew(6)
  const [before] = await written(store)
  for (const _ of times(30)) expect(await failAnew(1)).toEqual([1])
  expect(await written(store)).toEqual([before])
  clock.pass(1000)
  const attempt = (await begin(instance(), 'alice', HERE)) as Attempt
  attempt.withdrawn()
  expect(await written(store)).toEqual([before])
})

describe('what is kept', () => {
  test('names neither accounts nor addresses, and whether an account exists changes nothing', async (t) => {
    const store = await files(t)
    await rig(store).failAnew(3, 'alice-of-sales', '198.51.100.77')
    const key = (await written(store))[0]!.key
    const object = await store.get(key)
    const text = (await readAll(object!.body, MAX_RECORD)).toString()
    expect(`${key} ${text}`).not.toMatch(/alice|sales|198\.51|77/)
  })

  test('is one object for any number of names, and one of 4096 for any number of addresses', async (t) => {
    const store = await files(t)
    const { instance, failAnew } = rig(store)
    const throttle = instance()
    for (const index of times(100)) await fail(throttle, `name ${index}`, HERE)
    expect(await written(store)).toHaveLength(1)
    await failAnew(1, 'a'.repeat(100_000), HERE)
    for (const index of times(200)) {
      expect(placeOf('alice', `2001:db8:0:${index}::1`).key).toMatch(
        /^slipway\/v1\/failed-log-ins\/[0-9a-f]{3}$/,
      )
    }
    for (const { size } of await written(store)) expect(size).toBeLessThan(MAX_RECORD)
  })

  test('is bounded, and keeps who failed most', () => {
    const now = Date.UTC(2030, 0, 1)
    const many = new Map(
      times(10_000).map((index) => [
        placeOf(`${index}`, HERE).account,
        { count: index === 77 ? 6 : 5, last: now - index },
      ]),
    )
    const bytes = formatRecord(
      { accounts: many, addresses: many, known: new Map([...many.keys()].map((id) => [id, now])) },
      now,
    )
    expect(bytes.byteLength).toBeLessThan(MAX_RECORD / 2)
    expect(new TextDecoder().decode(bytes)).toContain(placeOf('77', HERE).account)
  })

  test('is forgiven after a while, and gone after a day', async (t) => {
    const store = await files(t)
    const { clock, failAnew } = rig(store)
    await failAnew(6)
    expect(await failAnew(1)).toEqual([1])
    clock.pass(60 * MINUTE)
    expect(await failAnew(6)).toEqual([0, 0, 0, 0, 0, 0])
    const { modified } = (await written(store))[0]!
    expect(await expireFailures(store, modified.getTime() + FAILURE_LIFE - 1)).toBe(0)
    expect(await expireFailures(store, modified.getTime() + FAILURE_LIFE + 1)).toBe(1)
    expect(await written(store)).toEqual([])
  })

  for (const [what, text] of [
    ['damaged', '{"accounts":{"x":[1'],
    ['of another version', '{"version":7}'],
    ['too large', `{"accounts":{},"addresses":{},"known":{}}${' '.repeat(2 * MAX_RECORD)}`],
    ['empty', ''],
  ] as const) {
    test(`is replaced where it is ${what}`, async (t) => {
      const store = await files(t)
      const { failAnew, reported } = rig(store)
      await store.put(placeOf('alice', HERE).key, Buffer.from(text))
      expect(await failAnew(7)).toEqual([0, 0, 0, 0, 0, 0, 1])
      expect(reported).toEqual([])
    })
  }

  test('is not believed where its times are in the future', async (t) => {
    const store = await files(t)
    const { clock, failAnew } = rig(store)
    clock.pass(60 * MINUTE)
    await failAnew(12)
    clock.pass(-60 * MINUTE)
    const [wait = 0] = await failAnew(1)
    expect(wait).toBeLessThanOrEqual(60)
  })
})

/** Fails some calls of a store. */
const broken = (
  store: ObjectStore,
  fails: (operation: string, options?: PutOptions) => boolean,
  error: Error = new StoreError('unavailable', 'NotImplemented'),
): ObjectStore => {
  const around: Around = async ({ operation, args }, proceed) => {
    if (fails(operation, args[2] as PutOptions)) throw error
    return proceed()
  }
  return intercept(store, around)
}

describe('a store', () => {
  for (const error of [
    new StoreError('unavailable', 'NotImplemented'),
    new Error('InvalidArgument'),
  ]) {
    test(`that refuses conditions with ${error.message} is written without`, async (t) => {
      const store = broken(
        await files(t),
        (operation, options) => operation === 'put' && options?.condition !== undefined,
        error,
      )
      const { failAnew, reported } = rig(store)
      expect(await failAnew(7)).toEqual([0, 0, 0, 0, 0, 0, 1])
      expect(reported).toEqual([])
    })
  }

  for (const failing of ['get', 'put']) {
    test(`that fails at ${failing} stops no log-ins; each instance counts, and says so`, async (t) => {
      const store = broken(await files(t), (operation) => operation === failing)
      const { instance, failAnew, reported } = rig(store)
      expect(await failAnew(8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
      expect(reported).toHaveLength(8)
      const one = instance()
      const waits = []
      for (const _ of times(8)) waits.push(await fail(one, 'alice', HERE))
      expect(waits).toEqual([0, 0, 0, 0, 0, 0, 1, 1])
      await ((await begin(instance(), 'alice', THERE)) as Attempt).succeeded()
    })
  }
})
