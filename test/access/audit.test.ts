/**
 * The audit trail: one event for each log-in, grant, refusal, push, delete and change of a document,
 * with who, what, from where and why.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { AuditEvent } from '../../functions/auth/audit.ts'
import { noteChange } from '../../functions/auth/changes.ts'
import { CHANGES_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { CONFIG } from '../support/hosts/content.ts'
import { IMAGE } from './endpoints.ts'
import {
  type AccessRig,
  basic,
  bearer,
  claimsOf,
  foreignToken,
  jsonOf,
  type More,
  openRig,
  policyText,
  tokenFor,
} from './rig.ts'

const ALICE = basic('alice', 'right horse')
const FROM = '203.0.113.7'
const HEX = IMAGE.sha256
const MANIFEST = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' }
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

const DOCUMENTS = {
  users: { alice: 'right horse' },
  robots: ['ci'],
  foreign: true,
  images: ['team/a'],
  policy: [
    { who: ['anonymous'], repositories: ['public'], actions: ['pull'] },
    { who: ['user:alice', 'robot:ci'], repositories: ['team/*'], actions: ['*'] },
  ],
}

interface Row {
  readonly description: string
  readonly request: string
  readonly more?: (rig: AccessRig) => More | Promise<More>
  readonly status: number
  /** Without `from` and ids, which all of them have. */
  readonly events: readonly Partial<AuditEvent>[]
}

const login = (who: string, what: string) => ({ event: 'login', who, what, outcome: 'ok' }) as const
const failed = (what: string, why: string, who?: string) =>
  ({ event: 'login', ...(who === undefined ? {} : { who }), what, outcome: 'failed', why }) as const
const refusal = (what: string, why: string, who?: string) =>
  ({
    event: 'refusal',
    ...(who === undefined ? {} : { who }),
    what,
    outcome: 'failed',
    why,
  }) as const
const done = (event: 'push' | 'delete', who: string, what: string) =>
  ({ event, who, what, outcome: 'ok' }) as const

const shownToken = async (rig: AccessRig): Promise<More> => ({
  as: await tokenFor(rig, ALICE, 'repository:team/a:pull,push,delete'),
})

