/**
 * Who may use the admin API.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { OPERATIONS } from '../../../functions/api/admin/operations.ts'
import {
  type AccessRig,
  basic,
  bearer,
  claimsOf,
  foreignToken,
  jsonOf,
  openRig,
  tokenFor,
} from '../../access/rig.ts'
import { codeOf } from '../../support/rig/client.ts'
import { DEV, LEAD, openOffice, ROOT, RULES } from './office.ts'

const SCOPE = 'registry:admin:*'
const POLICY = 'GET /api/v1/documents/policy'

/** Every operation, on something that is there or not. */
const requests = OPERATIONS.filter(({ right }) => !['nothing', 'itself'].includes(right)).map(
  ({ method, path, right }) => ({
    request: `${method} ${path.replace('{name}', right === 'name' ? 'team/a' : 'a').replaceAll(/\{\w+\}/g, 'a')}`,
    right,
  }),
)

type As = (rig: AccessRig) => string | undefined | Promise<string>

/** Callers, and what each gets where it would need to administer all of the registry. */
const CALLERS: readonly (readonly [who: string, as: As, status: number])[] = [
  ['nobody, who may pull and push all', () => undefined, 401],
  ['who may do everything else', () => DEV, 403],
  ['who administers some repositories', () => LEAD, 403],
  ['a wrong password', () => basic('root', 'wrong'), 401],
  [
    'a token for other things',
    (rig) => tokenFor(rig, ROOT, 'repository:a:*', 'registry:catalog:*'),
    401,
  ],
  ['a token of one who has no right', (rig) => tokenFor(rig, DEV, SCOPE), 401],
  [
    "another issuer's token that grants it itself",
    ({ clock }) =>
      bearer(
        foreignToken(clock.now(), {
          access: [{ type: 'registry', name: 'admin', actions: ['*'] }],
        }),
      ),
    401,
  ],
  ['root', () => ROOT, 200],
  ['a token of root', (rig) => tokenFor(rig, ROOT, SCOPE), 200],
]

describe.each(CALLERS)('%s', (_, as, status) => {
  test(`gets ${status}`, async (t) => {
    const rig = await openOffice(t, { foreign: true })
    const answer = await rig.send(POLICY, { as: await as(rig) })
    expect(answer.status, answer.body.toString()).toBe(status)
    if (status !== 401) return
    expect(answer.headers.get('WWW-Authenticate')).toContain(`scope="${SCOPE}"`)
  })
})

test('every operation asks who it is, before it looks at anything else', async (t) => {
  const rig = await openOffice(t)
  for (const { request } of requests) {
    expect([request, (await rig.send(request)).status]).toEqual([request, 401])
    expect([request, (await rig.send(request, { as: DEV })).status]).toEqual([request, 403])
  }
  const refusals = rig.events().filter(({ event }) => event === 'refusal')
  expect(refusals.length).toBe(requests.length)
})

test('a token has the scope only for those with the right, and no right longer than the policy', async (t) => {
  const rig = await openOffice(t)
  const accessOf = async (as: string | undefined) => {
    const query = `service=slipway&scope=${SCOPE}`
    return claimsOf(jsonOf(await rig.send(`GET /token?${query}`, as ? { as } : {})).token).access
  }
  expect(await accessOf(undefined)).toEqual([])
  expect(await accessOf(DEV)).toEqual([])
  expect(await accessOf(LEAD)).toEqual([{ type: 'registry', name: 'admin', actions: ['*'] }])
  const token = await tokenFor(rig, ROOT, SCOPE)
  expect((await rig.send('PUT /v2/a/manifests/v1', { as: token })).status).toBe(401)
  const less = JSON.stringify({ version: 1, rules: RULES.slice(1) })
  const set = await rig.send('PUT /api/v1/documents/policy', {
    as: token,
    body: Buffer.from(less),
    headers: { 'If-Match': '*' },
  })
  expect(set.status, set.body.toString()).toBe(204)
  rig.clock.pass(30_000)
  expect((await rig.send(POLICY, { as: token })).status).toBe(401)
})

test('no rule lets anonymous callers administer, and * is not admin', async (t) => {
  const rules = [
    { who: ['anonymous', 'user:root'], repositories: ['**'], actions: ['admin'] },
    { who: ['authenticated'], repositories: ['**'], actions: ['*'] },
  ]
  const rig = await openOffice(t, { policy: rules })
  expect((await rig.send(POLICY)).status).toBe(401)
  expect((await rig.send(POLICY, { as: DEV })).status).toBe(403)
  expect((await rig.send(POLICY, { as: ROOT })).status).toBe(200)
})

test('where there is no access control, nobody administers', async (t) => {
  for (const options of [{ args: ['--auth=off'] }, { onlyLocal: true }]) {
    const rig = await openRig(t, { admin: true, ...options })
    const answer = await rig.send('GET /api/v1/documents/policy')
    expect([answer.status, codeOf(answer)]).toEqual([403, 'DENIED'])
  }
})

test('a read-only registry is read, and not changed', async (t) => {
  const rig = await openOffice(t, { readOnly: true })
  expect((await rig.send(POLICY, { as: ROOT })).status).toBe(200)
  const token = await tokenFor(rig, ROOT, SCOPE)
  expect((await rig.send(POLICY, { as: token })).status).toBe(200)
  expect((await rig.send('PUT /api/v1/documents/policy', { as: ROOT })).status).toBe(405)
})

test('off, there is nothing', async (t) => {
  const rig = await openOffice(t, { admin: false })
  expect((await rig.send(POLICY, { as: ROOT })).status).toBe(404)
})
