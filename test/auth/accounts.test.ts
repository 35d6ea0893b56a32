import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { Accounts } from '../../functions/auth/accounts/accounts.ts'
import { verifyPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { costOf } from '../../functions/auth/accounts/htpasswd.ts'
import { formatRobots, newSecret } from '../../functions/auth/accounts/robots.ts'
import { AccessError } from '../../functions/auth/errors.ts'
import { ANONYMOUS } from '../../functions/auth/identity.ts'
import { GROUPS_KEY, HTPASSWD_KEY, ROBOTS_KEY } from '../../functions/registry/layout.ts'
import { openAccounts, userLine, write } from './harness.ts'

const HERE = '192.0.2.1'
const THERE = '192.0.2.2'
const MINUTE = 60_000

const throttled = (error: unknown): boolean =>
  error instanceof AccessError && error.code === 'TOOMANYREQUESTS' && (error.retryAfter ?? 0) > 0

/** The account of an earlier log-in, as the token endpoint finds it. */
const resume = async (accounts: Accounts, name: string, credential: string) =>
  (await accounts.credentials(name)).includes(credential) ? accounts.lookup(name) : undefined

describe('log-ins of users', () => {
  it('succeed only with the right password', async (t) => {
    const { accounts, store } = await openAccounts(t)
    await write(store, HTPASSWD_KEY, await userLine('alice', 'right'))
    await write(store, GROUPS_KEY, 'dev: alice bob\nops: bob\n')
    assert.deepEqual((await accounts.authenticate('alice', 'right', HERE))?.identity, {
      kind: 'user',
      name: 'alice',
      groups: ['dev'],
      claims: {},
    })
    for (const [name, password] of [
      ['alice', 'wrong'],
      ['alice', ''],
      ['bob', 'right'],
      ['Alice', 'right'],
      ['alice ', 'right'],
      ['robot+alice', 'right'],
      ['__proto__', 'right'],
      ['a'.repeat(100_000), 'right'],
    ] as const) {
      assert.equal(await accounts.authenticate(name, password, THERE), undefined, name.slice(0, 20))
    }
  })

  it('without a name are anonymous, as podman sends them', async (t) => {
    const { accounts, compared } = await openAccounts(t)
    assert.deepEqual(await accounts.authenticate('', '', HERE), {
      identity: ANONYMOUS,
      credential: '',
    })
    assert.equal(compared.length, 0)
  })

  it('compare one hash whether the user exists or not', async (t) => {
    const { accounts, store, compared } = await openAccounts(t)
    await write(store, HTPASSWD_KEY, await userLine('alice', 'right', 5))
    for (const [name, password] of [
      ['alice', 'wrong'],
      ['nobody', 'wrong'],
      ['nobody', ''],
      ['alice', ''],
      ['alice', 'right'],
    ] as const) {
      compared.length = 0
      await accounts.authenticate(name, password, HERE)
      assert.equal(compared.length, 1, `${name} ${password}`)
      assert.equal(costOf(compared[0]!), 5, `cost for ${name}`)
    }
  })

  it('of unknown names cost as much as those of users, always the same for one name', async (t) => {
    const { accounts, store, compared } = await openAccounts(t, { verify: async () => false })
    await write(
      store,
      HTPASSWD_KEY,
      (await userLine('a', 'x', 4)) + (await userLine('b', 'x', 4)).replace('$04$', '$12$'),
    )
    const names = Array.from({ length: 40 }, (_, index) => `nobody-${index}`)
    const costs = async (password: string): Promise<number[]> => {
      compared.length = 0
      for (const name of names) await accounts.authenticate(name, password, `${name}.example`)
      return compared.map(costOf)
    }
    const first = await costs('x')
    assert.deepEqual(new Set(first), new Set([4, 12]))
    assert.deepEqual(await costs('y'), first)
  })

  it('compare a hash even if there are no users', async (t) => {
    const { accounts, compared } = await openAccounts(t)
    assert.equal(await accounts.authenticate('alice', 'x', HERE), undefined)
    assert.deepEqual(compared.map(costOf), [10])
    assert.equal(await verifyPassword('\0', compared[0]!), false)
  })

  it('are remembered for a while, from any address', async (t) => {
    const { accounts, store, clock, compared } = await openAccounts(t)
    await write(store, HTPASSWD_KEY, await userLine('alice', 'right'))
    for (const address of [HERE, HERE, THERE, HERE]) {
      assert.ok(await accounts.authenticate('alice', 'right', address))
    }
    assert.equal(compared.length, 1)
    assert.equal(await accounts.authenticate('alice', 'wrong', HERE), undefined)
    assert.equal(compared.length, 2, 'wrong ones are not')
    clock.pass(6 * MINUTE)
    assert.ok(await accounts.authenticate('alice', 'right', HERE))
    assert.equal(compared.length, 3)
  })

  it('that are identical and concurrent are one comparison', async (t) => {
    const { accounts, store, compared } = await openAccounts(t)
    await write(store, HTPASSWD_KEY, await userLine('alice', 'right'))
    const all = await Promise.all(
      Array.from({ length: 30 }, () => accounts.authenticate('alice', 'right', HERE)),
    )
    assert.ok(all.every((each) => each?.identity.name === 'alice'))
    assert.equal(compared.length, 1)
  })

  it('end with a changed password and a removed account within a minute', async (t) => {
    const { accounts, store, clock } = await openAccounts(t)
    await write(store, HTPASSWD_KEY, await userLine('alice', 'old'))
    assert.ok(await accounts.authenticate('alice', 'old', HERE))
    await write(store, HTPASSWD_KEY, await userLine('alice', 'new'))
    clock.pass(MINUTE)
    assert.equal(await accounts.authenticate('alice', 'old', HERE), undefined)
    assert.ok(await accounts.authenticate('alice', 'new', HERE))
    await write(store, HTPASSWD_KEY, '')
    clock.pass(MINUTE)
    assert.equal(await accounts.authenticate('alice', 'new', HERE), undefined)
  })

  it('are slowed after failures, here and for this account only', async (t) => {
    const { accounts, store, clock } = await openAccounts(t)
    await write(
      store,
      HTPASSWD_KEY,
      (await userLine('alice', 'right')) + (await userLine('bob', 'b')),
    )
    for (let count = 0; count < 6; count++) {
      assert.equal(await accounts.authenticate('alice', `guess ${count}`, HERE), undefined)
    }
    await assert.rejects(accounts.authenticate('alice', 'right', HERE), throttled)
    assert.ok(await accounts.authenticate('alice', 'right', THERE), 'from elsewhere')
    assert.ok(await accounts.authenticate('bob', 'b', HERE), 'another account')
    // What is remembered from elsewhere must not tell here whether a guess was right.
    await assert.rejects(accounts.authenticate('alice', 'right', HERE), throttled)
    clock.pass(1000)
    assert.ok(await accounts.authenticate('alice', 'right', HERE))
  })

  it('that repeat one wrong password are one failure, for any account', async (t) => {
    const { accounts, store, clock, compared } = await openAccounts(t)
    await write(store, HTPASSWD_KEY, await userLine('alice', 'right'))
    for (const name of ['alice', 'nobody']) {
      compared.length = 0
      for (let count = 0; count < 20; count++) {
        assert.equal(await accounts.authenticate(name, 'old', HERE), undefined)
      }
      assert.equal(compared.length, 1, name)
    }
    assert.ok(await accounts.authenticate('alice', 'right', HERE))
    // Not for longer than it takes to see a new password.
    await write(store, HTPASSWD_KEY, await userLine('alice', 'old'))
    clock.pass(MINUTE)
    assert.ok(await accounts.authenticate('alice', 'old', HERE))
  })

  it('of unknown accounts are slowed, too', async (t) => {
    const { accounts } = await openAccounts(t)
    for (const name of ['nobody', 'robot+nobody']) {
      for (let count = 0; count < 6; count++) await accounts.authenticate(name, `${count}`, HERE)
      await assert.rejects(accounts.authenticate(name, 'x', HERE), throttled, name)
    }
  })

  it('that could not be compared are not failures', async (t) => {
    const { accounts } = await openAccounts(t, {
      verify: async () => {
        throw new Error('broken')
      },
    })
    for (let count = 0; count < 20; count++) {
      await assert.rejects(accounts.authenticate('alice', `${count}`, HERE), /broken/)
    }
  })

  it('a line that cannot be used costs its user, and is named without its hash', async (t) => {
    const { accounts, store, clock, events } = await openAccounts(t)
    const [alice, bob] = [await userLine('alice', 'right'), await userLine('bob', 'right')]
    await write(store, HTPASSWD_KEY, `${alice}carol:$apr1$secret$hash\n${bob}`)
    assert.ok(await accounts.authenticate('alice', 'right', HERE))
    assert.ok(await accounts.authenticate('bob', 'right', HERE))
    assert.equal(await accounts.authenticate('carol', 'right', HERE), undefined)
    const partly = events.filter(({ outcome }) => outcome === 'partly')
    assert.equal(partly.length, 1)
    assert.match(JSON.stringify(partly), /line 2: the password of \\"carol\\" is Apache's MD5/)
    assert.doesNotMatch(JSON.stringify(events), /secret|hash"/)
    clock.pass(MINUTE)
    assert.ok(await accounts.authenticate('bob', 'right', HERE))
    assert.equal(events.filter(({ outcome }) => outcome === 'partly').length, 1, 'once a change')
  })

  it('are refused while the accounts cannot be read', async (t) => {
    const { accounts, store, clock, events } = await openAccounts(t)
    await write(store, HTPASSWD_KEY, 'alice:plain\n')
    await assert.rejects(
      accounts.authenticate('alice', 'plain', HERE),
      (error) => error instanceof AccessError && error.code === 'UNAVAILABLE',
    )
    assert.deepEqual(
      events.map(({ outcome, key }) => [outcome, key]),
      [['failed', HTPASSWD_KEY]],
    )
    await write(store, HTPASSWD_KEY, await userLine('alice', 'right'))
    clock.pass(MINUTE)
    assert.ok(await accounts.authenticate('alice', 'right', HERE))
    await write(store, HTPASSWD_KEY, 'alice:plain\n')
    clock.pass(MINUTE)
    assert.ok(await accounts.authenticate('alice', 'right', HERE), 'the last good one')
    assert.equal(events.at(-1)?.outcome, 'kept')
  })
})

describe('log-ins of robots', () => {
  it('accept any secret that has not expired', async (t) => {
    const { accounts, store, clock, compared } = await openAccounts(t)
    const [short, long] = [newSecret(clock.now(), MINUTE), newSecret(clock.now(), 10 * MINUTE)]
    const other = newSecret(clock.now(), null)
    const robots = new Map([
      ['ci', [short.entry, long.entry]],
      ['other', [other.entry]],
    ])
    await write(store, ROBOTS_KEY, formatRobots(robots))
    await write(store, GROUPS_KEY, 'bots: robot+ci\n')
    const logIn = (secret: string) => accounts.authenticate('robot+ci', secret, HERE)
    assert.deepEqual((await logIn(short.secret))?.identity, {
      kind: 'robot',
      name: 'robot+ci',
      groups: ['bots'],
      claims: {},
    })
    assert.ok(await logIn(long.secret))
    assert.equal(await logIn(other.secret), undefined)
    assert.equal(await logIn(long.entry.sha256), undefined)
    assert.equal(await accounts.authenticate('ci', long.secret, HERE), undefined)
    clock.pass(MINUTE)
    assert.equal(await logIn(short.secret), undefined)
    assert.ok(await logIn(long.secret))
    assert.deepEqual(compared.map(costOf), [10], 'only the log-in without robot+ needed bcrypt')
  })

  it('are not slowed by many right ones at once', async (t) => {
    const { accounts, store, clock } = await openAccounts(t)
    const { secret, entry } = newSecret(clock.now(), null)
    await write(store, ROBOTS_KEY, formatRobots(new Map([['ci', [entry]]])))
    const all = Array.from({ length: 500 }, () => accounts.authenticate('robot+ci', secret, HERE))
    assert.ok((await Promise.all(all)).every((each) => each !== undefined))
  })
})

describe('earlier log-ins', () => {
  it('of users resume with their current groups, until the password changes', async (t) => {
    const { accounts, store, clock } = await openAccounts(t)
    await write(store, HTPASSWD_KEY, await userLine('alice', 'same'))
    const { credential } = (await accounts.authenticate('alice', 'same', HERE))!
    await write(store, GROUPS_KEY, 'dev: alice\n')
    clock.pass(MINUTE)
    assert.deepEqual((await resume(accounts, 'alice', credential))?.groups, ['dev'])
    assert.equal(await resume(accounts, 'bob', credential), undefined)
    assert.equal(await resume(accounts, 'alice', ''), undefined)
    await write(store, HTPASSWD_KEY, await userLine('alice', 'same'))
    clock.pass(MINUTE)
    assert.equal(await resume(accounts, 'alice', credential), undefined, 'set anew')
    assert.ok(await accounts.lookup('alice'))
  })

  it('are bound to their account, whatever the hash', async (t) => {
    const { accounts, store } = await openAccounts(t)
    const line = await userLine('alice', 'same')
    await write(store, HTPASSWD_KEY, line + line.replace('alice', 'bob'))
    const { credential } = (await accounts.authenticate('alice', 'same', HERE))!
    assert.equal(await resume(accounts, 'bob', credential), undefined)
  })

  it('are the same on every instance', async (t) => {
    const { accounts, store } = await openAccounts(t)
    await write(store, HTPASSWD_KEY, await userLine('alice', 'right'))
    const { credential } = (await accounts.authenticate('alice', 'right', HERE))!
    const other = await openAccounts(t, { store })
    assert.ok(await resume(other.accounts, 'alice', credential))
  })

  it('of robots end with the secret they used, not with others', async (t) => {
    const { accounts, store, clock } = await openAccounts(t)
    const [first, second] = [newSecret(clock.now(), MINUTE), newSecret(clock.now(), null)]
    await write(store, ROBOTS_KEY, formatRobots(new Map([['ci', [first.entry]]])))
    const old = (await accounts.authenticate('robot+ci', first.secret, HERE))!
    await write(store, ROBOTS_KEY, formatRobots(new Map([['ci', [first.entry, second.entry]]])))
    clock.pass(MINUTE - 1)
    assert.ok(await resume(accounts, 'robot+ci', old.credential), 'after a rotation')
    const current = (await accounts.authenticate('robot+ci', second.secret, HERE))!
    clock.pass(1)
    assert.equal(await resume(accounts, 'robot+ci', old.credential), undefined)
    assert.ok(await resume(accounts, 'robot+ci', current.credential))
    assert.equal((await accounts.lookup('robot+ci'))?.kind, 'robot')
    assert.equal(await accounts.lookup('robot+cd'), undefined)
  })
})

describe('accounts', () => {
  it('are set up from the first one on, even when all are removed', async (t) => {
    const { accounts, store, clock } = await openAccounts(t)
    assert.equal(await accounts.areSetUp(), false)
    await write(store, HTPASSWD_KEY, '')
    clock.pass(MINUTE)
    assert.equal(await accounts.areSetUp(), true)
    const other = await openAccounts(t)
    await write(other.store, ROBOTS_KEY, formatRobots(new Map()))
    assert.equal(await other.accounts.areSetUp(), true)
  })
})
