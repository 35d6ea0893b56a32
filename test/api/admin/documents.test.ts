/**
 * /api/v1/documents: documents are read as they are stored, and set by those who say what they replace.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { readChanges } from '../../../functions/auth/changes.ts'
import { readDocument } from '../../../functions/auth/document.ts'
import {
  CHANGES_KEY,
  EDGE_CACHE_KEY,
  GROUPS_KEY,
  POLICY_KEY,
  RETENTION_KEY,
} from '../../../functions/registry/layout.ts'
import { jsonOf } from '../../access/rig.ts'
import { write } from '../../auth/harness.ts'
import { ec, jwkOf } from '../../auth/tokens-forge.ts'
import { codeOf } from '../../support/rig/client.ts'
import { openOffice, ROOT } from './office.ts'

const AT = '/api/v1/documents'

const put = (text: string, headers: Record<string, string> = { 'If-Match': '*' }) => ({
  as: ROOT,
  body: Buffer.from(text),
  headers,
})
const NEW = { 'If-None-Match': '*' }

const ISSUERS = JSON.stringify({
  version: 1,
  issuers: [{ issuer: 'a.example', jwks: { keys: [jwkOf(ec(), { kid: 'a' })] } }],
})

/** Each document, a valid text and one that is not, and what is said of it. */
const CASES: readonly (readonly [
  name: string,
  type: string,
  valid: string,
  invalid: string,
  why: RegExp,
])[] = [
  [
    'issuers',
    'application/json',
    ISSUERS,
    '{"version":1,"issuers":[{}]}',
    /^issuers: issuers.0.issuer/,
  ],
  ['groups', 'text/plain', 'dev: alice\n', 'dev\n', /^groups, line 1: /],
  [
    'robot-claims',
    'application/json',
    '{"version":1,"robots":[]}',
    '{"version":1,"robots":[{"name":"ci","claims":["sub=x"]}]}',
    /the issuer is missing/,
  ],
  [
    'retention',
    'application/yaml',
    'version: 1\nimmutable: []\n',
    'version: 2\n',
    /^rules, line 1/,
  ],
  [
    'event-receivers',
    'application/yaml',
    'version: 1\nreceivers: []\n',
    'version: 1\n',
    /receivers/,
  ],
  [
    'upstreams',
    'application/yaml',
    'version: 1\nupstreams:\n  - { name: hub, host: docker.io, prefix: hub }\n',
    'version: 1\nupstreams:\n  - { name: hub, host: "https://docker.io", prefix: hub }\n',
    /upstreams.0..host/,
  ],
]

describe.each(CASES)('%s', (name, type, valid, invalid, why) => {
  test('is read as it was set, if it is valid', async (t) => {
    const { send, store } = await openOffice(t)
    expect((await send(`GET ${AT}/${name}`, { as: ROOT })).status).toBe(404)
    const refused = await send(`PUT ${AT}/${name}`, put(invalid, NEW))
    expect([refused.status, codeOf(refused)]).toEqual([400, 'UNSUPPORTED'])
    expect(jsonOf(refused).errors[0].message).toMatch(why)
    const set = await send(`PUT ${AT}/${name}`, put(valid, NEW))
    expect(set.status, set.body.toString()).toBe(204)
    const got = await send(`GET ${AT}/${name}`, { as: ROOT })
    expect(got.body.toString()).toBe(valid)
    expect(got.headers.get('Content-Type')).toBe(`${type}; charset=utf-8`)
    expect(got.headers.get('ETag')).toBe(set.headers.get('ETag'))
    expect((await readChanges(store)).map(({ document, by }) => [document, by])).toEqual([
      [name, 'user:root'],
    ])
  })
})

test('what documents say is read as JSON', async (t) => {
  const { send, store } = await openOffice(t)
  await write(store, RETENTION_KEY, '# mine\nversion: 1\nimmutable: [ ]\n')
  await write(store, GROUPS_KEY, '# mine\ndev: alice robot+ci\nops:\n')
  const read = async (name: string, format = 'json') =>
    send(`GET ${AT}/${name}?format=${format}`, { as: ROOT })
  const plain = await send(`GET ${AT}/retention`, { as: ROOT })
  const asJson = await read('retention')
  expect(jsonOf(asJson)).toEqual({ version: 1, immutable: [] })
  expect(asJson.headers.get('ETag')).toBe(plain.headers.get('ETag'))
  expect(jsonOf(await read('groups'))).toEqual({ dev: ['alice', 'robot+ci'], ops: [] })
  expect((await read('retention', 'xml')).status).toBe(400)
  await write(store, RETENTION_KEY, 'a: b: c')
  expect((await read('retention')).status).toBe(409)
})

