/**
 * `slipway events`.
 *
 * @module
 */

import { describe, expect, type TestContext, test } from 'vitest'
import { readDocument } from '../../functions/auth/document.ts'
import { CommandError, UsageError } from '../../functions/cli/errors.ts'
import { listWaiting } from '../../functions/events/dead-letters.ts'
import { deadKey, endedKey, waitingKey } from '../../functions/events/keys.ts'
import { readRecord, writeDead, writeRecord } from '../../functions/events/stored.ts'
import { EVENT_RECEIVERS_KEY } from '../../functions/registry/layout.ts'
import { BEGIN, recordOf } from '../events/records.ts'
import { openFiles } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'

const GOOD = 'version: 1\nreceivers:\n  - { name: hooks, url: https://hooks.example } # mine\n'
const LANE = 'a'.repeat(12)

const open = async (t: TestContext) => {
  const desk = await openDesk(t, openFiles)
  desk.files.good = GOOD
  desk.files.bad = GOOD.replace('https', 'ftp')
  const { store, give } = desk
  const deliveryOf = ({ id }: { readonly id: string }) => {
    return { receiver: 'hooks', at: String(BEGIN), lane: LANE, id }
  }
  /** Has an event be dead. */
  const die = async () => {
    const record = recordOf()
    const dead = { since: BEGIN + 1, why: '503', record }
    await writeDead(store, deadKey(deliveryOf(record)), dead)
    return record
  }
  return { desk, store, give, die, deliveryOf, said: () => desk.said.join('\n') }
}

describe('the document', () => {
  test('is checked, set and shown', async (t) => {
    const { desk, store, give, said } = await open(t)
    await expect(give('events show')).rejects.toThrow('no receivers are set')
    await give('events check good')
    expect(said()).toContain('The document is valid and has 1 receiver.')
    expect(await readDocument(store, EVENT_RECEIVERS_KEY)).toBeUndefined()
    await give('events set good --by bob')
    expect(said()).toContain('It is set.')
    await give('events set good')
    expect(said()).toContain('It was set already.')
    for (const verb of ['check', 'set']) {
      await expect(give(`events ${verb} bad`)).rejects.toThrow(
        /line 3, .*expected an http or https/,
      )
    }
    expect(await give('events show')).toEqual([GOOD.trimEnd()])
    expect((await give('changes'))[0]).toMatch(/event-receivers\tbob$/)
    expect(desk.code).toBe(0)
  })

  test('set again, has those that ended be sent events', async (t) => {
    const { store, give, said } = await open(t)
    for (const name of ['hooks', 'other']) await store.put(endedKey(name), Buffer.of())
    await give('events list')
    expect(said()).toMatch(/hooks has ended.*\nother has ended/)
    await give('events set good')
    expect(said()).toContain('hooks had ended (410): it is sent events again.')
    await give('events list')
    expect(said()).toMatch(/^other has ended/)
  })
})

describe('what was not delivered', () => {
  test('is listed', async (t) => {
    const { store, give, die, deliveryOf, said } = await open(t)
    expect(await give('events list')).toEqual([])
    expect(said()).toContain('Nothing waits, and all was delivered.')
    const record = await die()
    const damaged = recordOf()
    await store.put(deadKey(deliveryOf(damaged)), Buffer.from('{'))
    const waiting = recordOf()
    await writeRecord(store, waitingKey(deliveryOf(waiting)), waiting)
    const time = '2025-01-01T00:00:00.000Z'
    expect((await give('events list')).toSorted()).toEqual(
      [
        `${record.id}\thooks\t${time}\tpush team/app:v1\t503`,
        `${damaged.id}\thooks\t${time}\tdamaged`,
      ].toSorted(),
    )
    expect(said()).toBe('1 event for hooks waiting.')
    const json = (await give('events list --json')).map((line) => JSON.parse(line))
    const { action, repository, target, actor } = record
    expect(json).toContainEqual({
      state: 'dead',
      receiver: 'hooks',
      id: record.id,
      at: time,
      event: {
        since: '2025-01-01T00:00:00.001Z',
        ...{ why: '503', action, repository, target, actor },
      },
    })
    expect(json).toContainEqual({ state: 'waiting', receiver: 'hooks', id: waiting.id, at: time })
  })

  test.for([false, true])('is sent again, all: %s', async (all, t) => {
    const { store, give, die, deliveryOf, said } = await open(t)
    const [first, second] = [await die(), await die()]
    await give(all ? 'events resend --all' : `events resend ${first.id}`)
    expect(said()).toBe(`${all ? '2 events' : '1 event'} to be sent again.`)
    const waiting: string[] = []
    for await (const { id } of listWaiting(store)) waiting.push(id)
    expect(waiting.toSorted()).toEqual((all ? [first.id, second.id] : [first.id]).toSorted())
    expect(await readRecord(store, waitingKey(deliveryOf(first)))).toMatchObject({ value: first })
    expect(await store.head(deadKey(deliveryOf(first)))).toBeUndefined()
  })

  test('is sent again by its id, or all of it', async (t) => {
    const { give, die } = await open(t)
    await die()
    await expect(give('events resend')).rejects.toThrow(UsageError)
    await expect(give('events resend x --all')).rejects.toThrow(UsageError)
    await expect(give('events resend x')).rejects.toThrow(CommandError)
  })
})

test('what a receiver says does nothing to the terminal', async (t) => {
  const { give, store, deliveryOf } = await open(t)
  const record = recordOf()
  const why = 'no\u001b[2J\u009b\u0007'
  await writeDead(store, deadKey(deliveryOf(record)), { since: BEGIN, why, record })
  const [line] = await give('events list')
  expect(line).toMatch(/\tno\P{Cc}\[2J\P{Cc}{2}$/u)
})
