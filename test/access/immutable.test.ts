/**
 * Who may move and delete immutable tags, and what the audit trail has of it.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { RETENTION_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { imageOf } from '../support/hosts/content.ts'
import { type AccessRig, basic, bearer, foreignToken, openRig, tokenFor } from './rig.ts'

const OLD = imageOf()
const NEW = imageOf([], { annotations: { is: 'new' } })
const MANIFEST = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' }
const ALICE = basic('alice', 'right horse')
const ROOT = basic('root', 'wrong battery')
const RULES = JSON.stringify({ version: 1, immutable: [{ repositories: ['app'] }] })

const DOCUMENTS = {
  users: { alice: 'right horse', root: 'wrong battery' },
  foreign: true,
  images: ['app', 'other'],
  policy: [
    { who: ['user:alice', 'user:root'], repositories: ['**'], actions: ['*'] },
    { who: ['user:root'], repositories: ['app'], actions: ['override'] },
  ],
}
const SCOPE = 'repository:app:pull,push,delete'

type As = (rig: AccessRig) => string | Promise<string>

const foreign =
  (...actions: string[]): As =>
  ({ clock }) =>
    bearer(
      foreignToken(clock.now(), {
        sub: 'root',
        access: [{ type: 'repository', name: 'app', actions }],
      }),
    )

const MAY: Readonly<Record<string, readonly [as: As, who: string]>> = {
  'Basic, with override': [() => ROOT, 'user:root'],
  'a token, with override in the policy': [(rig) => tokenFor(rig, ROOT, SCOPE), 'user:root'],
  "another issuer's token that says so": [foreign('*', 'override'), 'token:root'],
}

const MAY_NOT: Readonly<Record<string, As>> = {
  'Basic, with *': () => ALICE,
  'a token, with * in the policy': (rig) => tokenFor(rig, ALICE, SCOPE),
  'a token for which override was asked': (rig) => tokenFor(rig, ALICE, `${SCOPE},override`),
  "another issuer's token with *": foreign('*'),
}

const REQUESTS: Readonly<Record<string, readonly [request: string, status: number, what: string]>> =
  {
    'a push': [`PUT /v2/app/manifests/v1`, 201, `app:v1 at ${OLD.sha256} moved to ${NEW.sha256}`],
    'a push by digest': [
      `PUT /v2/app/manifests/${NEW.sha256}?tag=v1`,
      201,
      `app:v1 at ${OLD.sha256} moved to ${NEW.sha256}`,
    ],
    'a delete': ['DELETE /v2/app/manifests/v1', 202, `app:v1 at ${OLD.sha256} deleted`],
    'a delete by digest': [
      `DELETE /v2/app/manifests/${OLD.sha256}`,
      202,
      `app:v1 at ${OLD.sha256} deleted`,
    ],
  }

const more = (request: string, as: string) =>
  request.startsWith('PUT') ? { as, body: NEW.bytes, headers: MANIFEST } : { as }

for (const [title, [request, status, what]] of Object.entries(REQUESTS)) {
  describe(title, () => {
    for (const [by, [as, who]] of Object.entries(MAY)) {
      test(`by ${by} goes, and is in the trail`, async (t) => {
        const rig = await openRig(t, DOCUMENTS)
        await write(rig.store, RETENTION_KEY, RULES)
        const answer = await rig.send(request, more(request, await as(rig)))
        expect(answer.status, answer.body.toString()).toBe(status)
        const overrides = rig.events().filter(({ event }) => event === 'override')
        const requestId = answer.headers.get('X-Request-Id')
        expect(overrides).toEqual([
          { event: 'override', who, what, from: '192.0.2.1', outcome: 'ok', requestId },
        ])
      })
    }

    for (const [by, as] of Object.entries(MAY_NOT)) {
      test(`by ${by} is refused`, async (t) => {
        const rig = await openRig(t, DOCUMENTS)
        await write(rig.store, RETENTION_KEY, RULES)
        const answer = await rig.send(request, more(request, await as(rig)))
        expect(answer.status, answer.body.toString()).toBe(409)
        expect(rig.events().filter(({ event }) => event === 'override')).toEqual([])
      })
    }
  })
}

test('with ?override=false whoever may is refused', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  await write(rig.store, RETENTION_KEY, RULES)
  for (const [request] of Object.values(REQUESTS)) {
    const kept = `${request}${request.includes('?') ? '&' : '?'}override=false`
    expect((await rig.send(kept, more(kept, ROOT))).status).toBe(409)
  }
  const wrong = 'DELETE /v2/app/manifests/v1?override=no'
  expect((await rig.send(wrong, more(wrong, ROOT))).status).toBe(400)
})

test('an override where nothing is immutable is none', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  await write(rig.store, RETENTION_KEY, RULES)
  for (const request of ['PUT /v2/other/manifests/v1', 'PUT /v2/app/manifests/new']) {
    expect((await rig.send(request, more(request, ROOT))).status).toBe(201)
  }
  expect(rig.events().filter(({ event }) => event === 'override')).toEqual([])
})

test('in an open registry nobody may', async (t) => {
  const rig = await openRig(t, { args: ['--auth=off'], images: ['app'] })
  await write(rig.store, RETENTION_KEY, RULES)
  const request = 'PUT /v2/app/manifests/v1'
  expect((await rig.send(request, { body: NEW.bytes, headers: MANIFEST })).status).toBe(409)
})

test('rules that cannot be read let no tag change, and the last good ones stay', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  await write(rig.store, RETENTION_KEY, 'immutable: 7')
  const request = 'PUT /v2/app/manifests/new'
  const push = async () => (await rig.send(request, more(request, ALICE))).status
  expect(await push()).toBe(503)
  expect((await rig.send('GET /v2/app/manifests/v1', { as: ALICE })).status).toBe(200)
  await write(rig.store, RETENTION_KEY, RULES)
  rig.clock.pass(20_000)
  expect(await push()).toBe(201)
  await write(rig.store, RETENTION_KEY, 'immutable: 7')
  rig.clock.pass(20_000)
  expect((await rig.send('DELETE /v2/app/manifests/v1', { as: ALICE })).status).toBe(409)
  const messages = rig.logged.flatMap(({ message }) => message.match(/^rules on tags.*/)?.[0] ?? [])
  expect(messages).toEqual([
    'rules on tags unusable: no tag can be changed',
    'rules on tags unusable: the last good ones stay in force',
  ])
})