test('a change says what it replaces', async (t) => {
  const { send, store } = await openOffice(t)
  await write(store, RETENTION_KEY, 'version: 1\n')
  const at = `PUT ${AT}/retention`
  const first = (await send(`GET ${AT}/retention`, { as: ROOT })).headers.get('ETag') ?? ''
  const next = 'version: 1\nimmutable: []\n'
  expect((await send(at, put(next, {}))).status).toBe(428)
  expect((await send(at, put(next, NEW))).status).toBe(412)
  expect((await send(at, put(next, { 'If-Match': '"other"' }))).status).toBe(412)
  expect((await send(at, put(next, { 'If-Match': first, ...NEW }))).status).toBe(400)
  expect((await send(at, put(next, { 'If-None-Match': first }))).status).toBe(400)
  expect((await send(at, put(next, { 'If-Match': `"other", ${first}` }))).status).toBe(204)
  expect((await send(at, put(next, { 'If-Match': first }))).status).toBe(412)
  expect((await send(`PUT ${AT}/groups`, put('', { 'If-Match': '*' }))).status).toBe(412)
  expect(await readDocument(store, RETENTION_KEY)).toBe(next)
  const unchanged = { as: ROOT, headers: { 'If-None-Match': '*' } }
  expect((await send(`GET ${AT}/retention`, unchanged)).status).toBe(304)
})

test('of two changes at once, one is made', async (t) => {
  const { send } = await openOffice(t)
  const both = await Promise.all(
    ['a: x\n', 'b: x\n'].map((text) => send(`PUT ${AT}/groups`, put(text, NEW))),
  )
  expect(both.map(({ status }) => status).sort()).toEqual([204, 412])
})

test('a policy is in force, its change is in the trail, and what cannot be noted is changed all the same', async (t) => {
  const { send, store, events } = await openOffice(t)
  await write(store, CHANGES_KEY, '{')
  const text = (await readDocument(store, POLICY_KEY)) ?? ''
  const answer = await send(`PUT ${AT}/policy`, put(`# mine\n${text}`))
  expect(answer.status, answer.body.toString()).toBe(204)
  expect(events().filter(({ event }) => event === 'admin')).toEqual([
    {
      event: 'admin',
      who: 'user:root',
      what: POLICY_KEY,
      from: '192.0.2.1',
      outcome: 'ok',
      requestId: answer.headers.get('X-Request-Id'),
    },
  ])
})

test('a policy that an edge follows, or that is a file, is not set here', async (t) => {
  const { send, store } = await openOffice(t)
  await write(store, EDGE_CACHE_KEY, '{}')
  const text = (await readDocument(store, POLICY_KEY)) ?? ''
  const answer = await send(`PUT ${AT}/policy`, put(`# mine\n${text}`))
  expect([answer.status, codeOf(answer)]).toEqual([409, 'DENIED'])
  expect(await readDocument(store, POLICY_KEY)).toBe(text)
})

describe.each(['htpasswd', 'robots', 'signing-keys', 'upload-secret', 'changes', '__proto__'])(
  '%s',
  (name) => {
    test('is no document that is read or set so', async (t) => {
      const { send } = await openOffice(t)
      expect((await send(`GET ${AT}/${name}`, { as: ROOT })).status).toBe(404)
      expect((await send(`PUT ${AT}/${name}`, put('{}'))).status).toBe(404)
    })
  },
)

test('bodies have a limit, and must be UTF-8', async (t) => {
  const { send } = await openOffice(t)
  const large = await send(`PUT ${AT}/groups`, put('#'.repeat(1024 * 1024 + 1), NEW))
  expect([large.status, codeOf(large)]).toEqual([413, 'SIZE_INVALID'])
  const coded = { as: ROOT, headers: NEW, body: Buffer.from([0xff, 0xfe]) }
  expect((await send(`PUT ${AT}/groups`, coded)).status).toBe(400)
  const there = await send(`GET ${AT}/groups`, { as: ROOT })
  expect([there.status, GROUPS_KEY]).toEqual([404, GROUPS_KEY])
})
