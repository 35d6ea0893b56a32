/**
 * Changes to who may do what are seen soon, without a restart.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { test } from 'vitest'
import { formatRobots } from '../../functions/auth/accounts/robots.ts'
import {
  GROUPS_KEY,
  HTPASSWD_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  ROBOTS_KEY,
} from '../../functions/registry/layout.ts'
import { userLine, write } from '../auth/harness.ts'
import {
  type AccessRig,
  basic,
  bearer,
  foreignToken,
  jsonOf,
  openRig,
  policyText,
  tokenFor,
  writeDocuments,
} from './rig.ts'
import { ALICE, BOB, DOCUMENTS, PULL, robot, SOON } from './world.ts'

interface Change {
  readonly description: string
  readonly change: (rig: AccessRig) => Promise<unknown>
  readonly as: (rig: AccessRig) => Promise<string> | string
  /** Statuses of a pull before and after. */
  readonly statuses: readonly [number, number]
}

const CHANGES: readonly Change[] = [
  {
    description: 'a user is added, and put into a group',
    change: async ({ store }) => {
      await writeDocuments(store, { users: { carol: 'staple' }, groups: { dev: ['carol'] } }, 0)
    },
    as: () => basic('carol', 'staple'),
    statuses: [401, 200],
  },
  {
    description: 'a user is removed',
    change: async ({ store }) => write(store, HTPASSWD_KEY, await userLine('bob', 'battery')),
    as: () => ALICE,
    statuses: [200, 401],
  },
  {
    description: 'a user is removed who holds a token',
    change: async ({ store }) => write(store, HTPASSWD_KEY, await userLine('bob', 'battery')),
    as: (rig) => tokenFor(rig, ALICE, 'repository:a:pull'),
    statuses: [200, 401],
  },
  {
    description: 'a password is changed',
    change: async ({ store }) => write(store, HTPASSWD_KEY, await userLine('alice', 'other')),
    as: () => ALICE,
    statuses: [200, 401],
  },
  {
    description: 'a user joins a group',
    change: ({ store }) => write(store, GROUPS_KEY, 'dev: alice bob\n'),
    as: () => BOB,
    statuses: [403, 200],
  },
  {
    description: 'a user leaves a group',
    change: ({ store }) => write(store, GROUPS_KEY, 'dev:\n'),
    as: () => ALICE,
    statuses: [200, 403],
  },
  {
    description: 'a user leaves a group, holding a token',
    change: ({ store }) => write(store, GROUPS_KEY, 'dev:\n'),
    as: (rig) => tokenFor(rig, ALICE, 'repository:a:pull'),
    statuses: [200, 401],
  },
  {
    description: 'the groups are deleted',
    change: ({ store }) => store.delete([GROUPS_KEY]),
    as: () => ALICE,
    statuses: [200, 403],
  },
  {
    description: 'a robot is removed',
    change: ({ store }) => write(store, ROBOTS_KEY, formatRobots(new Map())),
    as: robot,
    statuses: [200, 401],
  },
  {
    description: 'the policy allows more',
    change: ({ store }) =>
      write(
        store,
        POLICY_KEY,
        policyText([{ who: ['authenticated'], repositories: ['a'], actions: ['pull'] }]),
      ),
    as: () => BOB,
    statuses: [403, 200],
  },
  {
    description: 'the policy allows less',
    change: ({ store }) => write(store, POLICY_KEY, policyText([])),
    as: () => ALICE,
    statuses: [200, 403],
  },
  {
    description: 'the policy allows less, also with a token issued before',
    change: ({ store }) => write(store, POLICY_KEY, policyText([])),
    as: (rig) => tokenFor(rig, robot(rig), 'repository:a:pull'),
    statuses: [200, 401],
  },
  {
    description: 'the policy is deleted',
    change: ({ store }) => store.delete([POLICY_KEY]),
    as: () => ALICE,
    statuses: [200, 403],
  },
  {
    description: 'another issuer is trusted no longer',
    change: ({ store }) => store.delete([ISSUERS_KEY]),
    as: ({ clock }) => bearer(foreignToken(clock.now(), { role: 'admin' })),
    statuses: [200, 401],
  },
]

for (const { description, change, as, statuses } of CHANGES) {
  test(`${description}: seen in ${SOON / 1000} s`, async (t) => {
    const rig = await openRig(t, DOCUMENTS)
    const shown = await as(rig)
    assert.equal((await rig.send(PULL, { as: shown })).status, statuses[0])
    await change(rig)
    rig.clock.pass(SOON)
    assert.equal((await rig.send(PULL, { as: shown, address: '192.0.2.2' })).status, statuses[1])
    const changes = rig.events().filter(({ event }) => event === 'config')
    assert.ok(changes.length >= 1, 'the audit trail has the change')
    assert.ok(changes.every(({ outcome, what }) => outcome === 'ok' && what.includes('/config/')))
  })
}

test('two documents change at once, and requests are served meanwhile', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  await rig.send(PULL, { as: ALICE })
  await write(rig.store, POLICY_KEY, policyText([]))
  await write(rig.store, GROUPS_KEY, 'dev: bob\n')
  rig.clock.pass(SOON)
  const answers = await Promise.all(Array.from({ length: 20 }, () => rig.send(PULL, { as: ALICE })))
  assert.ok(answers.every(({ status }) => status === 403))
  const { token } = jsonOf(await rig.send('GET /token?scope=repository:a:pull', { as: BOB }))
  assert.equal((await rig.send(PULL, { as: bearer(token) })).status, 401)
})
