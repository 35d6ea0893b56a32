/**
 * Events that wait or could not be delivered, and quotas, by the admin API.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { pageOfDead, resendDead } from '../../../functions/events/dead-letters.ts'
import { deadKey, endedKey, waitingKey } from '../../../functions/events/keys.ts'
import { shownDead } from '../../../functions/events/shown.ts'
import { readRecord, writeDead, writeRecord } from '../../../functions/events/stored.ts'
import { QUOTAS_KEY } from '../../../functions/registry/layout.ts'
import { jsonOf } from '../../access/rig.ts'
import { write } from '../../auth/harness.ts'
import { BEGIN, recordOf } from '../../events/records.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { json, openOffice, ROOT } from './office.ts'

const AT = '/api/v1/events'
const TIME = new Date(BEGIN).toISOString()

const open = async (t: Parameters<typeof openOffice>[0]) => {
  const office = await openOffice(t)
  const { store, send } = office
  const deliveryOf = ({ id }: { readonly id: string }, receiver = 'hooks') => ({
    receiver,
    at: String(BEGIN),
    lane: 'a'.repeat(12),
    id,
  })
  /** Has events be dead; their order is that of their ids. */
  const die = async (count: number) => {
    const records = Array.from({ length: count }, () => recordOf())
    for (const record of records) {
      const dead = { since: BEGIN + 1, why: '503', record }
      await writeDead(store, deadKey(deliveryOf(record)), dead)
    }
    return records.sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  const get = async (path: string) => send(`GET ${path}`, { as: ROOT })
  return { ...office, deliveryOf, die, get }
}

test('what waits is listed in pages', async (t) => {
  const { store, deliveryOf, get } = await open(t)
  const records = [recordOf(), recordOf()]
  for (const [at, record] of records.entries()) {
    await writeRecord(store, waitingKey(deliveryOf(record, `hooks${at}`)), record)
  }
  const first = await get(`${AT}/waiting?n=1`)
  expect(jsonOf(first)).toEqual({
    events: [{ receiver: 'hooks0', id: records[0]?.id, at: TIME }],
  })
  const next = first.headers.get('Link')?.match(/^<(.+)>; rel="next"$/)?.[1] ?? ''
  const second = await get(next)
  expect(jsonOf(second).events).toEqual([{ receiver: 'hooks1', id: records[1]?.id, at: TIME }])
  expect(second.headers.get('Link')).toBe(null)
  expect(jsonOf(await get(`${AT}/waiting?n=0`))).toEqual({ events: [] })
  expect((await get(`${AT}/waiting?last=${'x'.repeat(600)}`)).status).toBe(400)
})

test('what could not be delivered is listed, without what only the registry needs', async (t) => {
  const { store, deliveryOf, die, get } = await open(t)
  const [record] = await die(1)
  const damaged = recordOf()
  await store.put(deadKey(deliveryOf(damaged, 'other')), Buffer.from('{'))
  const { action, repository, target, actor, id } = record!
  const since = new Date(BEGIN + 1).toISOString()
  expect(jsonOf(await get(`${AT}/dead`))).toEqual({
    events: [
      {
        receiver: 'hooks',
        id,
        at: TIME,
        event: { since, why: '503', action, repository, target, actor },
      },
      { receiver: 'other', id: damaged.id, at: TIME },
    ],
  })
  await store.put(endedKey('hooks'), Buffer.of())
  expect(jsonOf(await get(`${AT}/ended`))).toEqual({ receivers: ['hooks'] })
})

test('what could not be delivered is listed without what it refers to, a few at a time', async (t) => {
  const { store, deliveryOf } = await open(t)
  const digest = `sha256:${'a'.repeat(64)}`
  const references = [{ mediaType: 'text/plain', digest, size: 1 }]
  for (let count = 0; count < 20; count++) {
    const made = recordOf()
    const record = {
      ...made,
      target: { ...made.target, references, artifactType: 'x'.repeat(1000) },
    }
    await writeDead(store, deadKey(deliveryOf(record)), { since: BEGIN, why: '503', record })
  }
  let [now, most] = [0, 0]
  const counted = intercept(store, async ({ operation }, proceed) => {
    if (operation !== 'get') return proceed()
    most = Math.max(most, ++now)
    return proceed().finally(() => now--)
  })
  const { letters } = await pageOfDead(counted, 100, undefined, shownDead)
  expect(letters.length).toBe(20)
  expect(most).toBeLessThan(10)
  for (const { event } of letters) expect(event?.target).not.toHaveProperty('references')
  expect(letters[0]?.event?.target?.artifactType).toHaveLength(255)
})

test('it is sent again by its id, or all of it', async (t) => {
  const { store, send, deliveryOf, die, get, events } = await open(t)
  const [one, two] = await die(2)
  const damaged = recordOf()
  await store.put(deadKey(deliveryOf(damaged)), Buffer.from('{'))
  const resend = async (body: unknown) => jsonOf(await send(`POST ${AT}/resend`, json(body)))
  expect(await resend({ ids: [one!.id, damaged.id, 'none'] })).toEqual({
    sent: 1,
    damaged: [damaged.id],
    missing: ['none'],
    more: false,
  })
  expect(await readRecord(store, waitingKey(deliveryOf(one!)))).toMatchObject({ value: one })
  expect(await resend({ all: true })).toMatchObject({ sent: 1, damaged: [damaged.id] })
  expect(jsonOf(await get(`${AT}/waiting`)).events.length).toBe(2)
  const left = jsonOf(await get(`${AT}/dead`)).events
  expect(left).toEqual([{ receiver: 'hooks', id: damaged.id, at: TIME }])
  expect(two).toBeDefined()
  expect(events().flatMap(({ event, what }) => (event === 'admin' ? [what] : []))).toEqual([
    'resend 1 events',
    'resend 1 events',
  ])
  for (const body of [{}, { ids: [] }, { all: false }, { all: true, ids: ['x'] }, { ids: [1] }]) {
    expect((await send(`POST ${AT}/resend`, json(body))).status).toBe(400)
  }
})

test('what one request leaves for the next is not missing', async (t) => {
  const { store, deliveryOf, die } = await open(t)
  const [one, two] = await die(2)
  const ids = [one!.id, two!.id, 'none']
  const missing = ['none']
  expect(await resendDead(store, ids, 1)).toMatchObject({ sent: 1, missing, more: true })
  expect(await readRecord(store, waitingKey(deliveryOf(two!)))).toBe(undefined)
  expect(await resendDead(store, ids.slice(1), 1)).toMatchObject({ sent: 1, missing, more: false })
})

test('quotas are listed with their limits and what is used', async (t) => {
  const { store, get } = await open(t)
  expect(jsonOf(await get('/api/v1/quotas'))).toEqual({ quotas: [] })
  const quotas = [
    { repositories: ['team/**'], soft: '1 kB', hard: '2 kB' },
    { repositories: ['**'] },
  ]
  await write(store, QUOTAS_KEY, JSON.stringify({ version: 1, quotas }))
  expect(jsonOf(await get('/api/v1/quotas')).quotas).toMatchObject([
    { repositories: 'team/**', soft: 1000, hard: 2000, used: 0 },
    { repositories: '**', used: 0 },
  ])
  await write(store, QUOTAS_KEY, '{')
  expect((await get('/api/v1/quotas')).status).toBe(409)
})