const WRONG = 'wrong name or password'
const ROWS: readonly Row[] = [
  {
    description: 'a log-in for a token, and its grant',
    request: 'GET /token?scope=repository:team/a:pull,push+repository:other:pull',
    more: () => ({ as: ALICE }),
    status: 200,
    events: [
      login('user:alice', 'password'),
      { event: 'grant', who: 'user:alice', what: 'repository:team/a:pull,push', outcome: 'ok' },
    ],
  },
  {
    description: "a robot's",
    request: 'GET /token',
    more: ({ secrets }) => ({ as: basic('robot+ci', secrets.get('ci') ?? '') }),
    status: 200,
    events: [
      login('robot:robot+ci', 'password'),
      { event: 'grant', who: 'robot:robot+ci', what: '', outcome: 'ok' },
    ],
  },
  {
    description: 'an anonymous grant is no log-in',
    request: 'GET /token?scope=repository:public:pull',
    status: 200,
    events: [{ event: 'grant', who: 'anonymous', what: 'repository:public:pull', outcome: 'ok' }],
  },
  {
    description: 'a refresh',
    request: 'POST /token',
    more: async ({ send }) => {
      const answer = await send('GET /token?offline_token=true', { as: ALICE })
      const body = `grant_type=refresh_token&refresh_token=${jsonOf(answer).refresh_token}`
      return { headers: FORM, body: Buffer.from(body) }
    },
    status: 200,
    events: [
      login('user:alice', 'refresh'),
      { event: 'grant', who: 'user:alice', what: '', outcome: 'ok' },
    ],
  },
  {
    description: 'a wrong password at the token endpoint',
    request: 'GET /token',
    more: () => ({ as: basic('alice', 'wrong') }),
    status: 401,
    events: [failed('password', WRONG, 'user:alice')],
  },
  {
    description: 'an unknown user looks the same',
    request: 'GET /token',
    more: () => ({ as: basic('nobody', 'wrong') }),
    status: 401,
    events: [failed('password', WRONG, 'user:nobody')],
  },
  {
    description: 'a log-in by Basic at the registry',
    request: 'GET /v2/',
    more: () => ({ as: ALICE }),
    status: 200,
    events: [login('user:alice', 'basic')],
  },
  {
    description: 'a wrong password there',
    request: 'GET /v2/team/a/tags/list',
    more: () => ({ as: basic('alice', 'wrong') }),
    status: 401,
    events: [failed('basic', WRONG, 'user:alice'), refusal('repository:team/a:pull', WRONG)],
  },
  {
    description: 'who has shown nothing is asked, not refused',
    request: 'GET /v2/team/a/tags/list',
    status: 401,
    events: [],
  },
  {
    description: 'a refusal by policy',
    request: 'POST /v2/other/blobs/uploads/',
    more: () => ({ as: ALICE }),
    status: 403,
    events: [
      login('user:alice', 'basic'),
      refusal('repository:other:pull,push', 'not granted', 'user:alice'),
    ],
  },
  {
    description: 'a refusal of a token that does not grant it',
    request: 'GET /v2/other/tags/list',
    more: shownToken,
    status: 401,
    events: [refusal('repository:other:pull', 'not granted', 'user:alice')],
  },
  {
    description: 'a refusal of a token that has ended',
    request: 'GET /v2/team/a/tags/list',
    more: ({ clock }) => ({ as: bearer(foreignToken(clock.now() - 3_600_000, {})) }),
    status: 401,
    events: [refusal('repository:team/a:pull', 'the token has expired')],
  },
  {
    description: 'a refusal of the catalog',
    request: 'GET /v2/_catalog',
    more: shownToken,
    status: 401,
    events: [refusal('registry:catalog:*', 'not granted', 'user:alice')],
  },
  {
    description: "another issuer's subject",
    request: 'GET /v2/other/tags/list',
    more: ({ clock }) => ({ as: bearer(foreignToken(clock.now(), { sub: 'alice' })) }),
    status: 401,
    events: [refusal('repository:other:pull', 'not granted', 'token:alice')],
  },
  {
    description: 'a push of a manifest',
    request: 'PUT /v2/team/a/manifests/v2',
    more: async (rig) => ({ ...(await shownToken(rig)), headers: MANIFEST, body: IMAGE.bytes }),
    status: 201,
    events: [done('push', 'user:alice', `/v2/team/a/manifests/v2 ${HEX}`)],
  },
  {
    description: 'a push of a blob',
    request: `POST /v2/team/a/blobs/uploads/?digest=${CONFIG.sha256}`,
    more: async (rig) => ({ ...(await shownToken(rig)), body: CONFIG.bytes }),
    status: 201,
    events: [done('push', 'user:alice', `/v2/team/a/blobs ${CONFIG.sha256}`)],
  },
  {
    description: 'a mount',
    request: `POST /v2/team/b/blobs/uploads/?mount=${CONFIG.sha256}&from=team/a`,
    more: () => ({ as: ALICE }),
    status: 201,
    events: [
      login('user:alice', 'basic'),
      done('push', 'user:alice', `/v2/team/b/blobs ${CONFIG.sha256}`),
    ],
  },
  {
    description: 'the begin of an upload is no push',
    request: 'POST /v2/team/a/blobs/uploads/',
    more: shownToken,
    status: 202,
    events: [],
  },
  {
    description: 'a delete',
    request: 'DELETE /v2/team/a/manifests/v1',
    more: shownToken,
    status: 202,
    events: [done('delete', 'user:alice', '/v2/team/a/manifests/v1')],
  },
  {
    description: 'a push that fails is none',
    request: 'PUT /v2/team/a/manifests/v2',
    more: async (rig) => ({
      ...(await shownToken(rig)),
      headers: MANIFEST,
      body: Buffer.from('{}'),
    }),
    status: 400,
    events: [],
  },
  {
    description: 'a delete of nothing is none',
    request: 'DELETE /v2/team/a/manifests/none',
    more: shownToken,
    status: 404,
    events: [],
  },
]

for (const { description, request, more, status, events } of ROWS) {
  test(description, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const sent = (await more?.(rig)) ?? {}
    const before = rig.events().length
    const answer = await rig.send(request, { ...sent, address: FROM })
    assert.equal(answer.status, status, answer.body.toString())
    const seen = rig.events().slice(before)
    const bare = seen.map(({ from: _, requestId: __, token: ___, ...rest }) => rest)
    assert.deepEqual(bare, events)
    for (const event of seen) {
      assert.equal(event.from, FROM)
      if (['refusal', 'push', 'delete'].includes(event.event)) {
        assert.equal(event.requestId, answer.headers.get('X-Request-Id'))
      }
      if (event.event === 'grant') {
        assert.equal(event.token, claimsOf(jsonOf(answer).token).jti)
      }
    }
  })
}

