/**
 * Challenges: responses to callers without sufficient rights (Docker token specification,
 * RFC 6750, RFC 7617).
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { ec } from '../auth/tokens-forge.ts'
import { checkError } from '../support/hosts/exchange.ts'
import type { Answer } from '../support/hosts/host.ts'
import { ENDPOINTS, scopeOf } from './endpoints.ts'
import { basic, bearer, foreignToken, ORIGIN, openRig, sharedRig, tokenFor } from './rig.ts'

const DOCUMENTS = {
  users: { alice: 'right horse' },
  foreign: true,
  policy: [
    { who: ['anonymous'], repositories: ['public/*'], actions: ['pull'] },
    { who: ['user:alice'], repositories: ['mine'], actions: ['pull'] },
  ],
}
const ALICE = basic('alice', 'right horse')

const challengeOf = (scope?: string, error?: string): string =>
  [
    `Bearer realm="${ORIGIN}/token"`,
    'service="slipway"',
    ...(scope === undefined ? [] : [`scope="${scope}"`]),
    ...(error === undefined ? [] : [`error="${error}"`]),
  ].join(',')

/** A 401 with this challenge, the same in both headers. */
const checkChallenge = (answer: Answer, challenge: string): void => {
  assert.equal(answer.status, 401, answer.body.toString())
  assert.equal(answer.headers.get('WWW-Authenticate'), challenge)
  assert.equal(answer.headers.get('X-Registry-Challenge'), challenge)
}

describe('tokens', () => {
  const shared = sharedRig(DOCUMENTS)

  for (const endpoint of ENDPOINTS) {
    const { method, target, more } = endpoint
    test(`nothing shown: ${method} ${target('<name>')}`, async () => {
      const answer = await shared().send(`${method} ${target('team/app')}`, more)
      checkChallenge(answer, challengeOf(scopeOf('team/app', endpoint)))
      if (method === 'HEAD') assert.equal(answer.body.byteLength, 0)
      else
        checkError(
          answer,
          'UNAUTHORIZED',
          /^authentication required to (?:pull from|push to|delete in) team\/app$/,
        )
    })
  }

  const invalid = (now: number): readonly (readonly [string, string])[] => [
    ['no token', bearer('nonsense')],
    ['one that has ended', bearer(foreignToken(now - 3600_000, { access: [] }))],
    ['one signed by someone else', bearer(foreignToken(now, { access: [] }, ec()))],
    ['lower-case scheme', 'bearer nonsense'],
    ['upper-case scheme', 'BEARER nonsense'],
  ]

  for (const [index, [description]] of invalid(0).entries()) {
    test(`invalid_token: ${description}`, async () => {
      const as = invalid(shared().clock.now())[index]?.[1]
      const pull = await shared().send('GET /v2/team/app/tags/list', { as })
      checkChallenge(pull, challengeOf('repository:team/app:pull', 'invalid_token'))
      // Public content, too: a bad token is reported, rather than ignored.
      const open = await shared().send('GET /v2/public/a/tags/list', { as })
      checkChallenge(open, challengeOf('repository:public/a:pull', 'invalid_token'))
      checkChallenge(
        await shared().send('GET /v2/', { as }),
        challengeOf(undefined, 'invalid_token'),
      )
    })
  }

  for (const endpoint of ENDPOINTS) {
    const { method, target, more } = endpoint
    test(`insufficient_scope: ${method} ${target('<name>')}`, async () => {
      const as = await tokenFor(shared(), ALICE, 'repository:mine:pull,push,delete')
      const answer = await shared().send(`${method} ${target('other')}`, { ...more, as })
      checkChallenge(answer, challengeOf(scopeOf('other', endpoint), 'insufficient_scope'))
    })
  }

  test('a token grants what was asked for, and no other action on the same repository', async () => {
    const as = await tokenFor(shared(), ALICE, 'repository:mine:pull,push,delete')
    assert.equal((await shared().send('GET /v2/mine/manifests/v1', { as })).status, 404)
    const push = await shared().send('POST /v2/mine/blobs/uploads/', { as })
    checkChallenge(push, challengeOf('repository:mine:pull,push', 'insufficient_scope'))
  })

  test('the catalog has a scope of its own', async () => {
    const nothing = await tokenFor(shared(), ALICE)
    const answer = await shared().send('GET /v2/_catalog', { as: nothing })
    checkChallenge(answer, challengeOf('registry:catalog:*', 'insufficient_scope'))
  })

  const pings: readonly (readonly [string, () => Promise<string | undefined>, number])[] = [
    ['nothing', async () => undefined, 401],
    ['empty Basic credentials', async () => 'Basic Og==', 401],
    ['a wrong password', async () => basic('alice', 'wrong'), 401],
    ['an unknown scheme', async () => 'Digest username="alice"', 401],
    ['no credentials after the scheme', async () => 'Basic', 401],
    ['Basic credentials', async () => ALICE, 200],
    ['a token', () => tokenFor(shared(), ALICE), 200],
    ['an anonymous token', () => tokenFor(shared(), undefined), 200],
    ['a token of another issuer', async () => bearer(foreignToken(shared().clock.now(), {})), 200],
  ]
  for (const [description, as, status] of pings) {
    for (const path of ['/v2/', '/v2']) {
      test(`${path} with ${description}: ${status}`, async () => {
        const answer = await shared().send(`GET ${path}`, { as: await as() })
        if (status === 401) checkChallenge(answer, challengeOf())
        else assert.equal(answer.status, 200)
      })
    }
  }

  test('wrong Basic credentials get a challenge without error', async () => {
    const as = basic('alice', 'wrong')
    const answer = await shared().send('GET /v2/mine/tags/list', { as, address: '192.0.2.9' })
    checkChallenge(answer, challengeOf('repository:mine:pull'))
  })

  test('right Basic credentials without a right: 403, since a challenge would not help', async () => {
    const answer = await shared().send('GET /v2/other/tags/list', { as: ALICE })
    assert.equal(answer.status, 403)
    checkError(answer, 'DENIED', /^alice may not pull from other$/)
  })
})

