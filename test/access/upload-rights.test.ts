/**
 * Until when an upload's address is good for anything: a fixed time after the start, and no longer than
 * whoever began it may push there.
 *
 * @module
 */

import { EncryptJWT } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import { formatRobots, newSecret, parseRobots } from '../../functions/auth/accounts/robots.ts'
import { rotateSigningKeys } from '../../functions/auth/keys/stored-keys.ts'
import { renewUploadSecret, uploadSecret } from '../../functions/compose/open-store.ts'
import {
  GROUPS_KEY,
  HTPASSWD_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  ROBOTS_KEY,
} from '../../functions/registry/layout.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { userLine, write } from '../auth/harness.ts'
import { blob } from '../support/hosts/content.ts'
import { checkError } from '../support/hosts/exchange.ts'
import type { Answer } from '../support/hosts/host.ts'
import {
  type AccessRig,
  basic,
  bearer,
  foreignToken,
  openRig,
  policyText,
  type RigOptions,
  tokenFor,
} from './rig.ts'

const HOUR = 60 * 60 * 1000
/** Within which documents take effect. */
const SOON = 30_000
const CONTENT = blob('whose right', 1000)
const SCOPE = 'repository:team/a:pull,push'
const START = 'POST /v2/team/a/blobs/uploads/'

/** Who may push whatever the others may; to see what an upload's address says to such a caller. */
const OWNER = basic('owner', 'sesame')
const OWNERS = { who: ['user:owner'], repositories: ['**'], actions: ['*'] }
const push = (...who: readonly string[]) => ({
  who,
  repositories: ['team/*'],
  actions: ['pull', 'push'],
})
const RULES = [
  OWNERS,
  push('user:alice', 'group:dev', 'robot:ci', 'anonymous', 'claim:team=a'),
] as const
const without = (subject: string) =>
  policyText([OWNERS, push(...RULES[1].who.filter((who) => who !== subject), 'user:nobody')])

const DOCUMENTS: RigOptions = {
  users: { owner: 'sesame', alice: 'right horse', bob: 'battery' },
  groups: { dev: ['bob'] },
  robots: ['ci'],
  policy: RULES,
  foreign: true,
}
const ALICE = basic('alice', 'right horse')
const BOB = basic('bob', 'battery')
const robot = ({ secrets }: AccessRig): string => basic('robot+ci', secrets.get('ci') ?? '')

const locationOf = ({ headers }: Answer): string => headers.get('Location') ?? ''

/** An upload that someone began and sent some bytes to. @returns its Location */
const begun = async (rig: AccessRig, as: string | undefined): Promise<string> => {
  const started = await rig.send(START, { as })
  expect(started.status).toBe(202)
  const body = CONTENT.bytes.subarray(0, 400)
  const patched = await rig.send(`PATCH ${locationOf(started)}`, { body })
  expect(patched.status).toBe(202)
  return locationOf(patched)
}

/** Every request that an upload's address is for. */
const requests = (location: string) =>
  [
    [`GET ${location}`, undefined, 204],
    [`PATCH ${location}`, CONTENT.bytes.subarray(400, 500), 202],
    [`PUT ${location}&digest=${CONTENT.sha256}`, CONTENT.bytes.subarray(400), 201],
  ] as const

/** Expects that the upload has ended for all, and nothing has come of it. */
const expectEnded = async (rig: AccessRig, location: string, why: RegExp): Promise<void> => {
  for (const [request, body] of [
    ...requests(location),
    [`DELETE ${location}`, undefined],
  ] as const) {
    const answer = await rig.send(request, { body })
    expect(answer.status, request).toBeGreaterThanOrEqual(401)
    const owners = await rig.send(request, { body, as: OWNER })
    expect(owners.status, request).toBe(404)
    checkError(owners, 'BLOB_UPLOAD_INVALID', why)
  }
  const there = await rig.send(`HEAD /v2/team/a/blobs/${CONTENT.sha256}`, { as: OWNER })
  expect(there.status).toBe(404)
}

const expectGoesOn = async (rig: AccessRig, location: string): Promise<void> => {
  for (const [request, body, status] of requests(location)) {
    expect((await rig.send(request, { body })).status, request).toBe(status)
  }
}

