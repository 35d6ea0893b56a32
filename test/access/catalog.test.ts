/**
 * The catalog names what the caller may pull, and nothing else, on whatever page.
 *
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { openAuthorizer } from '../../functions/auth/authorizer.ts'
import { CATALOG_PREFIX, catalogKey } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { pagesOf } from '../support/hosts/pages.ts'
import { clientOf } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openFiles } from '../support/rig/stores.ts'
import { type AccessRig, basic, bearer, foreignToken, openRig, sharedRig, tokenFor } from './rig.ts'

const NAMES = ['a', 'alice/a', 'alice/b', 'b', 'secret/a', 'team/a', 'team/b', 'team/locked', 'z']

/** Lists repositories without pushing to them. */
const list = async (store: ObjectStore, names: readonly string[]): Promise<void> => {
  for (const name of names) await store.put(catalogKey(name), new Uint8Array())
}

const DOCUMENTS = {
  users: { alice: 'right horse', bob: 'battery' },
  robots: ['ci'],
  foreign: true,
  policy: [
    {
      who: ['authenticated'],
      repositories: ['team/locked'],
      actions: ['*'],
      effect: 'deny' as const,
    },
    { who: ['anonymous', 'authenticated'], repositories: ['a'], actions: ['pull'] },
    { who: ['user:alice'], repositories: [`\${user}/*`, 'team/*'], actions: ['*'] },
    { who: ['robot:ci'], repositories: ['**'], actions: ['push', 'delete'] },
    { who: ['claim:role=admin'], repositories: ['**'], actions: ['pull'] },
  ],
}

type Shows = (rig: AccessRig) => Promise<string | undefined>
const CATALOG = 'registry:catalog:*'
const ALICE = basic('alice', 'right horse')
const OF_ALICE = ['a', 'alice/a', 'alice/b', 'team/a', 'team/b']

const CALLERS: readonly (readonly [string, Shows, readonly string[]])[] = [
  ['anonymous', async () => undefined, ['a']],
  ['anonymous, by token', (rig) => tokenFor(rig, undefined, CATALOG), ['a']],
  ['alice', async () => ALICE, OF_ALICE],
  ['alice, by token', (rig) => tokenFor(rig, ALICE, CATALOG), OF_ALICE],
  ['bob, by token', (rig) => tokenFor(rig, basic('bob', 'battery'), CATALOG), ['a']],
  [
    'a robot that may push everything and pull little',
    async ({ secrets }) => basic('robot+ci', secrets.get('ci') ?? ''),
    ['a'],
  ],
  [
    "another issuer's token, by policy",
    async ({ clock }) => bearer(foreignToken(clock.now(), { role: 'admin' })),
    NAMES.filter((name) => name !== 'team/locked'),
  ],
  [
    "another issuer's token that grants the catalog",
    async ({ clock }) =>
      bearer(
        foreignToken(clock.now(), {
          access: [{ type: 'registry', name: 'catalog', actions: ['*'] }],
        }),
      ),
    NAMES,
  ],
]

const shared = sharedRig(DOCUMENTS)
let listed: Promise<void> | undefined

for (const [description, shows, expected] of CALLERS) {
  for (const n of [1, 2, 3, 5, 1000, undefined]) {
    test(`${description}, pages of ${n ?? 'any size'}`, async () => {
      const rig = shared()
      listed ??= list(rig.store, NAMES)
      await listed
      const as = await shows(rig)
      const host = {
        send: ({ method, target }: { method: string; target: string }) =>
          rig.send(`${method} ${target}`, { as }),
      }
      const pages = await pagesOf<{ repositories: string[] }>(
        host,
        `/v2/_catalog${n === undefined ? '' : `?n=${n}`}`,
      )
      assert.deepEqual(
        pages.flatMap(({ repositories }) => repositories),
        expected,
      )
      // Each page is full but the last, and the last is not empty.
      const size = n ?? 1000
      assert.equal(pages.length, Math.max(1, Math.ceil(expected.length / size)))
    })
  }
}

test('a token without the scope of the catalog does not list', async () => {
  const as = await tokenFor(shared(), ALICE, 'repository:a:pull')
  assert.equal((await shared().send('GET /v2/_catalog', { as })).status, 401)
})

test('anonymous callers who may do nothing do not list', async (t) => {
  const rig = await openRig(t, { ...DOCUMENTS, policy: DOCUMENTS.policy.slice(2) })
  assert.equal((await rig.send('GET /v2/_catalog')).status, 401)
})

test('any sets of visible and hidden repositories, any page size: as if the hidden did not exist', async (t) => {
  const rig = await openRig(t, {
    users: { alice: 'right horse' },
    policy: [{ who: ['user:alice'], repositories: ['seen/**'], actions: ['pull'] }],
  })
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.tuple(fc.constantFrom('seen', 'hidden', 'x'), fc.nat(9)), {
        selector: ([kind, at]) => `${kind}${at}`,
        maxLength: 7,
      }),
      fc.integer({ min: 1, max: 5 }),
      fc.option(fc.constantFrom('hidden/3', 'seen/2', 'x', 'nothing')),
      async (entries, n, last) => {
        const all = entries.map(([kind, at]) => (kind === 'x' ? `h${at}/x` : `${kind}/${at}`))
        const query = `n=${n}${last === null ? '' : `&last=${last}`}`
        const answers: string[] = []
        for (const names of [all, all.filter((name) => name.startsWith('seen/'))]) {
          const { objects } = await rig.store.list(CATALOG_PREFIX)
          await rig.store.delete(objects.map(({ key }) => key))
          await list(rig.store, names)
          const { body, headers } = await rig.send(`GET /v2/_catalog?${query}`, { as: ALICE })
          answers.push(`${headers.get('Link')} ${body}`)
        }
        assert.equal(answers[0], answers[1])
      },
    ),
    { numRuns: 20 },
  )
})

test('hidden repositories cost one listing for each 1000', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const hidden = Array.from({ length: 1500 }, (_, at) => `hidden/${at}`)
  await list(store, [...hidden, 'seen/a', 'seen/b'])
  let listings = 0
  const counted = intercept(store, ({ operation }, proceed) => {
    if (operation === 'list') listings += 1
    return proceed()
  })
  const open = await openAuthorizer.identify({ authorization: undefined, address: '' })
  const lists = (name: string): boolean => name.startsWith('seen/')
  const caller = { ...open, lists, pullsEverything: false }
  const send = await clientOf(counted, {
    authorizer: { ...openAuthorizer, identify: async () => caller },
  })
  const answer = await send('GET /v2/_catalog?n=1')
  assert.deepEqual(JSON.parse(answer.body.toString()), { repositories: ['seen/a'] })
  assert.equal(answer.headers.get('Link'), '</v2/_catalog?last=seen%2Fa&n=1>; rel="next"')
  assert.equal(listings, 2)
})
