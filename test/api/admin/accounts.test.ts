/**
 * Users, robots and groups, by the admin API: what it changes is what the commands change, and no response has a hash or an
 * old secret in it.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { formatBindings } from '../../../functions/auth/accounts/bindings.ts'
import { readChanges } from '../../../functions/auth/changes.ts'
import { readDocument } from '../../../functions/auth/document.ts'
import {
  GROUPS_KEY,
  HTPASSWD_KEY,
  ROBOT_CLAIMS_KEY,
  ROBOTS_KEY,
} from '../../../functions/registry/layout.ts'
import { basic, jsonOf } from '../../access/rig.ts'
import { userLine, write } from '../../auth/harness.ts'
import { codeOf } from '../../support/rig/client.ts'
import { json, openOffice, ROOT } from './office.ts'

const USERS = '/api/v1/users'
const ROBOTS = '/api/v1/robots'
const GROUPS = '/api/v1/groups'
const NEW = { 'If-None-Match': '*' }
const THERE = { 'If-Match': '*' }

const password = (text: unknown, headers: Record<string, string>) => {
  const sent = json({ password: text })
  return { ...sent, headers: { ...sent.headers, ...headers } }
}

type Office = Awaited<ReturnType<typeof openOffice>>

/** Whether somebody may log in, once a change is seen. */
const logsIn = async ({ send, clock }: Office, name: string, secret: string): Promise<boolean> => {
  clock.pass(60_000)
  return (await send('GET /v2/', { as: basic(name, secret) })).status === 200
}

test('users are added, changed, listed in pages and removed', async (t) => {
  const office = await openOffice(t, { groups: { dev: ['ann', 'dev'] } })
  const { send, store, events } = office
  const added = await send(`PUT ${USERS}/ann`, password('horse1', NEW))
  expect(added.status, added.body.toString()).toBe(201)
  expect(await logsIn(office, 'ann', 'horse1')).toBe(true)
  const again = await send(`PUT ${USERS}/ann`, password('horse2', NEW))
  expect([again.status, codeOf(again)]).toEqual([412, 'PRECONDITION_FAILED'])

  const got = await send(`GET ${USERS}/ann`, { as: ROOT })
  expect(jsonOf(got)).toEqual({ name: 'ann', groups: ['dev'] })
  const etag = got.headers.get('ETag') ?? ''
  expect((await send(`PUT ${USERS}/ann`, password('horse2', { 'If-Match': etag }))).status).toBe(
    204,
  )
  expect((await send(`PUT ${USERS}/ann`, password('horse3', { 'If-Match': etag }))).status).toBe(
    412,
  )
  expect(await logsIn(office, 'ann', 'horse2')).toBe(true)

  const page = await send(`GET ${USERS}?n=2`, { as: ROOT })
  expect(jsonOf(page).users.map(({ name }: { name: string }) => name)).toEqual(['ann', 'dev'])
  expect(page.headers.get('Link')).toBe(`<${USERS}?last=dev&n=2>; rel="next"`)
  const rest = jsonOf(await send(`GET ${USERS}?n=2&last=dev`, { as: ROOT }))
  expect(rest).toEqual({
    users: [
      { name: 'lead', groups: [] },
      { name: 'root', groups: [] },
    ],
    leftOut: [],
  })

  const stale = { as: ROOT, headers: { 'If-Match': etag } }
  expect((await send(`DELETE ${USERS}/ann`, stale)).status).toBe(412)
  expect((await send(`DELETE ${USERS}/ann`, { as: ROOT })).status).toBe(204)
  expect((await send(`DELETE ${USERS}/ann`, { as: ROOT })).status).toBe(404)
  expect(await logsIn(office, 'ann', 'horse2')).toBe(false)
  expect(await readDocument(store, GROUPS_KEY)).toBe('dev: dev\n')
  expect((await readChanges(store)).map(({ document, by }) => [document, by])).toEqual([
    ['htpasswd', 'user:root'],
    ['htpasswd', 'user:root'],
    ['htpasswd', 'user:root'],
    ['groups', 'user:root'],
  ])
  expect(events().flatMap(({ event, what }) => (event === 'admin' ? [what] : []))).toEqual([
    'add user ann',
    'set password of user ann',
    'remove user ann',
  ])
  const said = JSON.stringify(office.logged)
  for (const secret of ['horse1', 'horse2', 'horse3', '$2']) expect(said).not.toContain(secret)
})

