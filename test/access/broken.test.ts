/**
 * An invalid document never lets anybody in: the last good one stays.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import {
  GROUPS_KEY,
  HTPASSWD_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  ROBOTS_KEY,
} from '../../functions/registry/layout.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { write } from '../auth/harness.ts'
import { checkError } from '../support/hosts/exchange.ts'
import { type AccessRig, bearer, foreignToken, openRig, tokenFor } from './rig.ts'
import { ALICE, BOB, DOCUMENTS, PULL, robot, SOON } from './world.ts'

const BROKEN: readonly (readonly [string, key: string, text: string])[] = [
  ['policy: not YAML', POLICY_KEY, 'rules: ['],
  ['policy: an unknown field', POLICY_KEY, '{"version":1,"rules":[],"open":true}'],
  ['policy: another version', POLICY_KEY, '{"version":2,"rules":[]}'],
  ['policy: empty', POLICY_KEY, ''],
  [
    'policy: a rule that would open everything, and one that is wrong',
    POLICY_KEY,
    'version: 1\nrules:\n- {who: [anonymous], repositories: ["**"], actions: ["*"]}\n- {who: []}\n',
  ],
  ['htpasswd: not bcrypt', HTPASSWD_KEY, 'mallory:$apr1$x$y\n'],
  ['htpasswd: a password as it is', HTPASSWD_KEY, 'mallory:hunter2\n'],
  ['robots: no JSON', ROBOTS_KEY, 'ci'],
  ['groups: no group', GROUPS_KEY, 'dev\n'],
]

/** Callers about whom nothing can be decided without a document. */
const DEPENDENT: Readonly<Record<string, (rig: AccessRig) => readonly (string | undefined)[]>> = {
  [POLICY_KEY]: (rig) => [ALICE, BOB, robot(rig), undefined],
  [HTPASSWD_KEY]: () => [ALICE, BOB],
  [ROBOTS_KEY]: (rig) => [robot(rig)],
  [GROUPS_KEY]: (rig) => [ALICE, BOB, robot(rig)],
}

for (const [description, key, text] of BROKEN) {
  test(`broken later, ${description}: the last good one stays, loudly`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const states = async () => {
      const callers = [ALICE, BOB, robot(rig), undefined]
      const sent = callers.map((as) => rig.send(PULL, { as }))
      return (await Promise.all(sent)).map(({ status }) => status)
    }
    const before = await states()
    assert.deepEqual(before, [200, 403, 200, 401])
    await write(rig.store, key, text)
    for (let turn = 0; turn < 3; turn++) {
      rig.clock.pass(SOON)
      assert.deepEqual(await states(), before)
    }
    const errors = rig.logged.filter(({ level }) => level === 'error')
    assert.ok(errors.length >= 1)
    for (const { fields, message } of errors) {
      assert.equal(fields.key, key)
      assert.match(message, /the last good one stays in force/)
    }
    const failed = rig
      .events()
      .filter(({ event, outcome }) => event === 'config' && outcome === 'failed')
    assert.ok(failed.length >= 1 && failed.every(({ what, why }) => what === key && why))
    // A document with an invalid hash may contain a password.
    assert.ok(!JSON.stringify(rig.logged).includes('hunter2'))
  })

  for (const auth of ['token', 'basic', 'auto']) {
    test(`broken from the start, ${description}, --auth ${auth}: whoever depends on it does not get in`, async (t) => {
      const rig = await openRig(t, { ...DOCUMENTS, args: [`--auth=${auth}`], onlyLocal: true })
      await write(rig.store, key, text)
      for (const as of DEPENDENT[key]?.(rig) ?? []) {
        for (const request of [PULL, 'POST /v2/a/blobs/uploads/', 'GET /v2/_catalog', 'GET /v2/']) {
          const answer = await rig.send(request, { as })
          assert.equal(answer.status, 503, request)
          checkError(answer, 'UNAVAILABLE', /access control cannot be read/)
        }
        if (auth === 'basic') continue
        assert.equal((await rig.send('GET /token?scope=repository:a:pull', { as })).status, 503)
      }
      assert.notEqual((await rig.send(PULL)).status, 200)
      assert.ok(rig.logged.some(({ message }) => message.includes('all access is denied')))
    })
  }

  test(`repaired: ${description}`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const good = await rig.store.get(key)
    const bytes = await readAll(good?.body ?? [], 100_000)
    await write(rig.store, key, text)
    const as = key === ROBOTS_KEY ? robot(rig) : ALICE
    assert.equal((await rig.send(PULL, { as })).status, 503)
    await rig.store.put(key, bytes)
    rig.clock.pass(SOON)
    assert.equal((await rig.send(PULL, { as })).status, 200)
  })
}

/** Documents of issuers that cannot be used, some only when their keys are read. */
const BROKEN_ISSUERS: readonly (readonly [string, issuers: object | string])[] = [
  ['not YAML', '['],
  ['an unknown field', { issuer: 'x', jwks: { keys: [] }, open: true }],
  ['certificates that are none', { issuer: 'x', certificates: 'nonsense' }],
  ['a URL without TLS', { issuer: 'x', jwksUrl: 'http://keys.example/jwks' }],
  ['an issuer twice', [1, 2].map(() => ({ issuer: 'x', jwks: { keys: [] } }))],
]
for (const [description, issuers] of BROKEN_ISSUERS) {
  const document = { version: 1, issuers: [issuers].flat() }
  const text = typeof issuers === 'string' ? issuers : JSON.stringify(document)
  const callers = async (rig: AccessRig) => [
    bearer(foreignToken(rig.clock.now(), { role: 'admin' })),
    await tokenFor(rig, ALICE, 'repository:a:pull'),
  ]

  test(`issuers broken later, ${description}: those before stay trusted, loudly`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const shown = await callers(rig)
    for (const as of shown) assert.equal((await rig.send(PULL, { as })).status, 200)
    await write(rig.store, ISSUERS_KEY, text)
    rig.clock.pass(SOON)
    for (const as of shown) assert.equal((await rig.send(PULL, { as })).status, 200)
    const errors = rig.logged.filter(({ level }) => level === 'error')
    assert.match(errors[0]?.message ?? '', /the last good one stays in force/)
  })

  test(`issuers broken from the start, ${description}: no token is believed`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    await write(rig.store, ISSUERS_KEY, text)
    for (const as of await callers(rig)) assert.equal((await rig.send(PULL, { as })).status, 503)
    assert.equal((await rig.send(PULL, { as: ALICE })).status, 200)
  })
}
