/**
 * Refresh tokens: where they are issued, what ends them, and that no kind of token is accepted
 * as another.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import {
  formatRobots,
  newSecret,
  parseRobots,
  rotated,
} from '../../functions/auth/accounts/robots.ts'
import { readDocument } from '../../functions/auth/document.ts'
import { HTPASSWD_KEY, ROBOTS_KEY } from '../../functions/registry/layout.ts'
import { userLine, write } from '../auth/harness.ts'
import { type AccessRig, basic, bearer, claimsOf, foreignToken, jsonOf, openRig } from './rig.ts'

const DOCUMENTS = {
  users: { alice: 'right horse', bob: 'battery' },
  robots: ['ci'],
  foreign: true,
  policy: [{ who: ['authenticated'], repositories: ['**'], actions: ['pull', 'push'] }],
}
const ALICE = basic('alice', 'right horse')
const SCOPE = 'scope=repository:a:pull,push'
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

const refresh = ({ send }: AccessRig, token: string) =>
  send('POST /token', {
    headers: FORM,
    body: Buffer.from(
      `grant_type=refresh_token&client_id=docker&service=slipway&${SCOPE}&refresh_token=${token}`,
    ),
  })

/** A refresh token of an account. */
const refreshToken = async ({ send }: AccessRig, as: string): Promise<string> => {
  const answer = await send('GET /token?offline_token=true&client_id=docker', { as })
  return jsonOf(answer).refresh_token
}

const WANTED: readonly (readonly [string, string, string | undefined, boolean])[] = [
  ['GET with offline_token', 'GET /token?offline_token=true', undefined, true],
  ['GET without', 'GET /token', undefined, false],
  ['GET with offline_token=false', 'GET /token?offline_token=false', undefined, false],
  ['POST with access_type=offline', 'POST /token', 'access_type=offline', true],
  ['POST with offline_token', 'POST /token', 'offline_token=true', true],
  ['POST with access_type=online', 'POST /token', 'access_type=online', false],
]
for (const [description, request, fields, given] of WANTED) {
  test(`${description}: ${given ? 'one is given' : 'none is given'}`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const credentials = 'grant_type=password&username=alice&password=right+horse'
    const answer =
      fields === undefined
        ? await rig.send(request, { as: ALICE })
        : await rig.send(request, { headers: FORM, body: Buffer.from(`${credentials}&${fields}`) })
    assert.equal(answer.status, 200)
    const { refresh_token: token } = jsonOf(answer)
    assert.equal(token !== undefined, given)
    if (given) assert.equal((await refresh(rig, token)).status, 200)
  })
}

test('an anonymous caller gets none', async (t) => {
  const policy = [{ who: ['anonymous'], repositories: ['**'], actions: ['pull'] }]
  const { send } = await openRig(t, { ...DOCUMENTS, policy })
  const answer = await send('GET /token?offline_token=true')
  assert.equal(answer.status, 200)
  assert.equal(jsonOf(answer).refresh_token, undefined)
})

test('it gives access tokens for what the policy allows now, and no refresh token', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  const answer = await refresh(rig, await refreshToken(rig, ALICE))
  assert.equal(answer.status, 200)
  const { access_token: token, refresh_token: again } = jsonOf(answer)
  assert.equal(again, undefined)
  assert.equal(claimsOf(token).sub, 'alice')
  const access = [{ type: 'repository', name: 'a', actions: ['pull', 'push'] }]
  assert.deepEqual(claimsOf(token).access, access)
  const pushed = await rig.send('POST /v2/a/blobs/uploads/', { as: bearer(token) })
  assert.equal(pushed.status, 202)
})