test('a removal that has died on its way is ended by the next', async (t) => {
  const { send, store } = await openOffice(t, { groups: { dev: ['gone', 'robot+gone'] } })
  await write(store, ROBOT_CLAIMS_KEY, formatBindings(new Map([['gone', ['iss=x', 'sub=y']]])))
  expect((await send(`DELETE ${USERS}/gone`, { as: ROOT })).status).toBe(204)
  expect((await send(`DELETE ${ROBOTS}/gone`, { as: ROOT })).status).toBe(204)
  expect(await readDocument(store, GROUPS_KEY)).toBe('dev:\n')
  expect(await readDocument(store, ROBOT_CLAIMS_KEY)).toBe(formatBindings(new Map()))
  expect((await send(`DELETE ${ROBOTS}/gone`, { as: ROOT })).status).toBe(404)
})

test('a removal that fails on its way is in the audit trail', async (t) => {
  const { send, store, events } = await openOffice(t)
  expect((await send(`POST ${ROBOTS}`, json({ name: 'ci', secret: false }))).status).toBe(201)
  await write(store, GROUPS_KEY, 'damaged\n')
  for (const status of [409, 409]) {
    expect((await send(`DELETE ${ROBOTS}/ci`, { as: ROOT })).status).toBe(status)
  }
  expect(events().flatMap(({ event, what }) => (event === 'admin' ? [what] : []))).toEqual([
    'add robot ci',
    'remove robot ci',
  ])
})

test('a robot is no user that can be removed', async (t) => {
  const { send, store } = await openOffice(t, { groups: { dev: ['robot+ci'] } })
  const before = await readDocument(store, GROUPS_KEY)
  expect((await send(`DELETE ${USERS}/robot+ci`, { as: ROOT })).status).toBe(404)
  expect(await readDocument(store, GROUPS_KEY)).toBe(before)
})

test('of two who add a user at once, one does', async (t) => {
  const { send } = await openOffice(t)
  const both = await Promise.all(
    ['one', 'two'].map((text) => send(`PUT ${USERS}/ann`, password(text, NEW))),
  )
  expect(both.map(({ status }) => status).sort()).toEqual([201, 412])
})

test.each([
  ['a robot for a user', 'robot+ci', password('x', NEW), 400, /reserved for robots/],
  ['a colon', 'a:b', password('x', NEW), 400, /"a:b" is not a valid user name/],
  ['no password', 'ann', password('', NEW), 400, /it is empty/],
  ['a long password', 'ann', password('ä'.repeat(40), NEW), 400, /it has 80 bytes/],
  ['a password that is none', 'ann', password(7, NEW), 400, /^password: /],
  ['no condition', 'ann', password('x', {}), 428, /If-Match/],
  ['nobody to change', 'ann', password('x', THERE), 412, /not there/],
  ['text', 'ann', { as: ROOT, body: Buffer.from('{}'), headers: NEW }, 415, /JSON/],
])('%s: no user is made', async (_, name, sent, status, why) => {
  const ends: (() => Promise<void>)[] = []
  const { send, store } = await openOffice({ onTestFinished: (end) => void ends.push(end) })
  const before = await readDocument(store, HTPASSWD_KEY)
  const answer = await send(`PUT ${USERS}/${name}`, sent)
  expect(answer.status).toBe(status)
  expect(jsonOf(answer).errors[0].message).toMatch(why)
  expect(await readDocument(store, HTPASSWD_KEY)).toBe(before)
  for (const end of ends) await end()
})

test('users of an htpasswd file are added, and what is damaged is said', async (t) => {
  const office = await openOffice(t)
  const { send, store } = office
  const line = await userLine('old', 'horse')
  const root = await userLine('root', 'other')
  const text = `${line}${root}bad:{SHA}secret\n`
  const answer = await send(`POST ${USERS}`, json({ htpasswd: text }))
  expect(jsonOf(answer)).toEqual({
    added: ['old'],
    kept: ['root'],
    leftOut: [expect.stringMatching(/^htpasswd, line 3: the password of "bad" is SHA-1/)],
  })
  expect(answer.body.toString()).not.toContain('secret')
  expect(await logsIn(office, 'old', 'horse')).toBe(true)
  expect((await send(`POST ${USERS}`, json({ htpasswd: 'x' }))).status).toBe(400)
  // What is stored is not what the request has brought.
  await write(store, ROBOTS_KEY, '{')
  const damaged = await send(`GET ${ROBOTS}`, { as: ROOT })
  expect([damaged.status, jsonOf(damaged).errors[0].message]).toEqual([
    409,
    'robots: expected JSON',
  ])
})

