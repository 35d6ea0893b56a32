/**
 * The record of pulls: how often it is written, what it says, and what becomes of it.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import {
  manifestIn,
  PULLED_PREFIX,
  PULLS_SINCE_KEY,
  pulledKey,
} from '../../../functions/registry/layout.ts'
import { createPullReader } from '../../../functions/registry/pulls/read.ts'
import { pullsSince, recordPulls, sayRecorded } from '../../../functions/registry/pulls/record.ts'
import { createPullRecorder } from '../../../functions/registry/pulls/recorder.ts'
import { createSeenPulls } from '../../../functions/registry/pulls/seen.ts'
import { StoreError } from '../../../functions/storage/errors.ts'
import { createModel } from '../../interleavings/model.ts'
import { intercept } from '../../support/rig/intercept.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

const digestOf = (number: number): string => `sha256:${String(number).padStart(64, '0')}`
const [ONE, TWO] = [digestOf(1), digestOf(2)]

/** A store with a clock, that counts and may fail. */
const open = () => {
  const { store: model, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  const calls: string[] = []
  const failing = new Set<string>()
  const store = intercept(model, async ({ operation, args }, proceed) => {
    calls.push(operation)
    if (failing.has(`${operation} ${args[0]}`)) throw new StoreError('unavailable', 'down')
    return proceed()
  })
  return {
    store,
    clock,
    failing,
    recorder: (most?: number) => createPullRecorder(() => clock.now, most),
    /** What was called since the last time. */
    called: () => calls.splice(0),
    hours: (count: number): void => {
      clock.now += count * HOUR
    },
    read: (name: string) => createPullReader(store, clock.now)(name),
  }
}

test('a key says repository and digest, also of repositories below others', () => {
  for (const [name, digest] of [
    ['a', ONE],
    ['a/b', TWO],
    ['since', `sha512:${'0'.repeat(128)}`],
  ] as const) {
    expect(manifestIn(PULLED_PREFIX, pulledKey(name, digest))).toEqual({ name, digest })
  }
  expect(manifestIn(PULLED_PREFIX, PULLS_SINCE_KEY)).toBeUndefined()
})

describe('a server', () => {
  test('writes nothing where nothing was pulled, but since when it records', async () => {
    const { store, clock, recorder, called, hours } = open()
    const { write } = recorder()
    await write(store)
    expect(called()).toEqual(['get', 'put'])
    hours(5)
    await write(store)
    expect(called()).toEqual([])
    hours(1)
    await write(store)
    expect(called()).toEqual(['get', 'put'])
    expect(await pullsSince(store, clock.now)).toBe(clock.now - 6 * HOUR)
  })

  test('writes a manifest at most once in 23 hours, however often it is pulled', async () => {
    const { store, recorder, called, hours, clock, read } = open()
    const { pulled, write } = recorder()
    await write(store)
    called()
    const began = clock.now
    const writes: number[] = []
    for (let minute = 0; minute < 50 * 60; minute += 10) {
      clock.now = began + minute * 60_000
      pulled('app', ONE)
      await write(store)
      if (called().filter((each) => each === 'put').length > 0) writes.push(minute / 60)
    }
    // Every six hours since when it records, and the pulls.
    expect(writes).toEqual([0, 6, 12, 18, 23, 24, 30, 36, 42, 46, 48])
    hours(1)
    expect((await read('app')).last.get(ONE)).toBe(clock.now)
  })

  test('does not write what another server has written', async () => {
    const { store, recorder, called, hours } = open()
    const [first, second] = [recorder(), recorder()]
    first.pulled('app', ONE)
    await first.write(store)
    hours(22)
    second.pulled('app', ONE)
    called()
    await second.write(store)
    expect(called()).toEqual(['head', 'get', 'put'])
    // It knows when the other one has: an hour later it writes.
    hours(1)
    second.pulled('app', ONE)
    await second.write(store)
    expect(called()).toEqual(['head', 'put'])
  })

  test('keeps what could not be written, and does not say that all is', async () => {
    const { store, clock, recorder, failing, read } = open()
    const { pulled, write } = recorder()
    pulled('app', ONE)
    pulled('app', TWO)
    failing.add(`put ${pulledKey('app', TWO)}`)
    await expect(write(store)).rejects.toThrow('down')
    expect(await pullsSince(store, clock.now)).toBeUndefined()
    failing.clear()
    await write(store)
    expect([...(await read('app')).last.keys()]).toEqual([ONE, TWO])
  })

  test('has bounds: beyond, a manifest is recorded when it is pulled again', async () => {
    const { store, recorder, read } = open()
    const { pulled, write } = recorder(10)
    for (let at = 0; at < 1000; at++) pulled('app', digestOf(at))
    await write(store)
    expect((await read('app')).last.size).toBe(10)
    pulled('app', digestOf(999))
    await write(store)
    expect((await read('app')).last.size).toBe(11)
  })
})

test('of many manifests, the ones that were pulled last are remembered', () => {
  const seen = createSeenPulls(() => 0, 3)
  for (const at of [1, 2, 3, 1, 4]) seen.add('app', digestOf(at), 1)
  expect([1, 2, 3, 4].map((at) => seen.has('app', digestOf(at)))).toEqual([true, false, true, true])
})

describe('what is read', () => {
  test('of one repository alone', async () => {
    const { store, clock, read } = open()
    await sayRecorded(store, clock.now)
    await recordPulls(
      store,
      [
        { repository: 'a', digest: ONE },
        { repository: 'a/b', digest: TWO },
      ],
      clock.now,
    )
    expect([...(await read('a')).last.keys()]).toEqual([ONE])
    expect([...(await read('a/b')).last.keys()]).toEqual([TWO])
    expect((await read('b')).last.size).toBe(0)
  })

  test('the last pull is a day later than its record at most, and not in the future', async () => {
    const { store, clock, hours, read } = open()
    await sayRecorded(store, clock.now)
    const at = clock.now
    await recordPulls(store, [{ repository: 'a', digest: ONE }], at)
    hours(1)
    expect((await read('a')).last.get(ONE)).toBe(at + HOUR)
    hours(47)
    expect((await read('a')).last.get(ONE)).toBe(at + DAY)
  })

  test('nothing but whether pulls are recorded, where they are not', async () => {
    const { store, clock, called } = open()
    const readPulls = createPullReader(store, clock.now)
    for (const name of ['a', 'b']) {
      expect(await readPulls(name)).toEqual({ since: undefined, last: new Map() })
    }
    expect(called()).toEqual(['get'])
  })
})

describe('since when pulls are recorded', () => {
  for (const [title, silent, since] of [
    ['a gap of three days is none', 72, 'the first'],
    ['after a longer one it begins anew', 72.1, 'the second'],
  ] as const) {
    test(title, async () => {
      const { store, clock, hours } = open()
      const first = clock.now
      await sayRecorded(store, clock.now)
      hours(silent)
      expect(await pullsSince(store, clock.now)).toBe(since === 'the first' ? first : undefined)
      await sayRecorded(store, clock.now)
      expect(await pullsSince(store, clock.now)).toBe(since === 'the first' ? first : clock.now)
    })
  }

  for (const [title, body] of [
    ['damaged', 'x'],
    ['too long', `{"since":"${'0'.repeat(2000)}`],
    ['of another form', '{"since":1,"until":2}'],
  ] as const) {
    test(`what is ${title} counts as unknown, and is written anew`, async () => {
      const { store, clock } = open()
      await store.put(PULLS_SINCE_KEY, Buffer.from(body))
      expect(await pullsSince(store, clock.now)).toBeUndefined()
      await sayRecorded(store, clock.now)
      expect(await pullsSince(store, clock.now)).toBe(clock.now)
    })
  }

  test('of two that say so at once one does, and neither fails', async () => {
    const { store, clock } = open()
    await Promise.all([sayRecorded(store, clock.now), sayRecorded(store, clock.now)])
    expect(await pullsSince(store, clock.now)).toBe(clock.now)
  })

  test('a clock that is behind takes nothing back', async () => {
    const { store, clock } = open()
    await sayRecorded(store, clock.now)
    await sayRecorded(store, clock.now - HOUR)
    expect(await pullsSince(store, clock.now + 72 * HOUR)).toBe(clock.now)
  })
})
