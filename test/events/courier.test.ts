/**
 * Deliveries to one receiver: order, failures, and where they end.
 *
 * @module
 */

import { describe, expect, type TestContext, test } from 'vitest'
import { GIVE_UP } from '../../functions/events/courier.ts'
import { listDead, resend } from '../../functions/events/dead-letters.ts'
import { waitingKey, waitingPrefix } from '../../functions/events/keys.ts'
import type { EventRecord } from '../../functions/events/record.ts'
import { openFiles } from '../support/rig/stores.ts'
import { receiverOf } from './receiver.ts'
import { BEGIN, digestOf, record } from './records.ts'
import { createProcess, createTime, DELIVERED, FAILED, leftIn, type Respond } from './rig.ts'

const HOOKS = receiverOf({ name: 'hooks' })

/** Milliseconds that the machine may take for all of a test. */
const MARGIN = 60_000

const open = async (t: TestContext, respond: Respond) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const time = createTime()
  const process = createProcess(store, [HOOKS], respond, time.now)
  let at = BEGIN
  return {
    store,
    time,
    process,
    left: () => leftIn(store),
    /** Records pushes of these tags, one after the other. */
    async push(...tags: readonly string[]): Promise<string[]> {
      const ids: string[] = []
      for (const tag of tags) {
        const made = await record(store, { at: ++at, target: { digest: digestOf('a'), tag } })
        ids.push(made.id)
      }
      await process.fanOut()
      return ids
    },
    tags: () => process.sent.map(({ event: { target } }) => target?.tag),
  }
}

const tagOf = ({ target }: EventRecord): string => target?.tag ?? ''

test('events of a tag come one after the other, those of several tags together', async (t) => {
  const under = new Map<string, number>()
  let [most, together] = [0, 0]
  const full = Promise.withResolvers<void>()
  const { process, push } = await open(t, async ({ event }) => {
    const tag = tagOf(event)
    under.set(tag, (under.get(tag) ?? 0) + 1)
    most = Math.max(most, under.get(tag)!)
    together = Math.max(
      together,
      [...under.values()].reduce((sum, each) => sum + each),
    )
    // Nobody is done before there are as many as there can be.
    if (together === 8) full.resolve()
    await full.promise
    await new Promise((resolve) => setTimeout(resolve, 2))
    under.set(tag, under.get(tag)! - 1)
    return DELIVERED
  })
  const tags = Array.from({ length: 40 }, (_, at) => `v${at % 20}`)
  const ids = await push(...tags)
  await process.run()
  expect(process.ids().toSorted()).toEqual(ids.toSorted())
  expect(most).toBe(1)
  expect(together).toBe(8)
  for (const tag of new Set(tags)) {
    const own = process.sent.filter(({ event }) => tagOf(event) === tag)
    expect(own.map(({ event: { id } }) => id)).toEqual(ids.filter((_, at) => tags[at] === tag))
  }
})

test('a tag whose event fails waits, others do not', async (t) => {
  let broken = true
  const { process, push, time, tags, left } = await open(t, ({ event }) =>
    broken && tagOf(event) === 'bad' ? FAILED : DELIVERED,
  )
  await push('bad', 'bad', 'good')
  const wait = await process.round()
  expect(tags().toSorted()).toEqual(['bad', 'good'])
  expect(wait).toBeGreaterThan(0)
  expect(wait).toBeLessThanOrEqual(1_000)
  await push('good')
  await process.round()
  expect(tags().filter((tag) => tag === 'good')).toHaveLength(2)
  broken = false
  time.pass(1_001)
  await process.run()
  expect(tags().filter((tag) => tag === 'bad')).toHaveLength(3)
  expect(await left()).toEqual({})
})

test('after a failure, what comes much later of its tag waits, too', async (t) => {
  let broken = true
  const { process, push, time } = await open(t, ({ event }) => {
    // So long that the tag is due again before the round comes to its second event.
    time.pass(20)
    if (tagOf(event) !== 'bad' || !broken) return DELIVERED
    broken = false
    return FAILED
  })
  const others = Array.from({ length: 110 }, (_, at) => `v${at}`)
  const ids = await push('bad', ...others, 'bad')
  await process.round()
  time.pass(2_000)
  await process.run()
  const own = process.sent.filter(({ event }) => tagOf(event) === 'bad')
  expect(own.map(({ event: { id } }) => id)).toEqual([ids[0], ids[0], ids[111]])
})

test('a tag that lets others go first goes on where it was', async (t) => {
  const { process, push, time } = await open(t, () => {
    time.pass(600)
    return DELIVERED
  })
  const ids = await push(...Array.from({ length: 130 }, () => 'v1'))
  // There is more to do, at once.
  expect(await process.round()).toBe(0)
  await process.run()
  expect(process.ids()).toEqual(ids)
})

test('what another process has delivered of a tag that failed is not waited for', async (t) => {
  const { process, push, store, time } = await open(t, ({ event }) =>
    tagOf(event) === 'good' ? DELIVERED : FAILED,
  )
  const [first] = await push('v1', 'v2', 'good')
  await process.round()
  const { objects } = await store.list(waitingPrefix('hooks'))
  await store.delete(objects.map(({ key }) => key).filter((key) => key.endsWith(first!)))
  time.pass(2_000)
  await push('good')
  await process.round()
  time.pass(1)
  expect(await process.round()).toBeGreaterThan(500)
})

