/**
 * `slipway user import`: users of registry:2 with their passwords, on both stores.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createAccounts } from '../../functions/auth/accounts/accounts.ts'
import { hashPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { readDocument } from '../../functions/auth/document.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { allowedActions } from '../../functions/auth/policy/policy.ts'
import { createThrottle } from '../../functions/auth/throttle/failures.ts'
import { HTPASSWD_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { STORES } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'
import { ended, startProgram } from './program.ts'

const line = async (name: string): Promise<string> =>
  `${name}:${await hashPassword(`of ${name}`, 4)}`

for (const [kind, open] of STORES) {
  describe(`on ${kind}`, () => {
    test('they log in with their passwords, and may pull and push', async (t) => {
      const { store, give, files, said, clock } = await openDesk(t, open)
      files.htpasswd = `${await line('alice')}\r\n\n# a comment\n${await line('bob')}\n`
      await give('user import htpasswd')
      expect(said.slice(1)).toEqual([
        'Added 2 users.',
        'There was no policy. The one now created lets every account pull and push everything, as with registry:2, and others nothing.',
        'See slipway policy show, and slipway policy set.',
        'A server that is started on this store will see it.',
      ])
      const throttle = createThrottle(clock.now)
      const accounts = createAccounts({ store, now: clock.now, report: () => {}, throttle })
      const policy = parsePolicy((await readDocument(store, POLICY_KEY)) ?? '')
      for (const name of ['alice', 'bob']) {
        const logIn = await accounts.authenticate(name, `of ${name}`, '192.0.2.1')
        expect(logIn && allowedActions(policy, logIn.identity, 'any/repository')).toEqual([
          'pull',
          'push',
        ])
      }
      expect(await accounts.authenticate('alice', 'of bob', '192.0.2.1')).toBeUndefined()
      // Again, it changes nothing.
      const before = await readDocument(store, HTPASSWD_KEY)
      await give('user import htpasswd')
      expect(said).toContain('Added 0 users; 2 were here already.')
      expect(await readDocument(store, HTPASSWD_KEY)).toBe(before)
    })

    test('--pull-only writes a policy for pulls', async (t) => {
      const { store, give, files } = await openDesk(t, open)
      files.htpasswd = await line('alice')
      await give('user import htpasswd --pull-only')
      const policy = parsePolicy((await readDocument(store, POLICY_KEY)) ?? '')
      const alice = { kind: 'user', name: 'alice', groups: [], claims: {} } as const
      expect(allowedActions(policy, alice, 'a')).toEqual(['pull'])
    })

    test('a policy and passwords that are there stay, and it is said', async (t) => {
      const { store, desk } = await openDesk(t, open).then((desk) => ({ ...desk, desk }))
      const policy = '{"version":1,"rules":[]}'
      await write(store, POLICY_KEY, policy)
      const own = `# ours\n${await line('bob')}\n`
      await write(store, HTPASSWD_KEY, own)
      const alice = await line('alice')
      desk.files.htpasswd = `${alice}\n${await line('bob')}\n`
      await desk.give('user import htpasswd --pull-only')
      expect(desk.said).toEqual([
        'Left out: "bob" is here with another password: see slipway user passwd',
        'Added 1 user.',
        'There is a policy, which decides what they may do, and --pull-only changed nothing: see slipway policy show.',
        'Running registries see it within 30 seconds.',
      ])
      expect(await readDocument(store, POLICY_KEY)).toBe(policy)
      expect(await readDocument(store, HTPASSWD_KEY)).toBe(`${own}${alice}\n`)
    })

    test('lines that are not bcrypt are left out and named, without a hash', async (t) => {
      const { store, give, files, said } = await openDesk(t, open)
      const alice = await line('alice')
      files.htpasswd = `eve:$apr1$secret$hash\n${alice}\nmallory:{SHA}secret\nnothing\nrobot+ci:x\n`
      await give('user import htpasswd')
      expect(said.slice(1, 6)).toEqual([
        expect.stringMatching(/^Left out: htpasswd, line 1: .*"eve" is Apache's MD5, only bcrypt/),
        expect.stringMatching(/^Left out: htpasswd, line 3: .*"mallory" is SHA-1, only bcrypt/),
        expect.stringMatching(/^Left out: htpasswd, line 4: expected <name>:<bcrypt hash>$/),
        expect.stringMatching(/^Left out: htpasswd, line 5: "robot\+ci" is not a valid user name/),
        'Added 1 user.',
      ])
      expect(said.join()).not.toMatch(/secret/)
      expect(await readDocument(store, HTPASSWD_KEY)).toBe(`${alice}\n`)
    })

    test('a file without one usable line is refused, and nothing is written', async (t) => {
      const { store, give, files } = await openDesk(t, open)
      files.htpasswd = 'eve:$apr1$x$y\n'
      await expect(give('user import htpasswd')).rejects.toMatchObject({ name: 'DocumentError' })
      expect(await readDocument(store, HTPASSWD_KEY)).toBeUndefined()
      expect(await readDocument(store, POLICY_KEY)).toBeUndefined()
    })

    test('imports and other changes at the same time all count', async (t) => {
      const desks = await openDesk(t, open)
      const { store, give, files } = desks
      const names = Array.from({ length: 8 }, (_, index) => `user${index}`)
      for (const name of names) files[name] = await line(name)
      await Promise.all([
        ...names.map((name) => give(`user import ${name}`)),
        give('user add alice'),
        give('user add bob'),
      ])
      const text = (await readDocument(store, HTPASSWD_KEY)) ?? ''
      expect(
        text
          .trim()
          .split('\n')
          .map((each) => each.split(':')[0])
          .sort(),
      ).toEqual(['alice', 'bob', ...names].sort())
    })
  })
}

test('it exits with 1 if something was left out', async (t) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const file = join(path, 'htpasswd')
  const importing = ['user', 'import', file, `--store=file:${join(path, 'store')}`]
  const alice = await line('alice')
  await writeFile(file, `${alice}\neve:$apr1$x$y\n`)
  expect(await ended(startProgram(importing))).toMatchObject({ code: 1 })
  await writeFile(file, alice)
  expect(await ended(startProgram(importing))).toMatchObject({ code: 0 })
  await writeFile(file, await line('alice'))
  expect(await ended(startProgram(importing))).toMatchObject({ code: 1 })
})
