/**
 * An upload's state authorizes the rest of that upload, after the token that started it has expired, and
 * nothing else. Until when: see upload-rights.test.ts.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { blob, CONFIG } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { IMAGE } from './endpoints.ts'
import { type AccessRig, basic, bearer, ORIGIN, openRig, sharedRig, tokenFor } from './rig.ts'

const DOCUMENTS = {
  users: { alice: 'right horse', bob: 'battery' },
  images: ['team/a', 'team/b'],
  policy: [
    { who: ['user:alice'], repositories: ['team/*'], actions: ['*'] },
    { who: ['user:bob'], repositories: ['team/b'], actions: ['pull', 'push'] },
  ],
}
const ALICE = basic('alice', 'right horse')
const CONTENT = blob('pushed slowly', 300_000)
const HOUR = 60 * 60 * 1000
const SCOPE = 'repository:team/a:pull,push'

const locationOf = ({ headers }: Answer): string => headers.get('Location') ?? ''

/** Starts an upload to team/a. @returns its Location */
const begin = async (rig: AccessRig, as: string): Promise<string> => {
  const begun = await rig.send('POST /v2/team/a/blobs/uploads/', { as })
  assert.equal(begun.status, 202)
  return locationOf(begun)
}

/** What clients send along with the rest of an upload. */
const SHOWN: readonly (readonly [string, (token: string) => string | undefined])[] = [
  ['the token that has ended', (token) => token],
  ['nothing', () => undefined],
  ['a bad token', () => bearer('nonsense')],
  ['a wrong password', () => basic('alice', 'wrong')],
  ['credentials of one who may not push here', () => basic('bob', 'battery')],
]

for (const [description, show] of SHOWN) {
  test(`after the token has expired an upload continues with its Location alone, showing ${description}`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const token = await tokenFor(rig, ALICE, SCOPE)
    let location = await begin(rig, token)
    const as = show(token)
    rig.clock.pass(HOUR)
    assert.equal((await rig.send('GET /v2/', { as: token })).status, 401)
    const first = CONTENT.bytes.subarray(0, 100_000)
    const patched = await rig.send(`PATCH ${location}`, { as, body: first })
    assert.equal(patched.status, 202)
    rig.clock.pass(HOUR)
    const stands = await rig.send(`GET ${locationOf(patched)}`, { as })
    assert.equal(stands.status, 204)
    location = locationOf(stands)
    const rest = CONTENT.bytes.subarray(100_000)
    const put = await rig.send(`PUT ${location}&digest=${CONTENT.sha256}`, { as, body: rest })
    assert.equal(put.status, 201)
    const held = await rig.send(`GET /v2/team/a/blobs/${CONTENT.sha256}`, { as: ALICE })
    assert.ok(held.body.equals(CONTENT.bytes))
    // Whoever started it pushed it, whatever credentials came later.
    const push = rig.events().find(({ event }) => event === 'push')
    assert.equal(push?.who, 'user:alice')
  })
}

describe('a state is valid for its own upload only', () => {
  const shared = sharedRig(DOCUMENTS)

  /** Locations of two uploads, and the state of the first. */
  const two = async () => {
    const [mine, other] = [await begin(shared(), ALICE), await begin(shared(), ALICE)]
    const state = new URL(mine, ORIGIN).searchParams.get('_state') ?? ''
    const path = (location: string) => location.split('?')[0] ?? ''
    return { state, mine: path(mine), other: path(other), uuid: path(mine).split('/').at(-1) }
  }
  type Two = Awaited<ReturnType<typeof two>>
  const digest = `digest=${CONFIG.sha256}`

  const FORGED: readonly (readonly [string, (all: Two) => string])[] = [
    ['no state', ({ mine }) => `${mine}?`],
    ['an empty state', ({ mine }) => `${mine}?_state=`],
    ['nonsense', ({ mine }) => `${mine}?_state=nonsense`],
    ['another upload', ({ other, state }) => `${other}?_state=${state}`],
    ['another repository', ({ uuid, state }) => `/v2/team/b/blobs/uploads/${uuid}?_state=${state}`],
    [
      'a repository that does not exist',
      ({ uuid, state }) => `/v2/no/where/blobs/uploads/${uuid}?_state=${state}`,
    ],
    [
      'the upload without its uuid',
      ({ state }) =>
        `/v2/team/a/blobs/uploads/00000000-0000-4000-8000-000000000000?_state=${state}`,
    ],
    ['a state cut short', ({ mine, state }) => `${mine}?_state=${state.slice(0, -2)}`],
    [
      'a state changed',
      // The first of the two: every bit of it counts, as not all of the last one's do.
      ({ mine, state }) =>
        `${mine}?_state=${state.slice(0, -2)}${state.at(-2) === 'A' ? 'B' : 'A'}${state.at(-1)}`,
    ],
    // Of its last character two bits count: `B` decodes as `A` does, `R` as `Q` does, and so on.
    [
      'a state of the same bytes, spelled otherwise',
      ({ mine, state }) =>
        `${mine}?_state=${state.slice(0, -1)}${String.fromCharCode((state.codePointAt(state.length - 1) ?? 0) + 1)}`,
    ],
    ['a state with padding', ({ mine, state }) => `${mine}?_state=${state}%3D%3D`],
    ['a state after another one', ({ mine, state }) => `${mine}?_state=x&_state=${state}`],
  ]
  for (const [description, target] of FORGED) {
    for (const method of ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE']) {
      test(`${method}, ${description}: 401 to a stranger`, async () => {
        const query = method === 'PUT' ? `&${digest}` : ''
        const body = ['PATCH', 'PUT'].includes(method) ? { body: CONFIG.bytes } : {}
        const answer = await shared().send(`${method} ${target(await two())}${query}`, body)
        assert.equal(answer.status, 401)
        assert.match(answer.headers.get('WWW-Authenticate') ?? '', /^Bearer realm=.*:pull,push"$/)
      })
    }
  }

  const ELSEWHERE: readonly string[] = [
    'GET /v2/',
    'GET /v2/_catalog',
    'GET /v2/team/a/tags/list',
    'GET /v2/team/a/manifests/v1',
    `HEAD /v2/team/a/manifests/${IMAGE.sha256}`,
    'PUT /v2/team/a/manifests/v2',
    'DELETE /v2/team/a/manifests/v1',
    `GET /v2/team/a/blobs/${CONFIG.sha256}`,
    `DELETE /v2/team/a/blobs/${CONFIG.sha256}`,
    `GET /v2/team/a/referrers/${IMAGE.sha256}`,
    'POST /v2/team/a/blobs/uploads/',
    `POST /v2/team/a/blobs/uploads/?mount=${CONFIG.sha256}&from=team/b`,
    `POST /v2/team/a/blobs/uploads/?${digest}`,
  ]
  for (const request of ELSEWHERE) {
    test(`elsewhere it is worthless: ${request}`, async () => {
      const { state } = await two()
      const target = `${request}${request.includes('?') ? '&' : '?'}_state=${state}`
      const body = request.startsWith('PUT') ? { body: IMAGE.bytes } : {}
      assert.equal((await shared().send(target, body)).status, 401)
      const shown = await shared().send(target, { ...body, as: bearer(state) })
      assert.equal(shown.status, 401)
    })
  }

  test('a tampered one is refused, and the right one still works', async () => {
    const { mine, state } = await two()
    const put = `PUT ${mine}?_state=${state}&${digest}`
    assert.equal((await shared().send(put, { body: CONFIG.bytes })).status, 201)
  })
})
