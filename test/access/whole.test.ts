/**
 * Who may delete a whole repository, and what the audit trail has of it.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { RETENTION_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { imageOf } from '../support/hosts/content.ts'
import { codeOf } from '../support/rig/client.ts'
import { type AccessRig, basic, openRig, tokenFor } from './rig.ts'

const IMAGE = imageOf()
const ALICE = basic('alice', 'right horse')
const BOB = basic('bob', 'wrong battery')
const ROOT = basic('root', 'root staple')

const DOCUMENTS = {
  users: { alice: 'right horse', bob: 'wrong battery', root: 'root staple' },
  images: ['app', 'app/sub', 'other'],
  policy: [
    { who: ['user:alice', 'user:root'], repositories: ['app'], actions: ['*'] },
    { who: ['user:root'], repositories: ['app'], actions: ['override'] },
    { who: ['user:bob'], repositories: ['**'], actions: ['pull', 'push'] },
    { who: ['user:bob'], repositories: ['app/*', 'oth*'], actions: ['delete'] },
  ],
}
const REQUEST = 'DELETE /api/v1/repositories/app'
const RULES = JSON.stringify({ version: 1, immutable: [{ repositories: ['app'] }] })

type As = (rig: AccessRig) => string | Promise<string>

const CASES: readonly (readonly [
  title: string,
  as: As | undefined,
  status: number,
  code?: string,
])[] = [
  ['nobody', undefined, 401, 'UNAUTHORIZED'],
  ['Basic, with delete', () => ALICE, 202],
  ['Basic, with delete elsewhere', () => BOB, 403, 'DENIED'],
  ['a token for it', (rig) => tokenFor(rig, ALICE, 'repository:app:delete'), 202],
  [
    'a token to push',
    (rig) => tokenFor(rig, ALICE, 'repository:app:pull,push'),
    401,
    'UNAUTHORIZED',
  ],
  [
    'a token for another repository',
    (rig) => tokenFor(rig, BOB, 'repository:other:delete'),
    401,
    'UNAUTHORIZED',
  ],
]

for (const [title, as, status, code] of CASES) {
  test(`${title}: ${status}`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const answer = await rig.send(REQUEST, as ? { as: await as(rig) } : {})
    expect(answer.status, answer.body.toString()).toBe(status)
    if (code !== undefined) expect(codeOf(answer)).toBe(code)
    if (status === 401) {
      expect(answer.headers.get('WWW-Authenticate')).toContain('scope="repository:app:delete"')
    }
    const there = (await rig.send('GET /v2/app/manifests/v1', { as: BOB })).status
    expect(there).toBe(status === 202 ? 404 : 200)
    // Nothing below it goes.
    expect((await rig.send('GET /v2/app/sub/tags/list', { as: BOB })).status).toBe(200)
  })
}

test('it is in the trail, and so are the immutable tags that went', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  await write(rig.store, RETENTION_KEY, RULES)
  expect((await rig.send(REQUEST, { as: ALICE })).status).toBe(409)
  const answer = await rig.send(REQUEST, { as: ROOT })
  expect(answer.status, answer.body.toString()).toBe(202)
  const requestId = answer.headers.get('X-Request-Id')
  const about = { who: 'user:root', from: '192.0.2.1', outcome: 'ok', requestId }
  const told = rig.events().filter(({ event }) => ['override', 'delete'].includes(event))
  expect(told).toEqual([
    { event: 'override', what: `app:v1 at ${IMAGE.sha256} deleted`, ...about },
    { event: 'delete', what: '/api/v1/repositories/app', ...about },
  ])
})

test('other methods are not allowed there, and nothing else is', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  const other = await rig.send('GET /api/v1/repositories/app', { as: ALICE })
  expect([other.status, other.headers.get('Allow')]).toEqual([405, 'DELETE'])
  expect((await rig.send('GET /api/v1/none', { as: ALICE })).status).toBe(404)
  const coded = await rig.send('DELETE /api/v1/%72epositories/app', { as: ALICE })
  expect(coded.status).toBe(404)
  const wrong = await rig.send('DELETE /api/v1/repositories/App', { as: ALICE })
  expect([wrong.status, codeOf(wrong)]).toEqual([400, 'NAME_INVALID'])
})