const htpasswd = async (rig: AccessRig, users: Readonly<Record<string, string>>) => {
  const lines = Object.entries({ owner: 'sesame', ...users }).map((each) => userLine(...each))
  await write(rig.store, HTPASSWD_KEY, (await Promise.all(lines)).join(''))
}

/** Gives the robot a new secret; the one before ends after some milliseconds. */
const newRobotSecret = async ({ store, clock }: AccessRig, keep: number): Promise<void> => {
  const read = await store.get(ROBOTS_KEY)
  const [old] = parseRobots(String(await readAll(read!.body, 10_000))).get('ci') ?? []
  const expires = new Date(clock.now() + keep).toISOString()
  const entries = [{ ...old!, expires }, newSecret(clock.now(), null).entry]
  await write(store, ROBOTS_KEY, formatRobots(new Map([['ci', entries]])))
}

const policy = (text: string) => (rig: AccessRig) => write(rig.store, POLICY_KEY, text)
const noIssuers = (rig: AccessRig) =>
  write(rig.store, ISSUERS_KEY, JSON.stringify({ version: 1, issuers: [] }))
const revoke = async ({ store, clock }: AccessRig) => {
  await rotateSigningKeys(store, { now: clock.now(), longestToken: HOUR, revoke: true })
}
const granting = ({ clock }: AccessRig) =>
  bearer(
    foreignToken(clock.now(), {
      access: [{ type: 'repository', name: 'team/a', actions: ['pull', 'push'] }],
    }),
  )
const claiming = ({ clock }: AccessRig) => bearer(foreignToken(clock.now(), { team: 'a' }))

type As = (rig: AccessRig) => Promise<string> | string | undefined
type Change = (rig: AccessRig) => Promise<unknown>

const ENDINGS: readonly (readonly [what: string, as: As, change: Change, why: RegExp])[] = [
  [
    'the account is removed, begun with a token',
    (rig) => tokenFor(rig, ALICE, SCOPE),
    (rig) => htpasswd(rig, { bob: 'battery' }),
    /the account that began it no longer exists/,
  ],
  [
    'the account is removed, begun with a password',
    () => ALICE,
    (rig) => htpasswd(rig, { bob: 'battery' }),
    /the account that began it no longer exists/,
  ],
  [
    'the password is changed, begun with it',
    () => ALICE,
    (rig) => htpasswd(rig, { alice: 'other', bob: 'battery' }),
    /the password or secret that it was begun with is no longer valid/,
  ],
  [
    'the password is changed, begun with a token for it',
    (rig) => tokenFor(rig, ALICE, SCOPE),
    (rig) => htpasswd(rig, { alice: 'other', bob: 'battery' }),
    /the password or secret that it was begun with is no longer valid/,
  ],
  [
    'the robot is removed',
    robot,
    ({ store }) => write(store, ROBOTS_KEY, formatRobots(new Map())),
    /the account that began it no longer exists/,
  ],
  [
    "the robot's secret has leaked and is replaced",
    (rig) => tokenFor(rig, robot(rig), SCOPE),
    (rig) => newRobotSecret(rig, 0),
    /the password or secret that it was begun with is no longer valid/,
  ],
  [
    'the user leaves the group',
    () => BOB,
    ({ store }) => write(store, GROUPS_KEY, 'dev:\n'),
    /may no longer push here/,
  ],
  [
    'the rule for the user is removed, begun with a token',
    (rig) => tokenFor(rig, ALICE, SCOPE),
    policy(without('user:alice')),
    /may no longer push here/,
  ],
  [
    'the rule for anonymous callers is removed',
    () => undefined,
    policy(without('anonymous')),
    /may no longer push here/,
  ],
  [
    'the rule for anonymous callers is removed, begun with a token',
    (rig) => tokenFor(rig, undefined, SCOPE),
    policy(without('anonymous')),
    /may no longer push here/,
  ],
  [
    'the issuer is removed whose token grants',
    granting,
    noIssuers,
    /the issuer of its token is no longer trusted/,
  ],
  [
    'the issuer is removed whose token has a claim that a rule names',
    claiming,
    noIssuers,
    /the issuer of its token is no longer trusted/,
  ],
  [
    'the rule for the claim is removed',
    claiming,
    policy(without('claim:team=a')),
    /may no longer push here/,
  ],
  [
    'a rule for a claim that was of no account forbids it',
    ({ clock }) => bearer(foreignToken(clock.now(), { team: 'a', left: true })),
    policy(
      policyText([
        OWNERS,
        { ...push('claim:left=true'), effect: 'deny' },
        push('claim:team=a', 'anonymous'),
      ]),
    ),
    /may no longer push here/,
  ],
  [
    'keys are revoked, begun with a token',
    (rig) => tokenFor(rig, ALICE, SCOPE),
    revoke,
    /the key that signed its token was revoked/,
  ],
  [
    'keys are revoked, begun with a token of an anonymous caller',
    (rig) => tokenFor(rig, undefined, SCOPE),
    revoke,
    /the key that signed its token was revoked/,
  ],
  [
    'the secret that seals uploads is replaced, as keys rotate --revoke does',
    () => ALICE,
    ({ store }) => renewUploadSecret(store),
    /was not issued by this registry/,
  ],
]