test('a receiver that is away is asked by one request at a time, less and less often', async (t) => {
  let away = true
  const { process, push, time } = await open(t, () => (away ? FAILED : DELIVERED))
  const ids = await push(...Array.from({ length: 50 }, (_, at) => `v${at}`))
  const asked: number[] = []
  const waits: number[] = []
  for (let round = 0; round < 12; round++) {
    const before = process.sent.length
    const wait = (await process.round()) ?? 0
    asked.push(process.sent.length - before)
    waits.push(wait)
    time.pass(wait + 1)
  }
  // Some more begin before the third of the first eight has failed.
  expect(asked[0]).toBeLessThan(17)
  expect(asked.slice(1).every((each) => each === 1)).toBe(true)
  expect(waits.at(-1)).toBeGreaterThan(250_000)
  away = false
  time.pass(600_000)
  await process.run()
  expect(new Set(process.ids())).toEqual(new Set(ids))
})

test('several broken tags do not make a receiver away for the rest', async (t) => {
  const { process, push, time, tags } = await open(t, ({ event }) =>
    tagOf(event).startsWith('bad') ? FAILED : DELIVERED,
  )
  await push('bad1', 'bad2', 'bad3', 'bad4', 'bad5')
  for (let round = 0; round < 6; round++) time.pass((await process.round()) ?? 0)
  await push('good')
  time.pass(600_000)
  await process.round()
  expect(tags()).toContain('good')
})

test('Retry-After holds all of it back', async (t) => {
  const { process, push, time } = await open(t, () => ({ ...FAILED, after: 90_000 }))
  await push('v1', 'v2')
  const wait = await process.round()
  expect(wait).toBeGreaterThan(80_000)
  const { length } = process.sent
  time.pass(60_000)
  await process.round()
  expect(process.sent).toHaveLength(length)
  time.pass(60_000)
  await process.round()
  expect(process.sent.length).toBeGreaterThan(length)
})

describe('an event is dead', () => {
  const deadOf = async (store: Parameters<typeof listDead>[0]) => {
    const dead: string[] = []
    for await (const { event } of listDead(store)) dead.push(`${event?.record.id} ${event?.why}`)
    return dead
  }

  test('that is refused, and the next goes on', async (t) => {
    const { store, process, push, left } = await open(t, ({ event }) =>
      event.at === BEGIN + 1 ? { kind: 'refused', why: 'responded 400' } : DELIVERED,
    )
    const [first] = await push('v1', 'v1')
    await process.run()
    expect(process.sent).toHaveLength(2)
    expect(await deadOf(store)).toEqual([`${first} responded 400`])
    expect(await left()).toEqual({ dead: 1 })
    expect(process.reported.map(({ what }) => what)).toEqual(['dead'])
  })

  test('that has failed for a day, and can be sent again', async (t) => {
    let works = false
    const { store, process, push, time, left } = await open(t, () => (works ? DELIVERED : FAILED))
    const begun = time.now()
    const [id] = await push('v1')
    for (;;) {
      const wait = (await process.round())!
      // However slow this is: the clock goes on meanwhile.
      if (time.now() + wait > begun + GIVE_UP - MARGIN) break
      time.pass(wait + 1)
    }
    expect(await left()).toEqual({ waiting: 1 })
    time.pass(GIVE_UP)
    await process.round()
    expect(await deadOf(store)).toEqual([`${id} responded 503`])
    works = true
    for await (const { delivery, event } of listDead(store)) await resend(store, delivery, event!)
    time.pass(600_000)
    const { length } = process.sent
    await process.run()
    expect(process.ids().slice(length)).toEqual([id])
    expect(await left()).toEqual({})
  })

  test('that cannot be read', async (t) => {
    const { store, process, left } = await open(t, () => DELIVERED)
    const id = '3f0e8a52-7f5f-4d27-9a8e-0b1c2d3e4f50'
    const delivery = { receiver: 'hooks', at: String(BEGIN), lane: 'a'.repeat(12), id }
    await store.put(waitingKey(delivery), Buffer.from('{'))
    await process.run()
    expect(await left()).toEqual({ dead: 1 })
    expect(process.reported).toMatchObject([{ what: 'damaged', id }])
  })

  test('with all that waits, once the receiver has ended', async (t) => {
    const { store, process, push, left } = await open(t, () => ({
      kind: 'gone',
      why: 'responded 410',
    }))
    const tags = Array.from({ length: 20 }, () => 'v1')
    const ids = await push(...tags)
    await process.run()
    expect(process.sent).toHaveLength(1)
    expect(await left()).toEqual({ dead: 20, ended: 1 })
    expect((await deadOf(store)).map((each) => each.split(' ')[0])).toEqual(ids)
    expect(process.reported.filter(({ what }) => what === 'ended')).toHaveLength(1)
  })
})