const PULLS: readonly (readonly [request: string, more: More, status: number, pull: boolean])[] = [
  ['GET /v2/team/a/manifests/v1', {}, 200, true],
  [`GET /v2/team/a/manifests/${HEX}`, {}, 200, true],
  ['HEAD /v2/team/a/manifests/v1', {}, 200, false],
  ['GET /v2/team/a/manifests/v1', { headers: { 'If-None-Match': `"${HEX}"` } }, 304, false],
  ['GET /v2/team/a/manifests/none', {}, 404, false],
  [`GET /v2/team/a/blobs/${CONFIG.sha256}`, {}, 200, false],
  ['GET /v2/team/a/tags/list', {}, 200, false],
]
for (const [request, more, status, pull] of PULLS) {
  test(`with --audit-pulls on, ${pull ? 'a' : 'no'} pull: ${request.slice(0, 50)}, ${status}`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const { send } = await rig.beside(['--audit-pulls=on'])
    const sent = { ...more, ...(await shownToken(rig)), address: FROM }
    const before = rig.events().length
    await rig.send(request, sent)
    assert.deepEqual(rig.events().slice(before), [])
    const answer = await send(request, sent)
    assert.equal(answer.status, status)
    const what = `${request.replace('GET ', '')} ${HEX}`
    const requestId = answer.headers.get('X-Request-Id') ?? ''
    const event = { event: 'pull', who: 'user:alice', what, outcome: 'ok', from: FROM, requestId }
    assert.deepEqual(rig.events().slice(before), pull ? [event] : [])
    assert.equal(rig.logged.at(-1)?.fields.who, 'user:alice')
  })
}

test('throttled log-ins are in the trail, at both endpoints', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  for (let guess = 0; guess < 6; guess++) {
    await rig.send('GET /token', { as: basic('alice', `wrong ${guess}`), address: FROM })
  }
  for (const [request, what] of [
    ['GET /token', 'password'],
    ['GET /v2/', 'basic'],
  ] as const) {
    const before = rig.events().length
    const { status } = await rig.send(request, { as: ALICE, address: FROM })
    assert.equal(status, 429)
    const [event, ...more] = rig.events().slice(before)
    assert.deepEqual(more, [])
    assert.partialDeepStrictEqual(event, { event: 'login', who: 'user:alice', what, from: FROM })
    assert.match(event?.why ?? '', /^too many failed log-ins/)
  }
})

test('a change of the policy is one event, good or bad', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  const changes = async (text: string): Promise<Partial<AuditEvent>[]> => {
    const before = rig.events().length
    await write(rig.store, POLICY_KEY, text)
    rig.clock.pass(20_000)
    await Promise.all([rig.send('GET /v2/'), rig.send('GET /v2/a/tags/list')])
    return rig.events().slice(before)
  }
  await rig.send('GET /v2/')
  const key = { event: 'config', what: POLICY_KEY }
  assert.deepEqual(await changes(policyText([])), [{ ...key, outcome: 'ok' }])
  assert.deepEqual(await changes(policyText([])), [])
  const [broken] = await changes('rules: []')
  assert.partialDeepStrictEqual(broken, { ...key, outcome: 'failed' })
  assert.match(broken?.why ?? '', /^policy, line 1/)
})

test('a change names who said to have made it, if that is noted', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  const seen = async (text: string, by?: string): Promise<readonly AuditEvent[]> => {
    const before = rig.events().length
    if (by !== undefined) await noteChange(rig.store, POLICY_KEY, text, by, rig.clock.now())
    await write(rig.store, POLICY_KEY, text)
    rig.clock.pass(20_000)
    await rig.send('GET /v2/a/tags/list')
    return rig.events().slice(before)
  }
  await rig.send('GET /v2/')
  const event = { event: 'config', what: POLICY_KEY, outcome: 'ok' } as const
  const [one, other] = [policyText([]), policyText(DOCUMENTS.policy)]
  assert.deepEqual(await seen(one, 'alice@laptop'), [{ ...event, who: 'alice@laptop' }])
  assert.deepEqual(await seen(other, 'bob@laptop'), [{ ...event, who: 'bob@laptop' }])
  // By another program, or by version 1.0.
  assert.deepEqual(await seen(`${one} `), [event])
  // What somebody copies back is not who wrote it long ago.
  rig.clock.pass(2 * 60 * 60_000)
  assert.deepEqual(await seen(one), [event])
  // A list that is damaged keeps nothing from taking effect.
  await write(rig.store, CHANGES_KEY, '{')
  assert.deepEqual(await seen(other), [event])
})

test('the rest of an upload counts as pushed by whoever started it', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  const begun = await rig.send('POST /v2/team/a/blobs/uploads/', await shownToken(rig))
  const before = rig.events().length
  const put = `PUT ${begun.headers.get('Location')}&digest=${CONFIG.sha256}`
  assert.equal((await rig.send(put, { body: CONFIG.bytes, address: FROM })).status, 201)
  const [event, ...more] = rig.events().slice(before)
  assert.deepEqual(more, [])
  assert.partialDeepStrictEqual(event, {
    ...done('push', 'user:alice', `/v2/team/a/blobs ${CONFIG.sha256}`),
    from: FROM,
  })
})
