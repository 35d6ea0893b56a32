/**
 * A clean-up that is called every hour by a host that remembers nothing: once a day, sooner where there is
 * something to go on with, and an error where there should have been one.
 *
 * @module
 */
import { expect, test } from 'vitest'
import type { AuditEvent } from '../../../functions/auth/audit.ts'
import { scheduledCleanUp } from '../../../functions/compose/aws/scheduled-clean-up.ts'
import { readAttempts } from '../../../functions/registry/clean-up/attempts.ts'
import { timesOf } from '../../../functions/registry/clean-up/terms.ts'
import { cleanUpKey, dataKey } from '../../../functions/registry/layout.ts'
import { NO_RULES } from '../../../functions/registry/retention/retention.ts'
import { begin } from '../../../functions/registry/whole/begin.ts'
import { StoreError } from '../../../functions/storage/errors.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { createModel } from '../../interleavings/model.ts'
import { blob } from '../../support/hosts/content.ts'
import { clientOf, expectStatus } from '../../support/rig/client.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { pushAtOnce, pushImage } from '../../support/rig/push.ts'

const HOUR = 60 * 60_000
const GARBAGE = blob('garbage', 100)
const NOTE = cleanUpKey('attempts')

type Line = readonly [level: string, fields: Record<string, unknown>, message: string]

/** A store with an image and garbage, and a function on it. */
const rig = async () => {
  const { store, clock } = createModel({ etags: 'content', conditionalDeletes: true })
  const send = await clientOf(store, { cleanUp: true })
  await pushImage(send, 'app', 'v1', [blob('kept', 200)])
  await pushAtOnce(send, 'app', GARBAGE)
  const lines: Line[] = []
  const audited: AuditEvent[] = []
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push([level, fields as Record<string, unknown>, message])
  const logger = { info: at('info'), warn: at('warn'), error: at('error') }
  const audit = (event: AuditEvent): void => void audited.push(event)
  const times = timesOf(48 * 60 * 60, 7)
  /** One call. @returns what it was: the message of its error, or the last line that it wrote, if any */
  const call = async (
    { isOver = () => false, now = false }: { isOver?: () => boolean; now?: boolean } = {},
    on: ObjectStore = store,
  ): Promise<string> => {
    lines.length = 0
    const invocation = { name: 'f', now, isOver, clock: () => clock.now }
    try {
      await scheduledCleanUp(on, { times, logger, audit }, invocation)
    } catch (error) {
      return `error: ${(error as Error).message}`
    }
    const [, fields, message] = lines.at(-1) ?? []
    return message === undefined ? 'nothing' : [message, fields?.outcome].filter(Boolean).join(', ')
  }
  /** A call for each hour, the first at once. */
  const hours = async (count: number, ...args: Parameters<typeof call>): Promise<string[]> => {
    const seen: string[] = []
    for (let hour = 0; hour < count; hour++) {
      seen.push(await call(...args))
      clock.now += HOUR
    }
    return seen
  }
  return { store, clock, send, audited, lines, call, hours }
}

const WAITS = 'no clean-up yet: all writers have to know of it'

test('it raises the fence, waits for it, and then cleans up once a day', async () => {
  const { store, hours, audited } = await rig()
  const seen = await hours(15 * 24)
  const ran = seen.flatMap((each, hour) => (each === 'nothing' ? [] : [[hour, each]]))
  const first = [
    [0, WAITS],
    [1, WAITS],
  ]
  const daily = Array.from({ length: 15 }, (_, day) => [2 + day * 24, 'clean-up, done'])
  expect(ran).toEqual([...first, ...daily])
  expect(await store.head(dataKey(GARBAGE.sha256))).toBeUndefined()
  expect(audited.map(({ event, who, what }) => [event, who, what])).toEqual([
    ['delete', 'clean-up', `app@${GARBAGE.sha256}`],
    ['delete', 'clean-up', GARBAGE.sha256],
  ])
})

test('between two, a call costs a write, a listing and a read', async () => {
  const { store, hours, call } = await rig()
  await hours(3)
  const calls: string[] = []
  const counted = intercept(store, async ({ operation }, proceed) => {
    calls.push(operation)
    return proceed()
  })
  expect(await call({}, counted)).toBe('nothing')
  expect(calls).toEqual(['put', 'list', 'get'])
})

test('one that is asked for is done at once', async () => {
  const { hours, call } = await rig()
  await hours(3)
  expect(await call()).toBe('nothing')
  expect(await call({ now: true })).toBe('clean-up, done')
})