test('BuildKit with a docker CLI that has logged in sends it as the password of no name', async (t) => {
  // Where anonymous callers get tokens, it would keep theirs, and could not push.
  const everybody = { who: ['anonymous'], repositories: ['open/**'], actions: ['pull'] } as const
  const rig = await openRig(t, { ...DOCUMENTS, policy: [...DOCUMENTS.policy, everybody] })
  const as = basic('', await refreshToken(rig, ALICE))
  const answer = await rig.send(`GET /token?service=slipway&${SCOPE}`, { as })
  assert.equal(answer.status, 200)
  const { sub, access } = claimsOf(jsonOf(answer).token)
  assert.deepEqual([sub, access[0].actions], ['alice', ['pull', 'push']])
  const login = rig.events().findLast(({ event }) => event === 'login')
  assert.deepEqual([login?.who, login?.what, login?.outcome], ['user:alice', 'refresh', 'ok'])
})

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** What happens to the refresh tokens of alice and robot+ci after a change. */
const ENDS: readonly (readonly [
  description: string,
  change: (rig: AccessRig) => Promise<void> | void,
  alice: number,
  robot: number,
])[] = [
  ['nothing', () => {}, 200, 200],
  ['80 days', ({ clock }) => clock.pass(80 * DAY), 200, 200],
  ['91 days', ({ clock }) => clock.pass(91 * DAY), 401, 401],
  [
    'a new password',
    async ({ store }) => {
      const lines = [await userLine('alice', 'other'), await userLine('bob', 'battery')]
      await write(store, HTPASSWD_KEY, lines.join(''))
    },
    401,
    200,
  ],
  [
    'the same password hashed again',
    async ({ store }) => {
      await write(store, HTPASSWD_KEY, await userLine('alice', 'right horse'))
    },
    401,
    200,
  ],
  [
    'the account is removed',
    async ({ store }) => {
      await write(store, HTPASSWD_KEY, await userLine('bob', 'battery'))
      await write(store, ROBOTS_KEY, formatRobots(new Map()))
    },
    401,
    401,
  ],
  [
    'the robot has a new secret beside the old one',
    async ({ store, clock }) => {
      const robots = parseRobots(await readDocument(store, ROBOTS_KEY))
      const { entry } = newSecret(clock.now(), null)
      const secrets = rotated(robots.get('ci') ?? [], entry, clock.now(), clock.now() + DAY)
      await write(store, ROBOTS_KEY, formatRobots(new Map([['ci', secrets]])))
    },
    200,
    200,
  ],
  [
    "the robot's old secret has ended",
    async ({ store, clock }) => {
      const robots = parseRobots(await readDocument(store, ROBOTS_KEY))
      const { entry } = newSecret(clock.now(), null)
      const secrets = rotated(robots.get('ci') ?? [], entry, clock.now(), clock.now() + 1000)
      await write(store, ROBOTS_KEY, formatRobots(new Map([['ci', secrets]])))
    },
    200,
    401,
  ],
]
for (const [description, change, alice, robot] of ENDS) {
  test(`after ${description}: alice ${alice}, robot ${robot}`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const ofAlice = await refreshToken(rig, ALICE)
    const ofRobot = await refreshToken(rig, basic('robot+ci', rig.secrets.get('ci') ?? ''))
    await change(rig)
    rig.clock.pass(MINUTE)
    const answers = [await refresh(rig, ofAlice), await refresh(rig, ofRobot)]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [alice, robot],
    )
    for (const { status, headers, body } of answers) {
      if (status !== 401) continue
      assert.equal(headers.get('WWW-Authenticate'), 'Basic realm="slipway"')
      assert.ok(!body.includes(ofAlice) && !body.includes(ofRobot))
    }
  })
}

describe('no kind of token is accepted as another', () => {
  test('a refresh token at the registry', async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const as = bearer(await refreshToken(rig, ALICE))
    for (const request of ['GET /v2/', 'GET /v2/a/tags/list', 'POST /v2/a/blobs/uploads/']) {
      const answer = await rig.send(request, { as })
      assert.equal(answer.status, 401, request)
      assert.match(answer.headers.get('WWW-Authenticate') ?? '', /error="invalid_token"$/)
    }
  })

  test('an access token, ours or not, as a refresh token', async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const own = jsonOf(await rig.send(`GET /token?${SCOPE}`, { as: ALICE })).token
    const claims = { typ: 'refresh', aud: ['slipway', 'slipway-refresh:slipway'], kind: 'user' }
    const others = foreignToken(rig.clock.now(), { ...claims, sub: 'alice', cred: 'x', jti: 'x' })
    for (const token of [own, others, '', 'nonsense']) {
      assert.equal((await refresh(rig, token)).status, 401)
    }
  })

  test('any token as Bearer at the token endpoint, or as a password', async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const { token, refresh_token: long } = jsonOf(
      await rig.send('GET /token?offline_token=true', { as: ALICE }),
    )
    for (const each of [token, long]) {
      for (const as of [bearer(each), basic('alice', each), basic('<token>', each)]) {
        assert.equal((await rig.send('GET /token', { as })).status, 401)
      }
    }
  })

  test("an upload's state as a bearer token", async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const begun = await rig.send('POST /v2/a/blobs/uploads/', { as: ALICE })
    const state = new URL(begun.headers.get('Location') ?? '', 'http://x').searchParams
    const answer = await rig.send('GET /v2/', { as: bearer(state.get('_state') ?? '') })
    assert.equal(answer.status, 401)
  })
})
