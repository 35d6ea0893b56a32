/**
 * The administrator's commands: as functions on both stores, and as processes at the same time.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'vitest'
import { createAccounts } from '../../functions/auth/accounts/accounts.ts'
import { readDocument } from '../../functions/auth/document.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { allowedActions } from '../../functions/auth/policy/policy.ts'
import { createThrottle } from '../../functions/auth/throttle/failures.ts'
import { CommandError } from '../../functions/cli/errors.ts'
import {
  GROUPS_KEY,
  HTPASSWD_KEY,
  POLICY_KEY,
  ROBOTS_KEY,
} from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { type OpenedStore, openFiles, STORES } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'

/** A desk, and accounts as a registry has them, a minute after each command. */
const openOffice = async (t: TestContext, open: () => Promise<OpenedStore>) => {
  const desk = await openDesk(t, open)
  const { store, clock } = desk
  const accounts = createAccounts({
    store,
    now: clock.now,
    report: () => undefined,
    throttle: createThrottle(clock.now),
  })
  const give = async (line: string): Promise<readonly string[]> => {
    const printed = await desk.give(line)
    clock.pass(60_000)
    return printed
  }
  const logIn = async (name: string, password: string) =>
    (await accounts.authenticate(name, password, '192.0.2.1'))?.identity
  return { store, clock, desk, give, logIn, said: () => desk.said.join('\n') }
}

const mistake = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CommandError, String(error))
  assert.match(error.message, message)
  return true
}

for (const [storeName, open] of STORES) {
  describe(`commands on ${storeName}`, () => {
    it('add, change, list and remove users, as a registry sees within a minute', async (t) => {
      const { store, desk, give, logIn, said } = await openOffice(t, open)
      assert.equal(await logIn('alice', 'secret'), undefined)
      await give('user add alice')
      assert.match(said(), /Added the user alice\.\nThere was no policy/)
      assert.equal((await logIn('alice', 'secret'))?.name, 'alice')
      const policy = parsePolicy((await readDocument(store, POLICY_KEY))!)
      assert.deepEqual(allowedActions(policy, (await logIn('alice', 'secret'))!, 'a/b').length, 3)
      assert.deepEqual(allowedActions(policy, (await logIn('', ''))!, 'a/b'), [])

      await write(store, POLICY_KEY, '{"version":1,"rules":[]}')
      await give('user add bob --password-stdin')
      assert.equal(await readDocument(store, POLICY_KEY), '{"version":1,"rules":[]}')
      assert.doesNotMatch(said(), /policy/)
      await assert.rejects(give('user add bob'), mistake(/there is a user bob already/))
      await assert.rejects(give('user passwd carol'), mistake(/there is no user "carol"/))

      desk.password = 'changed'
      await give('user passwd alice')
      assert.equal(await logIn('alice', 'secret'), undefined)
      assert.ok(await logIn('alice', 'changed'))
      assert.ok(await logIn('bob', 'secret'))

      await give('group add dev alice bob')
      assert.deepEqual(await give('user list'), ['alice\tdev', 'bob\tdev'])
      await give('user remove alice')
      assert.equal(await logIn('alice', 'changed'), undefined)
      assert.equal(await readDocument(store, GROUPS_KEY), 'dev: bob\n')
      assert.deepEqual(await give('user list'), ['bob\tdev'])
      await assert.rejects(give('user remove alice'), mistake(/there is no user "alice"/))
    })

    it('add, rotate, list and remove robots', async (t) => {
      const { store, clock, give, logIn, said } = await openOffice(t, open)
      const [first = ''] = await give('robot add ci --expires 10d')
      assert.match(first, /^slipway_.{43}$/)
      assert.match(said(), /There is no policy/)
      assert.ok(!said().includes(first))
      assert.ok(!(await readDocument(store, ROBOTS_KEY))!.includes(first))
      assert.equal((await logIn('robot+ci', first))?.kind, 'robot')
      await assert.rejects(give('robot add ci'), mistake(/there is a robot ci already/))
      await give('group add bots robot+ci')

      const [second = ''] = await give('robot rotate robot+ci --keep 1h')
      assert.ok((await logIn('robot+ci', first)) && (await logIn('robot+ci', second)))
      assert.match(
        (await give('robot list')).join(),
        /^robot\+ci\t\w{8} until 2030.*, \w{8} until 2030.*\tbots$/,
      )
      clock.pass(60 * 60_000)
      assert.equal(await logIn('robot+ci', first), undefined)
      assert.ok(await logIn('robot+ci', second))

      const [third = ''] = await give('robot rotate ci --keep 0 --expires never')
      assert.equal(await logIn('robot+ci', second), undefined)
      clock.pass(10_000 * 24 * 60 * 60_000)
      assert.ok(await logIn('robot+ci', third))

      await give('robot remove ci')
      assert.equal(await logIn('robot+ci', third), undefined)
      assert.equal(await readDocument(store, GROUPS_KEY), 'bots:\n')
      await assert.rejects(give('robot rotate ci'), mistake(/there is no robot "ci"/))
      await assert.rejects(give('robot remove ci'), mistake(/there is no robot "ci"/))
      await give('robot add ci')
      clock.pass(89 * 24 * 60 * 60_000)
      assert.match((await give('robot list')).join(), /until 2057/)
      clock.pass(24 * 60 * 60_000)
      assert.deepEqual(await give('robot list'), ['robot+ci\tall secrets have expired'])
    })

    it('add, list and remove groups', async (t) => {
      const { store, give, said } = await openOffice(t, open)
      await write(store, GROUPS_KEY, '# mine\n')
      await give('group add dev alice robot+ci')
      assert.match(said(), /no account alice yet\.\nThere is no account robot\+ci/)
      await give('group add ops alice')
      await give('group add dev bob alice')
      assert.deepEqual(await give('group list'), ['dev\talice\trobot+ci\tbob', 'ops\talice'])
      await give('group remove dev alice bob')
      await give('group remove ops')
      assert.equal(await readDocument(store, GROUPS_KEY), '# mine\ndev: robot+ci\n')
      await assert.rejects(give('group remove ops'), mistake(/there is no group "ops"/))
      await assert.rejects(give('group remove dev bob'), mistake(/"bob" is not in the group dev/))
      await assert.rejects(give('group add dev a:b'), mistake(/"a:b" is not a valid user name/))
    })

    it('check, set and show the policy', async (t) => {
      const { store, desk, give, said } = await openOffice(t, open)
      await assert.rejects(give('policy show'), mistake(/there is no policy/))
      desk.files.good = '# mine\nversion: 1\nrules: []\n'
      desk.files.bad = 'version: 1\nrules:\n  - who: [all]\n'
      await give('policy check good')
      assert.match(said(), /valid and has 0 rules/)
      assert.equal(await readDocument(store, POLICY_KEY), undefined)
      await give('policy set good')
      assert.match(said(), /It is set/)
      await give('policy set good')
      assert.match(said(), /set already/)
      for (const verb of ['check', 'set']) {
        await assert.rejects(give(`policy ${verb} bad`), {
          name: 'DocumentError',
          message: /line 3/,
        })
      }
      assert.deepEqual(await give('policy show'), [desk.files.good.trimEnd()])
      assert.equal(await readDocument(store, POLICY_KEY), desk.files.good)
    })
  })
}

