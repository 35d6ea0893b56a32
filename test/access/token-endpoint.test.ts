/**
 * The token endpoint: requests in the forms of all clients, and what is granted (Docker token
 * specification, and its OAuth2 form).
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { POLICY_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { checkError } from '../support/hosts/exchange.ts'
import type { Answer } from '../support/hosts/host.ts'
import { inChunks } from '../support/rig/push.ts'
import {
  basic,
  bearer,
  claimsOf,
  jsonOf,
  type More,
  openRig,
  policyText,
  sharedRig,
} from './rig.ts'

const ALICE = basic('alice', 'right horse')
const shared = sharedRig({
  users: { alice: 'right horse', 'bø+b': 'pä:ss & wörd=%' },
  robots: ['ci'],
  policy: [
    { who: ['anonymous', 'authenticated'], repositories: ['public/*'], actions: ['pull'] },
    { who: ['user:alice'], repositories: ['team/locked'], actions: ['*'], effect: 'deny' },
    { who: ['user:alice'], repositories: ['team/*'], actions: ['pull', 'push'] },
    { who: ['robot:ci'], repositories: ['team/*'], actions: ['push'] },
  ],
})

/** A POST of a form. */
const form = (fields: Readonly<Record<string, string | readonly string[]>>): More => {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  )
  return {
    body: Buffer.from(new URLSearchParams(pairs).toString()),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  }
}

const password = (fields: Readonly<Record<string, string | readonly string[]>> = {}): More =>
  form({ grant_type: 'password', username: 'alice', password: 'right horse', ...fields })

/** Scopes that a token grants. */
const granted = (answer: Answer): readonly string[] =>
  claimsOf(jsonOf(answer).token).access.map(
    ({ type, name, actions }: { type: string; name: string; actions: string[] }) =>
      `${type}:${name}:${actions.join(',')}`,
  )

const TEAM = 'repository:team/a:pull,push'

interface Row {
  readonly description: string
  readonly request: string
  readonly more?: More
  readonly scopes: readonly string[]
  readonly subject?: string
}

const scopes = (...all: readonly string[]): string =>
  all.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&')

const GRANTS: readonly Row[] = [
  {
    description: 'docker login: no scope',
    request: 'GET /token?account=alice&client_id=docker&offline_token=true&service=slipway',
    more: { as: ALICE },
    scopes: [],
  },
  {
    description: 'docker push: push before pull',
    request: `GET /token?account=alice&${scopes('repository:team/a:push,pull')}&service=slipway`,
    more: { as: ALICE },
    scopes: [TEAM],
  },
  {
    description: 'several scopes, repeated',
    request: `GET /token?${scopes('repository:team/a:pull', 'repository:public/b:pull')}`,
    more: { as: ALICE },
    scopes: ['repository:team/a:pull', 'repository:public/b:pull'],
  },
  {
    description: 'several scopes, joined by spaces',
    request: 'GET /token?scope=repository:team/a:pull+repository:public/b:pull,push',
    more: { as: ALICE },
    scopes: ['repository:team/a:pull', 'repository:public/b:pull'],
  },
  {
    description: 'the same repository twice is one entry',
    request: `GET /token?${scopes('repository:team/a:pull', 'repository:team/a:pull,push')}`,
    more: { as: ALICE },
    scopes: [TEAM],
  },
  {
    description: 'part of what is asked for',
    request: `GET /token?${scopes('repository:team/a:delete,push,pull')}`,
    more: { as: ALICE },
    scopes: [TEAM],
  },
  {
    description: '* is what there is',
    request: `GET /token?${scopes('repository:team/a:*')}`,
    more: { as: ALICE },
    scopes: [TEAM],
  },
  {
    description: 'nothing of what is asked for',
    request: `GET /token?${scopes('repository:team/locked:pull', 'repository:other:pull')}`,
    more: { as: ALICE },
    scopes: [],
  },
  {
    description: 'the class of a repository is ignored',
    request: `GET /token?${scopes('repository(plugin):team/a:pull')}`,
    more: { as: ALICE },
    scopes: ['repository:team/a:pull'],
  },
  {
    description: 'what is no scope, no action, no name, or another type',
    request: `GET /token?${scopes('nonsense', 'repository:team/a:fly', 'repository:team/../a:pull', 'repository:TEAM/A:pull', 'admin:team/a:pull', 'registry:all:*', '')}`,
    more: { as: ALICE },
    scopes: [],
  },
  {
    description: 'the catalog',
    request: `GET /token?${scopes('registry:catalog:*')}`,
    more: { as: ALICE },
    scopes: ['registry:catalog:*'],
  },
  {
    description: 'the account of the query does not matter, only who has shown a password',
    request: `GET /token?account=robot%2Bci&${scopes(TEAM)}`,
    more: { as: ALICE },
    scopes: [TEAM],
    subject: 'alice',
  },
  {
    description: 'an anonymous caller',
    request: `GET /token?service=slipway&${scopes('repository:public/b:pull,push', TEAM)}`,
    scopes: ['repository:public/b:pull'],
    subject: '',
  },
  {
    description: 'podman without credentials: Basic Og==',
    request: `GET /token?${scopes('repository:public/b:pull')}`,
    more: { as: 'Basic Og==' },
    scopes: ['repository:public/b:pull'],
    subject: '',
  },
  {
    description: 'a name and a password beyond ASCII, with a colon',
    request: `GET /token?${scopes('repository:public/b:pull')}`,
    more: { as: basic('bø+b', 'pä:ss & wörd=%') },
    scopes: ['repository:public/b:pull'],
    subject: 'bø+b',
  },
  {
    description: 'containerd: POST, password',
    request: 'POST /token',
    more: password({ client_id: 'containerd-client', scope: TEAM, service: 'slipway' }),
    scopes: [TEAM],
  },
  {
    description: 'POST, several scopes both ways',
    request: 'POST /token',
    more: password({
      scope: ['repository:team/a:pull repository:team/b:push', 'registry:catalog:*'],
    }),
    scopes: ['repository:team/a:pull', 'repository:team/b:push', 'registry:catalog:*'],
  },
  {
    description: 'POST, a name and a password beyond ASCII',
    request: 'POST /token',
    more: password({ username: 'bø+b', password: 'pä:ss & wörd=%' }),
    scopes: [],
    subject: 'bø+b',
  },
  {
    description: 'POST, an empty name',
    request: 'POST /token',
    more: password({ username: '', scope: 'repository:public/b:pull' }),
    scopes: ['repository:public/b:pull'],
    subject: '',
  },
]