for (const actions of [['pull'], ['*']]) {
  test(`anonymous callers may ${actions} everything: /v2/ asks for credentials only if there is more to have`, async (t) => {
    const policy = [
      { who: ['anonymous'], repositories: ['**'], actions },
      { who: ['authenticated'], repositories: ['**'], actions: ['*'] },
    ]
    const rig = await openRig(t, { ...DOCUMENTS, policy })
    const answer = await rig.send('GET /v2/')
    if (actions.includes('*')) assert.equal(answer.status, 200)
    else checkChallenge(answer, challengeOf())
    assert.equal((await rig.send('GET /v2/any/manifests/v1')).status, 404)
  })
}

test('service and realm are as set', async (t) => {
  const args = ['--token-service=reg:1', '--token-realm=https://tokens.example/auth']
  const rig = await openRig(t, { ...DOCUMENTS, args })
  const challenge = 'Bearer realm="https://tokens.example/auth",service="reg:1"'
  checkChallenge(await rig.send('GET /v2/'), challenge)
  // Tokens come from there, and nowhere else.
  for (const path of ['/token', '/.well-known/jwks.json', '/.well-known/openid-configuration']) {
    assert.equal((await rig.send(`GET ${path}`)).status, 404, path)
  }
})

describe('Basic', () => {
  const shared = sharedRig({ ...DOCUMENTS, args: ['--auth=basic'] })
  const challenge = 'Basic realm="slipway"'

  for (const { method, target, more } of ENDPOINTS) {
    test(`${method} ${target('<name>')}`, async () => {
      const request = `${method} ${target('other')}`
      checkChallenge(await shared().send(request, more), challenge)
      const denied = await shared().send(request, { ...more, as: ALICE })
      assert.equal(denied.status, 403)
      assert.equal(denied.headers.get('WWW-Authenticate'), null)
      if (method !== 'HEAD') checkError(denied, 'DENIED')
    })
  }

  const pings: readonly (readonly [string, string | undefined, number])[] = [
    ['nothing', undefined, 401],
    ['a wrong password', basic('alice', 'wrong'), 401],
    ['empty credentials', 'Basic Og==', 401],
    ['the right password', ALICE, 200],
  ]
  for (const [description, as, status] of pings) {
    test(`/v2/ with ${description}: ${status}`, async () => {
      const answer = await shared().send('GET /v2/', { as })
      if (status === 401) checkChallenge(answer, challenge)
      else assert.equal(answer.status, 200)
    })
  }

  test('there is no token endpoint', async () => {
    assert.equal((await shared().send('GET /token', { as: ALICE })).status, 404)
  })
})