test('a robot gets secrets, each in one response, and is bound to claims', async (t) => {
  const office = await openOffice(t, { groups: { bots: ['robot+ci'] } })
  const { send, clock, store } = office
  const made = await send(`POST ${ROBOTS}`, json({ name: 'ci', lifetime: 3600 }))
  expect(made.status, made.body.toString()).toBe(201)
  const { secret: first, account, expires } = jsonOf(made)
  expect([account, Date.parse(expires) - clock.now()]).toEqual(['robot+ci', 3_600_000])
  expect(await logsIn(office, 'robot+ci', first)).toBe(true)
  const again = await send(`POST ${ROBOTS}`, json({ name: 'robot+ci' }))
  expect([again.status, codeOf(again)]).toEqual([409, 'DENIED'])

  const rotated = await send(`POST ${ROBOTS}/robot+ci/secrets`, json({ lifetime: null, keep: 60 }))
  const { secret: second, id } = jsonOf(rotated)
  expect(jsonOf(rotated).expires).toBe(null)
  expect(await logsIn(office, 'robot+ci', second)).toBe(true)
  expect(await logsIn(office, 'robot+ci', first)).toBe(false)

  const claims = ['iss=https://ci.example', 'sub=x']
  const bound = json({ claims })
  const at = `PUT ${ROBOTS}/ci/claims`
  expect((await send(at, bound)).status).toBe(428)
  const set = await send(at, { ...bound, headers: { ...bound.headers, ...NEW } })
  expect(set.status, set.body.toString()).toBe(204)
  expect((await send(at, { ...bound, headers: { ...bound.headers, ...NEW } })).status).toBe(412)
  const few = json({ claims: ['sub=x'] })
  const refused = await send(at, { ...few, headers: { ...few.headers, ...THERE } })
  expect([refused.status, jsonOf(refused).errors[0].message]).toEqual([
    400,
    expect.stringMatching(/^claims: the issuer is missing/),
  ])
  const read = await send(`GET ${ROBOTS}/ci/claims`, { as: ROOT })
  expect([jsonOf(read), read.headers.get('ETag')]).toEqual([{ claims }, set.headers.get('ETag')])

  const shown = jsonOf(await send(`GET ${ROBOTS}/ci`, { as: ROOT }))
  expect(shown).toMatchObject({ name: 'ci', groups: ['bots'], claims })
  expect(shown.secrets.at(-1)).toMatchObject({ id, expires: null })
  const listed = await send(`GET ${ROBOTS}`, { as: ROOT })
  expect(jsonOf(listed)).toEqual({ robots: [shown] })
  for (const secret of ['sha256', first, second]) {
    expect(listed.body.toString() + JSON.stringify(office.logged)).not.toContain(secret)
  }

  expect((await send(`DELETE ${ROBOTS}/ci/claims`, { as: ROOT })).status).toBe(204)
  expect((await send(`DELETE ${ROBOTS}/ci/claims`, { as: ROOT })).status).toBe(404)
  expect((await send(`GET ${ROBOTS}/ci/claims`, { as: ROOT })).status).toBe(404)
  expect((await send(`DELETE ${ROBOTS}/ci`, { as: ROOT })).status).toBe(204)
  expect(await readDocument(store, GROUPS_KEY)).toBe('bots:\n')
  expect((await send(`GET ${ROBOTS}/ci`, { as: ROOT })).status).toBe(404)
  expect((await send(`POST ${ROBOTS}/ci/secrets`, json({}))).status).toBe(404)
  expect((await send(`POST ${ROBOTS}`, json({ name: 'CI' }))).status).toBe(400)
  expect((await send(`POST ${ROBOTS}`, json({ name: 'ci', lifetime: 0 }))).status).toBe(400)
  const bare = await send(`POST ${ROBOTS}`, json({ name: 'ci', secret: false }))
  expect(jsonOf(bare)).toEqual({ name: 'ci', account: 'robot+ci' })
})

test('groups have members', async (t) => {
  const { send, store } = await openOffice(t)
  const as = { as: ROOT }
  const join = async (group: string, member: string) =>
    jsonOf(await send(`PUT ${GROUPS}/${group}/members/${member}`, as))
  expect(await join('dev', 'lead')).toEqual({ known: true })
  expect(await join('dev', 'robot+ci')).toEqual({ known: false })
  expect(await join('x%2Fy', 'a/b')).toEqual({ known: false })
  expect(jsonOf(await send(`GET ${GROUPS}`, as))).toEqual({
    groups: [
      { name: 'dev', members: ['lead', 'robot+ci'] },
      { name: 'x/y', members: ['a/b'] },
    ],
  })
  expect((await send(`DELETE ${GROUPS}/dev/members/lead`, as)).status).toBe(204)
  expect((await send(`DELETE ${GROUPS}/dev/members/lead`, as)).status).toBe(404)
  expect(jsonOf(await send(`GET ${GROUPS}/dev`, as)).members).toEqual(['robot+ci'])
  expect((await send(`DELETE ${GROUPS}/dev`, as)).status).toBe(204)
  expect((await send(`DELETE ${GROUPS}/dev`, as)).status).toBe(404)
  expect((await send(`GET ${GROUPS}/dev`, as)).status).toBe(404)
  expect((await send(`PUT ${GROUPS}/a:b/members/x`, as)).status).toBe(400)
  expect(await readDocument(store, GROUPS_KEY)).toBe('x/y: a/b\n')
})