test('what is stopped goes on at the next call; for three days that is no failure', async () => {
  const { send, hours, call } = await rig()
  // A call that is stopped at once comes as far as the next of them.
  for (let at = 0; at < 80; at++) await pushImage(send, `more/${at}`, 'v1', [])
  await hours(2)
  const isOver = () => true
  const seen = await hours(75, { isOver })
  expect(seen.slice(0, 73)).toEqual(Array(73).fill('clean-up, stopped'))
  expect(seen.slice(73)).toEqual(
    Array(2).fill(
      'error: the clean-up is stopped again and again, and has not come to an end for days',
    ),
  )
  expect(await call()).toBe('clean-up, done')
  expect(await call()).toBe('nothing')
})

test('what fails is tried again at the next call', async () => {
  const { store, hours, call } = await rig()
  await hours(2)
  const failing = intercept(store, async ({ operation }, proceed) => {
    if (operation === 'list') throw new StoreError('unavailable', 'no answer')
    return proceed()
  })
  expect(await hours(2, {}, failing)).toEqual(Array(2).fill('error: no answer'))
  expect(await hours(2)).toEqual(['clean-up, done', 'nothing'])
  expect(await call()).toBe('nothing')
})

test('one that died is tried again at the next call', async () => {
  const { store, hours } = await rig()
  await hours(2)
  const dead = new Error('out of memory')
  let died = false
  const dying = intercept(store, async ({ operation }, proceed) => {
    died ||= operation === 'list'
    if (died) throw dead
    return proceed()
  })
  expect(await hours(1, {}, dying)).toEqual(['error: out of memory'])
  expect(await hours(2)).toEqual(['clean-up, done', 'nothing'])
})

const MUCH = 'error: the clean-up would take 100 of 100 bytes'

test('one that is refused is not tried again before a day has passed; refused twice, each call says so', async () => {
  const { store, clock, hours, call } = await rig()
  await hours(3)
  // All that is needed is lost, but for what nothing needs.
  const { objects } = await store.list('docker/registry/v2/', { limit: 1000 })
  const kept = objects.filter(({ key }) => key !== dataKey(GARBAGE.sha256))
  await store.delete(kept.map(({ key }) => key))
  clock.now += 4 * 24 * HOUR
  const seen = await hours(50)
  const failed = seen.flatMap((each, hour) => (each === 'nothing' ? [] : [hour]))
  expect(new Set(seen)).toEqual(new Set([MUCH, 'nothing']))
  // The second, and all after it.
  expect(failed).toEqual([0, ...Array.from({ length: 26 }, (_, hour) => 24 + hour)])
  // Somebody has looked, and done it by hand.
  await store.delete([dataKey(GARBAGE.sha256)])
  expect(await call({ now: true })).toBe('clean-up, done')
  expect(await call()).toBe('nothing')
})

test('beside another one it ends, and that is no failure', async () => {
  const { store, hours, call } = await rig()
  await hours(2)
  await store.put(cleanUpKey('lease'), Buffer.from('{"began":"2030-01-01T00:00:00.000Z"}'))
  expect(await call()).toBe('no clean-up: another one goes on')
  expect(await readAttempts(store)).toMatchObject({ state: 'going', failures: 0 })
})

test.each([
  '',
  '{',
  '{"since":"yesterday","state":"done","failures":0}',
  '{"since":1,"state":"of a later version","failures":0}',
  'x'.repeat(10_000),
])('a note that cannot be used is as none: %#', async (text) => {
  const { store, hours, call } = await rig()
  await hours(3)
  await store.put(NOTE, Buffer.from(text))
  expect(await call()).toBe('clean-up, done')
  expect(await call()).toBe('nothing')
})

test('where it may not run, each call says so', async () => {
  const { store, hours } = await rig()
  const inexact = { ...store, deletesExactly: async () => false }
  await hours(2)
  const seen = await hours(3, {}, inexact)
  expect(new Set(seen)).toEqual(
    new Set([expect.stringMatching(/^error: this store cannot delete an object only if/)]),
  )
})

test('each call goes on with deletes of whole repositories, also between two clean-ups', async () => {
  const { store, clock, call, send, hours } = await rig()
  await hours(4)
  expect(await call()).toBe('nothing')
  await begin(store, 'app', { rules: async () => NO_RULES })
  clock.now += HOUR
  await expectStatus(200, send('GET /v2/app/manifests/v1'))
  expect(await call()).toBe('the delete of a whole repository goes on')
  await expectStatus(404, send('GET /v2/app/manifests/v1'))
  expect(await call()).toBe('nothing')
})
