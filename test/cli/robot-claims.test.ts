/**
 * `slipway robot bind`, `unbind` and `show`, and robots without a secret.
 *
 * @module
 */

import { expect, type TestContext, test } from 'vitest'
import { formatRobots } from '../../functions/auth/accounts/robots.ts'
import { readDocument } from '../../functions/auth/document.ts'
import { CommandError, UsageError } from '../../functions/cli/errors.ts'
import { ISSUERS_KEY, ROBOT_CLAIMS_KEY, ROBOTS_KEY } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { write } from '../auth/harness.ts'
import { openFiles } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'

const CLAIMS = '--claim iss=https://ci.example --claim sub~repo:acme/*'
const BOUND = ['claim\tiss=https://ci.example', 'claim\tsub~repo:acme/*']
const open = (t: TestContext) => openDesk(t, openFiles)

test('a robot without a secret is bound, shown, bound otherwise and no more', async (t) => {
  const desk = await open(t)
  expect(await desk.give('robot add ci --without-secret')).toEqual([])
  expect(desk.said.join('\n')).toMatch(
    /Added the robot ci, which has no secret: see slipway robot bind/,
  )
  expect(await desk.give('robot list')).toEqual(['robot+ci\tno secret'])

  await desk.give(`robot bind ci ${CLAIMS}`)
  expect(desk.said).toEqual([
    'Tokens with all of these claims log in as robot+ci: iss=https://ci.example sub~repo:acme/*',
    'Its issuer is not trusted yet: see slipway issuers add.',
    expect.stringMatching(/see/),
  ])
  await desk.give('group add bots robot+ci')
  expect(await desk.give('robot show ci')).toEqual([...BOUND, 'group\tbots'])
  expect(await desk.give('robot list')).toEqual(['robot+ci\ttokens with its claims\tbots'])

  const [secret] = await desk.give('robot rotate ci')
  expect(secret).toMatch(/^slipway_/)
  const shown = await desk.give('robot show robot+ci')
  expect(shown).toEqual([expect.stringMatching(/^secret\t\w{8} until 20/), ...BOUND, 'group\tbots'])
  expect((await desk.give('robot list')).join()).toMatch(
    /until 20\S+, tokens with its claims\tbots$/,
  )

  await desk.give('robot bind robot+ci --claim iss=https://ci.example --claim repository_id=1')
  expect((await desk.give('robot show ci')).slice(1, 3)).toEqual([
    BOUND[0],
    'claim\trepository_id=1',
  ])
  await desk.give('robot unbind ci')
  expect(desk.said[0]).toBe('No token logs in as robot+ci any more.')
  await expect(desk.give('robot unbind ci')).rejects.toThrow('the robot ci is not bound to claims')
})

test('an older version reads the robots as before', async (t) => {
  const desk = await open(t)
  await desk.give('robot add ci')
  const before = await readDocument(desk.store, ROBOTS_KEY)
  await desk.give(`robot bind ci ${CLAIMS}`)
  expect(await readDocument(desk.store, ROBOTS_KEY)).toBe(before)
})

test('who is trusted already needs no hint', async (t) => {
  const desk = await open(t)
  await desk.give('robot add ci')
  const issuers = { version: 1, issuers: [{ issuer: 'https://ci.example', jwks: { keys: [] } }] }
  await write(desk.store, ISSUERS_KEY, JSON.stringify(issuers))
  await desk.give(`robot bind ci ${CLAIMS}`)
  expect(desk.said.join()).not.toMatch(/not trusted/)
})

test('a new robot of a name is not bound to what the one before it was', async (t) => {
  const desk = await open(t)
  await desk.give('robot add ci')
  await desk.give(`robot bind ci ${CLAIMS}`)
  const bound = (await readDocument(desk.store, ROBOT_CLAIMS_KEY)) ?? ''
  await desk.give('robot remove ci')
  expect(await readDocument(desk.store, ROBOT_CLAIMS_KEY)).not.toContain('acme')
  // As an older version removes it.
  await write(desk.store, ROBOT_CLAIMS_KEY, bound)
  await desk.give('robot add ci')
  expect(await desk.give('robot show ci')).toEqual([expect.stringMatching(/^secret/)])
  // Who is there keeps it.
  await desk.give(`robot bind ci ${CLAIMS}`)
  await expect(desk.give('robot add ci')).rejects.toThrow('there is a robot ci already')
  expect(await desk.give('robot show ci')).toContain(BOUND[0])
})

test('who is removed while it is bound leaves nothing bound', async (t) => {
  const opened = await openFiles()
  const { store } = opened
  const put: ObjectStore['put'] = async (key, ...rest) => {
    const result = await store.put(key, ...rest)
    if (key === ROBOT_CLAIMS_KEY) await write(store, ROBOTS_KEY, formatRobots(new Map()))
    return result
  }
  const desk = await openDesk(t, async () => ({ ...opened, store: { ...store, put } }))
  await desk.give('robot add ci')
  await expect(desk.give(`robot bind ci ${CLAIMS}`)).rejects.toThrow('there is no robot "ci"')
  expect(await readDocument(store, ROBOT_CLAIMS_KEY)).not.toContain('acme')
})

test.for([
  ['bind ci', UsageError, /--claim: the issuer is missing/],
  ['bind ci --claim iss=https://ci.example', UsageError, /--claim: iss alone would let in/],
  [`bind nobody ${CLAIMS}`, CommandError, /there is no robot "nobody"/],
  ['unbind nobody', CommandError, /there is no robot "nobody"/],
  ['show nobody', CommandError, /there is no robot "nobody"/],
] as const)('robot %s is refused', async ([given, type, message], t) => {
  const desk = await open(t)
  await desk.give('robot add ci')
  const failure = await desk.give(`robot ${given}`).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(type)
  expect(String(failure)).toMatch(message)
  expect(await readDocument(desk.store, ROBOT_CLAIMS_KEY)).toBeUndefined()
})

test('policy test says which tokens are the robot, and which robot a token can be', async (t) => {
  const desk = await open(t)
  desk.files['p.yaml'] =
    "version: 1\nrules: [{ who: ['robot:ci'], repositories: ['**'], actions: [push] }]"
  desk.files['claims.json'] = JSON.stringify({ iss: 'https://ci.example', sub: 'repo:acme/app' })
  await desk.give('robot add ci --without-secret')
  await desk.give(`robot bind ci ${CLAIMS}`)
  const line = 'policy test a --action push --file p.yaml --as'
  expect(await desk.give(`${line} robot:ci`)).toEqual(['push\tallowed\trule 1'])
  expect(desk.said[0]).toBe(
    'Tokens log in as it that have all of: iss=https://ci.example sub~repo:acme/*',
  )
  expect(await desk.give(`${line} claims:claims.json`)).toEqual([
    'push\tdenied\tno rule is about it',
  ])
  expect(desk.said[0]).toBe('Its bearer can log in as robot+ci, too: try --as robot:ci')
})