describe('an upload ends within 30 seconds when', () => {
  test.each(ENDINGS)('%s', async (_, as, change, why) => {
    const rig = await openRig({ onTestFinished }, DOCUMENTS)
    const location = await begun(rig, await as(rig))
    await change(rig)
    rig.clock.pass(SOON)
    await expectEnded(rig, location, why)
  })
})

test('who goes on with an upload that has ended is in the audit trail', async () => {
  const rig = await openRig({ onTestFinished }, DOCUMENTS)
  const location = await begun(rig, ALICE)
  await policy(without('user:alice'))(rig)
  rig.clock.pass(SOON)
  await rig.send(`GET ${location}`, { address: '192.0.2.66' })
  expect(rig.events().at(-1)).toMatchObject({
    event: 'refusal',
    who: 'user:alice',
    what: SCOPE,
    from: '192.0.2.66',
    outcome: 'failed',
    why: 'the upload has ended: who began it may no longer push here',
  })
})

const UNHARMED: readonly (readonly [what: string, as: As, change: Change])[] = [
  [
    "another's account is removed",
    () => ALICE,
    async ({ store }) => {
      const read = await store.get(HTPASSWD_KEY)
      const lines = String(await readAll(read!.body, 10_000)).split(/^/m)
      await write(store, HTPASSWD_KEY, lines.filter((line) => !line.startsWith('bob:')).join(''))
    },
  ],
  ['the rule of others is removed', () => ALICE, policy(without('group:dev'))],
  [
    'a robot has a new secret, and the one before is valid for a while',
    robot,
    (rig) => newRobotSecret(rig, HOUR),
  ],
  [
    'keys are rotated without being revoked',
    (rig) => tokenFor(rig, ALICE, SCOPE),
    ({ store, clock }) =>
      rotateSigningKeys(store, { now: clock.now(), longestToken: 90 * 24 * HOUR }),
  ],
  ['the policy says otherwise, but the issuer has decided', granting, policy(policyText([OWNERS]))],
  ['the token with the claim has expired', claiming, async ({ clock }) => clock.pass(HOUR)],
]

describe('an upload goes on when', () => {
  test.each(UNHARMED)('%s', async (_, as, change) => {
    const rig = await openRig({ onTestFinished }, DOCUMENTS)
    const location = await begun(rig, await as(rig))
    await change(rig)
    rig.clock.pass(SOON)
    await expectGoesOn(rig, location)
  })
})

test('a registry that was open is set up: what had begun ends, as it was anonymous', async () => {
  const rig = await openRig({ onTestFinished }, { onlyLocal: true })
  const location = await begun(rig, undefined)
  await write(rig.store, POLICY_KEY, policyText([OWNERS]))
  await htpasswd(rig, {})
  rig.clock.pass(SOON)
  await expectEnded(rig, location, /may no longer push here/)
})