for (const { description, request, more, scopes: expected, subject = 'alice' } of GRANTS) {
  test(`granted: ${description}`, async () => {
    const { clock, send } = shared()
    const answer = await send(request, more)
    assert.equal(answer.status, 200, answer.body.toString())
    assert.deepEqual(granted(answer), expected)
    const { token, access_token, expires_in, issued_at, scope } = jsonOf(answer)
    assert.equal(access_token, token)
    assert.ok(expires_in >= 60)
    assert.equal(issued_at, new Date(clock.now()).toISOString())
    assert.equal(scope, expected.join(' '))
    assert.equal(answer.headers.get('Cache-Control'), 'no-store')
    const { iss, aud, sub, iat, nbf, exp, jti } = claimsOf(token)
    assert.deepEqual({ iss, aud, sub }, { iss: 'slipway', aud: 'slipway', sub: subject })
    const seconds = clock.now() / 1000
    assert.deepEqual([iat, nbf, exp], [seconds, seconds, seconds + expires_in])
    assert.match(jti, /^[\w-]{16,}$/)
  })
}

test('every token has an id of its own', async () => {
  const ids = new Set<string>()
  for (let turn = 0; turn < 5; turn++) {
    const answer = await shared().send('GET /token', { as: ALICE })
    ids.add(claimsOf(jsonOf(answer).token).jti)
  }
  assert.equal(ids.size, 5)
})

test('robots log in with their secret', async () => {
  const { secrets, send } = shared()
  const as = basic('robot+ci', secrets.get('ci') ?? '')
  assert.deepEqual(granted(await send(`GET /token?${scopes(TEAM)}`, { as })), [
    'repository:team/a:push',
  ])
})

test('a form in chunks, without its length', async () => {
  const { body, headers } = password({ scope: TEAM })
  const answer = await shared().send('POST /token', {
    body: inChunks(body as Buffer, 10),
    headers,
  })
  assert.deepEqual(granted(answer), [TEAM])
})

