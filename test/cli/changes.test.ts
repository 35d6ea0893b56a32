/**
 * `slipway changes`, `policy log` and `policy show`: who has changed what.
 *
 * @module
 */

import { describe, expect, type TestContext, test } from 'vitest'
import { noteChange, readChanges } from '../../functions/auth/changes.ts'
import { readDocument } from '../../functions/auth/document.ts'
import { UsageError } from '../../functions/cli/errors.ts'
import { CHANGES_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { ec, jwkOf } from '../auth/tokens-forge.ts'
import { openFiles, STORES } from '../support/rig/stores.ts'
import { type Desk, openDesk } from './desk.ts'

const RULE = "{ who: [authenticated], repositories: ['**'], actions: [pull] }"
const POLICY = `version: 1\nrules: [${RULE}]\n`
const ISSUERS = JSON.stringify({
  version: 1,
  issuers: [{ issuer: 'a.example', jwks: { keys: [jwkOf(ec(), { kid: 'a' })] } }],
})

const openOffice = async (t: TestContext, open = openFiles): Promise<Desk> => {
  const desk = await openDesk(t, open)
  Object.assign(desk.files, {
    'p.yaml': POLICY,
    'q.yaml': `${POLICY}# more\n`,
    'i.yaml': ISSUERS,
    'r.yaml': 'version: 1\nimmutable: []\n',
  })
  return desk
}

/** Documents and who changed them, as the list has them. */
const listed = async (desk: Desk, command = 'changes'): Promise<readonly string[]> =>
  (await desk.give(command)).map((line) => line.split('\t').slice(1).join(' '))

describe.each(STORES)('on %s', (_, open) => {
  test('each command notes who gave it, and what it left as it was is not noted', async (t) => {
    const desk = await openOffice(t, open)
    await desk.give('user add carol')
    await desk.give('policy set p.yaml --by bob')
    await desk.give('policy set p.yaml --by dan')
    await desk.give('issuers set i.yaml')
    await desk.give('robot add ci --without-secret')
    await desk.give('robot bind ci --claim iss=a.example --claim sub=x --by bob')
    await desk.give('group add dev carol')
    await desk.give('user remove carol')
    expect(await listed(desk)).toEqual([
      'htpasswd alice@laptop',
      'policy alice@laptop',
      'policy bob',
      'issuers alice@laptop',
      'robots alice@laptop',
      'robot-claims bob',
      'groups alice@laptop',
      'htpasswd alice@laptop',
      'groups alice@laptop',
    ])
    expect(await listed(desk, 'policy log')).toEqual(['policy alice@laptop', 'policy bob'])
    expect(desk.printed[0]).toMatch(/^2030-01-01T00:00:00.000Z\tpolicy\t/)
  })
})

test('policy show says who set it, unless another program has', async (t) => {
  const desk = await openOffice(t)
  await desk.give('policy set p.yaml')
  await desk.give('policy set q.yaml --by bob')
  await desk.give('policy show')
  expect(desk.said).toEqual(['bob set it at 2030-01-01T00:00:00.000Z.'])
  await write(desk.store, POLICY_KEY, POLICY)
  await desk.give('policy show')
  expect(desk.said).toEqual([])
  await write(desk.store, CHANGES_KEY, '{')
  expect(await desk.give('policy show')).toEqual([POLICY.trim()])
})

test('what cannot be noted is changed all the same', async (t) => {
  const desk = await openOffice(t)
  await write(desk.store, CHANGES_KEY, '{')
  await desk.give('policy set p.yaml')
  expect(desk.said.join()).toMatch(
    /It is not noted who made this change: .*config\/changes is damaged/,
  )
  expect(await readDocument(desk.store, POLICY_KEY)).toBe(POLICY)
})

test('nothing is noted yet', async (t) => {
  const desk = await openOffice(t)
  expect(await desk.give('changes')).toEqual([])
  expect(desk.said.at(-1)).toBe('No change is noted: version 1.0 did not note who made one.')
})

test('the last 500 changes are kept', async (t) => {
  const { store } = await openOffice(t)
  const changes = Array.from({ length: 500 }, (_, at) => ({
    at: new Date(at).toISOString(),
    document: 'policy',
    by: String(at),
    sha256: '',
  }))
  await write(store, CHANGES_KEY, JSON.stringify({ version: 1, changes }))
  await noteChange(store, POLICY_KEY, POLICY, 'new', 0)
  const kept = await readChanges(store)
  expect([kept.length, kept[0]?.by, kept.at(-1)?.by]).toEqual([500, '1', 'new'])
})

test.each(['', 'a\tb', 'a'.repeat(201)])('--by %j is refused', async (by) => {
  const { parse } = await import('../../functions/cli/parse.ts')
  const { COMMANDS } = await import('../../functions/cli/table/commands.ts')
  expect(() => parse(['policy', 'set', 'p.yaml', `--by=${by}`], COMMANDS)).toThrow(UsageError)
})