describe('the time of an upload', () => {
  test.each([
    { args: [], life: 24 * HOUR },
    { args: ['--upload-life=90m'], life: 1.5 * HOUR },
  ])('counts from its start: $args', async ({ args, life }) => {
    const rig = await openRig({ onTestFinished }, { ...DOCUMENTS, args })
    let location = await begun(rig, ALICE)
    const before = life / 3
    for (let asked = 0; asked < 2; asked++) {
      rig.clock.pass(before)
      const stands = await rig.send(`GET ${location}`)
      expect(stands.status).toBe(204)
      location = locationOf(stands)
    }
    rig.clock.pass(before - 2000)
    const late = await rig.send(`PATCH ${location}`, { body: CONTENT.bytes.subarray(400, 500) })
    expect(late.status).toBe(202)
    rig.clock.pass(3000)
    for (const each of [location, locationOf(late)]) await expectEnded(rig, each, /has expired/)
  })
})

describe('an upload that does not tell whose it is', () => {
  /** Claims that do not fit a note. */
  const large = Object.fromEntries(
    Array.from({ length: 100 }, (_, n) => [`claim-${n}`, blob(`claim ${n}`, 1).sha256]),
  )

  test('needs the right with each request: a token with too many claims', async () => {
    const rig = await openRig({ onTestFinished }, DOCUMENTS)
    const as = bearer(foreignToken(rig.clock.now(), { team: 'a', ...large }))
    const started = await rig.send(START, { as })
    const location = locationOf(started)
    expect(location.length).toBeLessThan(1000)
    await policy(without('anonymous'))(rig)
    rig.clock.pass(SOON)
    for (const [request, body] of requests(location)) {
      expect((await rig.send(request, { body })).status).toBe(401)
    }
    const put = `PUT ${location}&digest=${CONTENT.sha256}`
    expect((await rig.send(put, { as, body: CONTENT.bytes })).status).toBe(201)
  })

  test('needs the right with each request: begun at version 1.0, and ends a day after that', async () => {
    const rig = await openRig({ onTestFinished }, DOCUMENTS)
    const uuid = '0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'
    const state = { name: 'team/a', uuid, by: 'user:alice', offset: 0, algorithm: 'sha256' }
    const token = await new EncryptJWT({ s: { ...state, segments: [], litter: false } })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setIssuer('slipway-upload')
      .setExpirationTime(Math.floor((rig.clock.now() + 24 * HOUR) / 1000))
      .encrypt(await uploadSecret(rig.store))
    await policy(without('anonymous'))(rig)
    rig.clock.pass(12 * HOUR)
    const location = `/v2/team/a/blobs/uploads/${uuid}?_state=${token}`
    expect((await rig.send(`GET ${location}`)).status).toBe(401)
    const stands = await rig.send(`GET ${location}`, { as: ALICE })
    expect(stands.status).toBe(204)
    rig.clock.pass(12 * HOUR + 1000)
    await expectEnded(rig, locationOf(stands), /has expired/)
  })
})

test('a note of a version to come ends the upload rather than failing', async () => {
  const rig = await openRig({ onTestFinished }, DOCUMENTS)
  const uuid = '0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'
  const seconds = Math.floor(rig.clock.now() / 1000)
  const state = {
    name: 'team/a',
    uuid,
    offset: 0,
    algorithm: 'sha256',
    segments: [],
    litter: false,
  }
  for (const holder of ['{"by":"moon"}', 'moon', '{"by":"issuer","issuer":"x"}']) {
    const token = await new EncryptJWT({ s: { ...state, began: seconds, holder } })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setIssuer('slipway-upload')
      .setExpirationTime(seconds + 3600)
      .encrypt(await uploadSecret(rig.store))
    const location = `/v2/team/a/blobs/uploads/${uuid}?_state=${token}`
    await expectEnded(rig, location, /cannot read who began it|no longer trusted/)
  }
})

test('the address is the longer for its note, and still short', async () => {
  const rig = await openRig({ onTestFinished }, DOCUMENTS)
  const many = { team: 'a', groups: Array.from({ length: 30 }, (_, n) => `group-${n}`) }
  const as = bearer(foreignToken(rig.clock.now(), many))
  expect(locationOf(await rig.send(START, { as })).length).toBeLessThan(1500)
})