describe('refused', () => {
  const text = { 'Content-Type': 'application/json' }
  const rows: readonly (readonly [string, string, More, number, 'UNAUTHORIZED' | 'UNSUPPORTED'])[] =
    [
      ['a wrong password', 'GET /token', { as: basic('alice', 'x') }, 401, 'UNAUTHORIZED'],
      ['an unknown user', 'GET /token', { as: basic('nobody', 'x') }, 401, 'UNAUTHORIZED'],
      ['an empty password', 'GET /token', { as: basic('alice', '') }, 401, 'UNAUTHORIZED'],
      ['a password of no name', 'GET /token', { as: basic('', 'x') }, 401, 'UNAUTHORIZED'],
      ['a robot without its prefix', 'GET /token', { as: basic('ci', 'x') }, 401, 'UNAUTHORIZED'],
      ['a bearer token', 'GET /token', { as: bearer('x') }, 401, 'UNAUTHORIZED'],
      ['no base64', 'GET /token', { as: 'Basic !' }, 401, 'UNAUTHORIZED'],
      ['no colon', 'GET /token', { as: 'Basic YWxpY2U=' }, 401, 'UNAUTHORIZED'],
      [
        'a wrong password in a form',
        'POST /token',
        password({ password: 'x' }),
        401,
        'UNAUTHORIZED',
      ],
      ['another service', 'GET /token?service=other', { as: ALICE }, 400, 'UNSUPPORTED'],
      ['another service in a form', 'POST /token', password({ service: 'x' }), 400, 'UNSUPPORTED'],
      ['no grant_type', 'POST /token', form({ username: 'alice' }), 400, 'UNSUPPORTED'],
      ['an empty form', 'POST /token', form({}), 400, 'UNSUPPORTED'],
      [
        'another grant_type',
        'POST /token',
        form({ grant_type: 'authorization_code', code: 'x' }),
        400,
        'UNSUPPORTED',
      ],
      [
        'another Content-Type',
        'POST /token',
        { body: Buffer.from('{"grant_type":"password"}'), headers: text },
        400,
        'UNSUPPORTED',
      ],
      [
        'more scopes than any client asks for',
        `GET /token?${scopes(...Array.from({ length: 101 }, (_, at) => `repository:public/${at}:pull`))}`,
        { as: ALICE },
        400,
        'UNSUPPORTED',
      ],
      [
        'a grant that fits no header',
        `GET /token?${scopes(...Array.from({ length: 60 }, (_, at) => `repository:public/${'x'.repeat(60)}${at}:pull`))}`,
        { as: ALICE },
        400,
        'UNSUPPORTED',
      ],
    ]
  for (const [index, [description, request, more, status, code]] of rows.entries()) {
    test(description, async () => {
      const answer = await shared().send(request, { ...more, address: `198.51.100.${index}` })
      assert.equal(answer.status, status, answer.body.toString())
      checkError(answer, code)
      const challenge = status === 401 ? 'Basic realm="slipway"' : null
      assert.equal(answer.headers.get('WWW-Authenticate'), challenge)
      assert.equal(answer.headers.get('X-Registry-Challenge'), challenge)
      assert.equal(answer.headers.get('Cache-Control'), 'no-store')
    })
  }

  for (const [size, status] of [
    [64 * 1024, 200],
    [64 * 1024 + 1, 413],
  ] as const) {
    for (const chunked of [false, true]) {
      test(`a form of ${size} bytes${chunked ? ' in chunks' : ''}: ${status}`, async () => {
        const { headers, body } = password({ filler: '' })
        const bytes = Buffer.concat([body as Buffer], size).map((each) => each || 0x78)
        const sent = chunked ? inChunks(bytes, 1000) : bytes
        const answer = await shared().send('POST /token', { headers, body: sent })
        assert.equal(answer.status, status, answer.body.toString())
        if (status === 413) checkError(answer, 'SIZE_INVALID', /65536 bytes/)
      })
    }
  }

  for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    test(`${method} /token`, async () => {
      const before = shared().events().length
      const answer = await shared().send(`${method} /token`, { as: ALICE })
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.get('Allow'), 'GET, POST')
      if (method !== 'HEAD') checkError(answer, 'UNSUPPORTED')
      assert.equal(shared().events().length, before, 'nobody was logged in')
    })
  }

  test('an anonymous token where anonymous callers may do nothing', async (t) => {
    const { send, clock } = await openRig(t, {
      users: { alice: 'right horse' },
      policy: [{ who: ['authenticated'], repositories: ['**'], actions: ['*'] }],
    })
    const tokens = new Set<string>()
    for (const ask of [
      () => send('GET /token?scope=repository:a:pull'),
      () => send('GET /token?scope=repository:a:push&offline_token=true', { as: 'Basic Og==' }),
    ]) {
      const answer = await ask()
      assert.equal(answer.status, 200)
      const { token, scope, refresh_token } = jsonOf(answer)
      assert.deepEqual([scope, refresh_token, claimsOf(token).access], ['', undefined, []])
      tokens.add(token)
      // The registry says what is missing, so that clients do not speak of a wrong password.
      const refused = await send('GET /v2/a/manifests/v1', { as: bearer(token) })
      assert.equal(refused.status, 401)
      assert.match(refused.headers.get('WWW-Authenticate') ?? '', /error="insufficient_scope"/)
      checkError(refused, 'UNAUTHORIZED', /^authentication required to pull from a$/)
    }
    // Strangers cause no signatures: a minute long, it is the same token.
    assert.equal(tokens.size, 1)
    clock.pass(61_000)
    tokens.add(jsonOf(await send('GET /token')).token)
    assert.equal(tokens.size, 2)
    // A password without a name is nobody's.
    const answer = await send('POST /token', password({ username: '' }))
    assert.deepEqual(claimsOf(jsonOf(answer).token).access, [])
  })

  test('a token that allowed nothing is no obstacle once the policy allows something', async (t) => {
    const { send, store, clock } = await openRig(t, { users: { alice: 'right horse' }, policy: [] })
    const { token } = jsonOf(await send('GET /token?scope=repository:a:pull'))
    await write(
      store,
      POLICY_KEY,
      policyText([{ who: ['anonymous'], repositories: ['**'], actions: ['pull'] }]),
    )
    clock.pass(61_000)
    assert.equal((await send('GET /v2/a/tags/list', { as: bearer(token) })).status, 401)
    const granted = jsonOf(await send('GET /token?scope=repository:a:pull'))
    assert.equal(granted.scope, 'repository:a:pull')
    const found = await send('GET /v2/a/tags/list', { as: bearer(granted.token) })
    assert.equal(found.status, 404)
  })
})

