/**
 * Repositories, their bytes and their deletes, by the admin API.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { deletionKey, QUOTAS_KEY } from '../../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { USAGE_KEY, usagePartKey } from '../../../functions/registry/usage/document.ts'
import { IMAGE } from '../../access/endpoints.ts'
import { jsonOf } from '../../access/rig.ts'
import { write } from '../../auth/harness.ts'
import { imageOf } from '../../support/hosts/content.ts'
import { codeOf } from '../../support/rig/client.ts'
import { eventsIn } from '../../support/rig/recorded.ts'
import { DEV, json, LEAD, openOffice, ROOT } from './office.ts'

const IMAGES = ['app', 'team/a', 'team/b', 'team/b/deleted']
const AT = '/api/v1/repositories'

test('a caller sees the repositories that it administers, in pages', async (t) => {
  const { send } = await openOffice(t, { images: IMAGES })
  const listed = async (as: string, query = '') => {
    const answer = await send(`GET ${AT}${query}`, { as })
    return [jsonOf(answer).repositories, answer.headers.get('Link')]
  }
  expect(await listed(ROOT)).toEqual([IMAGES, null])
  expect(await listed(LEAD)).toEqual([IMAGES.slice(1), null])
  expect(await listed(LEAD, '?n=1')).toEqual([['team/a'], `<${AT}?last=team%2Fa&n=1>; rel="next"`])
  expect(await listed(ROOT, '?last=team/a&n=2')).toEqual([IMAGES.slice(2), null])
  expect((await send(`GET ${AT}?n=x`, { as: ROOT })).status).toBe(400)
})

test('bytes are as the last clean-up found them', async (t) => {
  const { send, store } = await openOffice(t, { images: IMAGES })
  expect(jsonOf(await send(`GET ${AT}/team/a`, { as: LEAD }))).toEqual({ name: 'team/a' })
  expect((await send('GET /api/v1/usage', { as: LEAD })).status).toBe(404)
  const id = '0123456789abcdef'
  const at = '2030-01-01T00:00:00.000Z'
  const pool = { kept: 9, condemned: 0, reclaimable: 0 }
  const head = { version: 1, date: at, id, repositories: 3, parts: ['app'], pool }
  await write(store, USAGE_KEY, JSON.stringify(head))
  const lines = ['app', 'team/a', 'team/b'].map((name, own) => JSON.stringify([name, own, 1, 0, 0]))
  await write(store, usagePartKey(id, 0), `${lines.join('\n')}\n`)
  const bytes = { own: 1, shared: 1, condemned: 0, reclaimable: 0 }
  const one = jsonOf(await send(`GET ${AT}/team%2Fa`, { as: LEAD }))
  expect(one).toEqual({ name: 'team/a', usage: { ...bytes, date: at } })
  const all = async (as: string, query = '') =>
    jsonOf(await send(`GET /api/v1/usage${query}`, { as }))
  expect(await all(LEAD)).toEqual({
    date: at,
    repositories: [
      { name: 'team/a', ...bytes },
      { name: 'team/b', ...bytes, own: 2 },
    ],
  })
  const page = await all(ROOT, '?n=1&last=app')
  expect([page.pool, page.repositories.length, page.repositories[0].name]).toEqual([
    pool,
    1,
    'team/a',
  ])
})

test('what is deleted is listed, and comes back', async (t) => {
  const { send, events } = await openOffice(t, { images: IMAGES })
  expect((await send('DELETE /v2/team/a/manifests/v1', { as: ROOT })).status).toBe(202)
  expect((await send(`DELETE ${AT}/team/b`, { as: DEV })).status).toBe(202)
  const { repositories } = jsonOf(await send('GET /api/v1/deleted', { as: LEAD }))
  expect(repositories).toMatchObject([
    { name: 'team/b', deletes: [{ by: 'user:dev', pending: false }] },
  ])
  const one = jsonOf(await send('GET /api/v1/deleted/team/a', { as: LEAD }))
  expect(one).toMatchObject({ whole: [], deletes: [{ tag: 'v1', by: 'user:root' }] })
  // A repository whose name ends so is one like others.
  expect(jsonOf(await send('GET /api/v1/deleted/team/b/deleted', { as: LEAD })).deletes).toEqual([])

  const undelete = (body: object, as = LEAD) => send('POST /api/v1/undelete', json(body, as))
  expect(jsonOf(await undelete({ repository: 'team/a', tag: 'v1' }))).toMatchObject({
    digest: IMAGE.sha256,
    manifests: 0,
    tags: 1,
  })
  expect(jsonOf(await undelete({ repository: 'team/b' }))).toMatchObject({ manifests: 1, tags: 1 })
  for (const name of ['team/a', 'team/b']) {
    expect((await send(`GET /v2/${name}/manifests/v1`, { as: DEV })).status).toBe(200)
  }
  const told = events().filter(({ event }) => event === 'admin')
  expect(told.map(({ who, what }) => [who, what])).toEqual([
    ['user:lead', 'undelete team/a:v1'],
    ['user:lead', 'undelete team/b'],
  ])
})

test('deletes are in pages, the latest first, and whole ones in the first', async (t) => {
  const { send, store } = await openOffice(t, { images: ['team/a'] })
  const path = '/api/v1/deleted/team/a'
  const ids = ['a', 'b', 'c', 'd'].map((each) => each.repeat(16))
  for (const [at, id] of ids.entries()) {
    const note = { id, digest: IMAGE.sha256, tag: `t${at}` }
    await write(store, deletionKey('team/a', 1000 + at, id), JSON.stringify(note))
  }
  // One that is damaged is in no page, and keeps none from the next.
  await write(store, deletionKey('team/a', 1010, 'e'.repeat(16)), '{')
  const pageAt = async (query: string) => {
    const answer = await send(`GET ${path}${query}`, { as: LEAD })
    const { whole, deletes } = jsonOf(answer) as { whole: unknown[]; deletes: { tag: string }[] }
    const next = answer.headers.get('Link')?.match(/^<[^?]*(\?[^>]*)>; rel="next"$/)?.[1]
    return { whole, tags: deletes.map(({ tag }) => tag), next }
  }
  const { next: second = '', ...first } = await pageAt('?n=2')
  expect(first).toEqual({ whole: [], tags: ['t3'] })
  const { next: third = '', tags } = await pageAt(second)
  expect(tags).toEqual(['t2', 't1'])
  expect(await pageAt(third)).toEqual({ whole: [], tags: ['t0'], next: undefined })
  expect(await pageAt('')).toMatchObject({ tags: ['t3', 't2', 't1', 't0'], next: undefined })
  expect(await pageAt('?n=5')).toMatchObject({ next: undefined })
  expect(await pageAt('?n=0')).toEqual({ whole: [], tags: [], next: undefined })
  expect((await send(`DELETE ${AT}/team/a`, { as: DEV })).status).toBe(202)
  expect((await pageAt('?n=1')).whole).toHaveLength(1)
  expect((await pageAt(second)).whole).toEqual([])
  const { status } = await send(`GET ${path}?last=${'x'.repeat(513)}`, { as: LEAD })
  expect(status).toBe(400)
})

test('what cannot come back says why', async (t) => {
  const { send } = await openOffice(t, { images: IMAGES })
  const undelete = async (body: unknown, as = LEAD) => {
    const answer = await send('POST /api/v1/undelete', json(body, as))
    return [answer.status, codeOf(answer)]
  }
  expect(await undelete({ repository: 'team/a', tag: 'v1' })).toEqual([404, 'MANIFEST_UNKNOWN'])
  expect(await undelete({ repository: 'app' })).toEqual([403, 'DENIED'])
  expect(await undelete({ repository: 'app', tag: '/' }, ROOT)).toEqual([400, 'TAG_INVALID'])
  expect(await undelete({ repository: 'A' })).toEqual([400, 'NAME_INVALID'])
  expect(await undelete({ repository: 'team/a', tag: 'a', digest: 'b' })).toEqual([
    400,
    'UNSUPPORTED',
  ])
  expect(await undelete({ repository: 'team/a', other: 1 })).toEqual([400, 'UNSUPPORTED'])
  expect(await undelete(null)).toEqual([400, 'UNSUPPORTED'])
  const form = {
    as: LEAD,
    body: Buffer.from('{"repository":"team/a"}'),
    headers: { 'Content-Type': 'text/plain' },
  }
  expect((await send('POST /api/v1/undelete', form)).status).toBe(415)
  const broken = {
    as: LEAD,
    body: Buffer.from('{'),
    headers: { 'Content-Type': 'application/json' },
  }
  expect((await send('POST /api/v1/undelete', broken)).status).toBe(400)
  expect((await send(`GET ${AT}/team/none`, { as: LEAD })).status).toBe(404)
  expect((await send(`GET ${AT}/Team`, { as: LEAD })).status).toBe(400)
})

test('an undelete is an event, one that is refused is none', async (t) => {
  const { send, store } = await openOffice(t, { images: IMAGES, recorded: true })
  const undelete = async (tag: string) =>
    (await send('POST /api/v1/undelete', json({ repository: 'team/a', tag }, LEAD))).status
  const move = async (tag: string) =>
    (
      await send(`PUT /v2/team/a/manifests/${tag}`, {
        as: ROOT,
        body: imageOf([], { annotations: { other: 'yes' } }).bytes,
        headers: { 'Content-Type': OCI_MANIFEST },
      })
    ).status
  expect((await send('DELETE /v2/team/a/manifests/v1', { as: ROOT })).status).toBe(202)
  expect(await move('v1')).toBe(201)
  expect(await undelete('v1')).toBe(412)
  expect(await eventsIn(store)).toEqual([])
  expect((await send('DELETE /v2/team/a/manifests/v1', { as: ROOT })).status).toBe(202)
  expect(await undelete('v1')).toBe(200)
  expect(await eventsIn(store)).toMatchObject([{ action: 'undelete', target: { tag: 'v1' } }])
})

test('who may not set quotas brings nothing back past the hard limit', async (t) => {
  const names = ['team/a', 'team/b', 'team/c']
  const { send, store } = await openOffice(t, { images: names })
  const quotas = names.map((name) => ({ repositories: [name], hard: '1 B' }))
  await write(store, QUOTAS_KEY, JSON.stringify({ version: 1, quotas }))
  const remove = async (path: string) =>
    expect((await send(`DELETE ${path}`, { as: ROOT })).status).toBe(202)
  const undelete = async (as: string, body: object) => {
    const answer = await send('POST /api/v1/undelete', json(body, as))
    return answer.status === 200 ? 200 : [answer.status, codeOf(answer)]
  }
  const image = { repository: 'team/a', digest: IMAGE.sha256 }
  await remove(`/v2/team/a/manifests/${IMAGE.sha256}`)
  await remove(`${AT}/team/b`)
  for (const body of [image, { repository: 'team/b' }]) {
    expect(await undelete(LEAD, body)).toEqual([403, 'DENIED'])
    expect(await undelete(ROOT, body)).toBe(200)
  }
  // A tag alone takes no room.
  await remove('/v2/team/c/manifests/v1')
  expect(await undelete(LEAD, { repository: 'team/c', tag: 'v1' })).toBe(200)
})

test('changes are listed with who made them', async (t) => {
  const { send } = await openOffice(t)
  await send('PUT /api/v1/documents/groups', {
    as: ROOT,
    body: Buffer.from('dev: alice\n'),
    headers: { 'If-None-Match': '*' },
  })
  const { changes } = jsonOf(await send('GET /api/v1/changes', { as: ROOT }))
  expect(changes).toMatchObject([{ document: 'groups', by: 'user:root' }])
})
