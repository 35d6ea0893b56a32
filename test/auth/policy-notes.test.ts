/**
 * What is odd about a policy, though it is valid.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { policyNotes } from '../../functions/auth/policy/notes.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { GROUPS_KEY, HTPASSWD_KEY } from '../../functions/registry/layout.ts'
import { serveWith } from '../access/serve.ts'
import { openDesk } from '../cli/desk.ts'
import { openFiles } from '../support/rig/stores.ts'
import { write } from './harness.ts'

const policyFor = (...who: readonly string[]): string =>
  JSON.stringify({
    version: 1,
    rules: who.map((each) => ({ who: [each], repositories: ['**'], actions: ['pull'] })),
  })

const HASH = `$2y$04$${'.'.repeat(53)}`
const UNKNOWN = 'The policy names accounts or groups that do not exist'
const ROWS: readonly (readonly [what: string, policy: string, notes: readonly string[]])[] = [
  ['no rules', policyFor(), ['The policy has no rules, so nobody may do anything.']],
  ['what is no account', policyFor('anonymous', 'authenticated', 'claim:sub=x'), []],
  ['accounts that are there', policyFor('user:alice', 'group:dev', 'robot:ci'), []],
  ['a user that is not', policyFor('user:alice', 'user:bob'), [`${UNKNOWN}: user:bob.`]],
  [
    'one of each kind',
    policyFor('group:ops', 'robot:alice', 'user:dev'),
    [`${UNKNOWN}: user:dev, group:ops, robot:alice.`],
  ],
  [
    'many',
    policyFor(...Array.from({ length: 12 }, (_, index) => `user:u${index}`)),
    [
      `${UNKNOWN}: ${Array.from({ length: 10 }, (_, index) => `user:u${index}`).join(', ')} and 2 more.`,
    ],
  ],
]
describe('a policy with', () => {
  for (const [what, policy, notes] of ROWS) {
    test(what, async (t) => {
      const { store, give } = await openDesk(t, openFiles)
      await write(store, HTPASSWD_KEY, `alice:${HASH}\n`)
      await write(store, GROUPS_KEY, 'dev: alice\n')
      await give('robot add ci')
      expect(await policyNotes(parsePolicy(policy), store)).toEqual(notes)
    })
  }

  test('users while their document cannot be read: nothing is said', async (t) => {
    const { store } = await openDesk(t, openFiles)
    await write(store, HTPASSWD_KEY, 'not a list')
    expect(await policyNotes(parsePolicy(policyFor('user:alice')), store)).toEqual([])
  })
})

test('slipway policy set says it, and sets it all the same', async (t) => {
  const { give, said, files } = await openDesk(t, openFiles)
  files.policy = policyFor('user:bob')
  await give('policy set policy')
  expect(said.slice(1)).toEqual([
    'The policy is valid and has 1 rule.',
    `${UNKNOWN}: user:bob.`,
    'It is set. A server that is started on this store will see it.',
  ])
})

test('a server says it at its start', async (t) => {
  const empty = await serveWith(t, { policy: [] })
  expect(empty.notes).toContain('The policy has no rules, so nobody may do anything.')
  const fine = await serveWith(t, { users: { alice: 'right horse' }, policy: [] }, '--auth=off')
  expect(fine.notes.filter((note) => note.includes('policy'))).toEqual([])
})