test('failures are throttled, for this account and address only', async (t) => {
  const { clock, send } = await openRig(t, {
    users: { alice: 'right horse', bob: 'battery' },
    policy: [],
  })
  const log = (name: string, word: string, address: string) =>
    send('GET /token', { as: basic(name, word), address })
  for (let guess = 0; guess < 6; guess++) {
    assert.equal((await log('alice', `wrong ${guess}`, '192.0.2.1')).status, 401)
  }
  const slowed = await log('alice', 'right horse', '192.0.2.1')
  assert.equal(slowed.status, 429)
  assert.equal(slowed.headers.get('Retry-After'), '1')
  checkError(slowed, 'TOOMANYREQUESTS')
  // The registry counts the same failures: there is no second way in.
  const ping = await send('GET /v2/', { as: basic('alice', 'right horse'), address: '192.0.2.1' })
  assert.equal(ping.status, 429)
  const inForm = await send('POST /token', { ...password(), address: '192.0.2.1' })
  assert.equal(inForm.status, 429)
  assert.equal((await log('alice', 'right horse', '192.0.2.2')).status, 200)
  assert.equal((await log('bob', 'battery', '192.0.2.1')).status, 200)
  clock.pass(1000)
  assert.equal((await log('alice', 'right horse', '192.0.2.1')).status, 200)
})

test('a read-only registry still issues tokens by POST', async (t) => {
  const { send } = await openRig(t, {
    users: { alice: 'right horse' },
    policy: [],
    readOnly: true,
  })
  assert.equal((await send('POST /token', password())).status, 200)
})

test('a read-only registry grants nothing but pulls', async (t) => {
  const { send } = await openRig(t, {
    users: { alice: 'right horse' },
    policy: [{ who: ['authenticated'], repositories: ['**'], actions: ['*'] }],
    args: ['--read-only=on'],
    readOnly: true,
  })
  for (const [scope, expected] of [
    ['repository:a:pull,push,delete', ['repository:a:pull']],
    ['repository:a:*', ['repository:a:pull']],
    ['repository:a:push', []],
    ['registry:catalog:*', ['registry:catalog:*']],
  ] as const) {
    assert.deepEqual(granted(await send('POST /token', password({ scope }))), expected, scope)
  }
})