describe('commands refuse', () => {
  for (const [line, message] of [
    ['user add robot+ci', /"robot\+ci" is not a valid user name: .*robots/],
    ['user add a:b', /colon/],
    ['robot add CI', /"CI" is not a valid robot name/],
    ['group add a:b alice', /"a:b" is not a valid group name/],
    ['robot remove ci', /there is no robot "ci": see slipway robot list/],
    ['user passwd alice', /there is no user "alice"/],
    ['group remove dev', /there is no group "dev"/],
    ['policy show', /there is no policy/],
  ] as const) {
    it(line, async (t) => {
      const { store, give } = await openOffice(t, openFiles)
      await assert.rejects(give(line), mistake(message))
      assert.deepEqual((await store.list('')).objects, [])
    })
  }

  for (const [name, password, message] of [
    ['empty', '', /empty/],
    ['longer than bcrypt looks at', 'a'.repeat(73), /73 bytes/],
  ] as const) {
    it(`a password that is ${name}`, async (t) => {
      const { store, desk, give } = await openOffice(t, openFiles)
      desk.password = password
      await assert.rejects(give('user add alice'), mistake(message))
      assert.equal(await readDocument(store, HTPASSWD_KEY), undefined)
    })
  }

  it('to change a document that is not as it must be', async (t) => {
    const { store, give } = await openOffice(t, openFiles)
    await write(store, HTPASSWD_KEY, 'bob:{SHA}x\n')
    await assert.rejects(give('user add alice'), { name: 'DocumentError' })
    assert.equal(await readDocument(store, HTPASSWD_KEY), 'bob:{SHA}x\n')
  })
})

it('a line of htpasswd that cannot be used is named, and passwd mends it', async (t) => {
  const { store, desk, give, said } = await openOffice(t, openFiles)
  await give('user add alice')
  const before = await readDocument(store, HTPASSWD_KEY)
  await write(store, HTPASSWD_KEY, `${before}bob:{SHA}secret\n`)
  assert.deepEqual(await give('user list'), ['alice'])
  assert.match(said(), /left out: htpasswd, line 2: the password of "bob" is SHA-1/)
  assert.doesNotMatch(said(), /secret/)
  await assert.rejects(give('user add bob'), mistake(/there is a user bob already/))
  desk.password = 'better'
  await give('user passwd bob')
  assert.deepEqual(await give('user list'), ['alice', 'bob'])
  await give('user remove bob')
  assert.equal(await readDocument(store, HTPASSWD_KEY), before)
})
