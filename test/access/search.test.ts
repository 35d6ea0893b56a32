/**
 * A search finds what the caller may pull, and nothing else, and does not show that there is more.
 *
 * @module
 */

import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { fold } from '../../functions/search/fold.ts'
import type { IndexedRepository } from '../../functions/search/indexed.ts'
import { bucketOf } from '../../functions/search/keys.ts'
import { mend, removeIndex } from '../../functions/search/mend.ts'
import { writeShard } from '../../functions/search/shard.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { type AccessRig, basic, bearer, foreignToken, jsonOf, sharedRig, tokenFor } from './rig.ts'

const NAMES = ['a', 'alice/a', 'b', 'secret/a', 'team/a', 'team/locked']
const CATALOG = 'registry:catalog:*'
const [ALICE, BOB] = [basic('alice', 'right horse'), basic('bob', 'battery')]

const rules = [
  {
    who: ['authenticated'],
    repositories: ['team/locked'],
    actions: ['*'],
    effect: 'deny' as const,
  },
  { who: ['anonymous', 'authenticated'], repositories: ['a'], actions: ['pull'] },
  { who: ['user:alice'], repositories: [`\${user}/*`, 'team/*'], actions: ['*'] },
  { who: ['claim:role=admin'], repositories: ['**'], actions: ['pull'] },
]

const shared = sharedRig({
  users: { alice: 'right horse', bob: 'battery' },
  foreign: true,
  policy: rules,
  images: NAMES,
})
beforeAll(async () => {
  await mend(shared().store)
})

type Shows = (rig: AccessRig) => Promise<string | undefined>
const granting = (...access: readonly object[]): Shows => {
  const catalog = { type: 'registry', name: 'catalog', actions: ['*'] }
  return async ({ clock }) => bearer(foreignToken(clock.now(), { access: [catalog, ...access] }))
}

const CALLERS: readonly (readonly [string, Shows, readonly string[]])[] = [
  ['anonymous, by token', (rig) => tokenFor(rig, undefined, CATALOG), ['a']],
  ['alice', async () => ALICE, ['a', 'alice/a', 'team/a']],
  ['alice, by token', (rig) => tokenFor(rig, ALICE, CATALOG), ['a', 'alice/a', 'team/a']],
  [
    'alice, by the token that docker asks for',
    (rig) => tokenFor(rig, ALICE, 'registry:catalog:search'),
    ['a', 'alice/a', 'team/a'],
  ],
  ['bob', async () => BOB, ['a']],
  [
    "another issuer's token, by policy",
    async ({ clock }) => bearer(foreignToken(clock.now(), { role: 'admin' })),
    ['a', 'alice/a', 'b', 'secret/a', 'team/a'],
  ],
  ["another issuer's token that grants the catalog alone", granting(), []],
  [
    "another issuer's token that grants a pull, too",
    granting({ type: 'repository', name: 'b', actions: ['pull'] }),
    ['b'],
  ],
]

describe.each(CALLERS)('%s', (_, shows, expected) => {
  test.each([
    ['/v1/search?q=', ({ results }: Json) => results.map(({ name }) => name)],
    ['/api/v1/search', ({ results }: Json) => results.map(({ repository }) => repository)],
    ['/api/v1/search?tag=v1', ({ results }: Json) => results.map(({ repository }) => repository)],
    ['/api/v1/search?tag=v1&n=1', undefined],
  ])('%s', async (target, namesIn) => {
    const rig = shared()
    const as = await shows(rig)
    const found: unknown[] = []
    for (let cursor = ''; ; ) {
      const answer = await rig.send(`GET ${target}${cursor}`, { as })
      expect(answer.status).toBe(200)
      const page = jsonOf(answer)
      found.push(
        ...(namesIn ?? (({ results }: Json) => results.map((each) => each.repository)))(page),
      )
      if (page.next === undefined) break
      cursor = `&cursor=${page.next}`
    }
    expect(found.sort()).toEqual(expected)
  })
})

interface Json {
  readonly results: readonly { readonly name?: string; readonly repository?: string }[]
}

describe('without credentials', () => {
  test('podman is told to look into the catalog, where it has credentials', async () => {
    const { status, headers } = await shared().send('GET /v1/search?q=a')
    expect(status).toBe(401)
    expect(headers.get('WWW-Authenticate')).toContain('scope="registry:catalog:*"')
  })

  test('docker finds what everybody may pull', async () => {
    const headers = { 'X-Docker-Token': 'true' }
    const { results } = jsonOf(await shared().send('GET /v1/search?q=a', { headers }))
    expect(results.map(({ name }: { name: string }) => name)).toEqual(['a'])
  })

  test('the ping needs none', async () => {
    expect((await shared().send('GET /v1/_ping')).status).toBe(200)
  })

  test('wrong ones are refused', async () => {
    for (const path of ['/v1/search?q=a', '/api/v1/search?q=a']) {
      expect((await shared().send(`GET ${path}`, { as: basic('bob', 'x') })).status).toBe(401)
      const as = await tokenFor(shared(), ALICE, 'repository:a:pull')
      expect((await shared().send(`GET ${path}`, { as })).status).toBe(401)
    }
  })
})

const AT = Date.UTC(2026, 0, 1)
const D = `sha256:${'d'.repeat(64)}`

const REPOSITORY: IndexedRepository = {
  tags: new Map([['v1', { tag: 'v1', digest: D, at: AT }]]),
  manifests: new Map([[D, { digest: D, at: AT, mediaType: 'm', size: 1, labels: { is: 'it' } }]]),
}

/** An index of these repositories, and no other. */
const writeIndex = async (store: ObjectStore, names: readonly string[]): Promise<void> => {
  await removeIndex(store)
  for (const [bucket, those] of Map.groupBy(names, bucketOf)) {
    await writeShard(store, bucket, new Map(those.map((name) => [name, REPOSITORY])), undefined)
  }
  await fold(store, new Date(AT))
}

describe('any sets of visible and hidden repositories', () => {
  const other = sharedRig({
    users: { bob: 'battery' },
    policy: [{ who: ['user:bob'], repositories: ['seen/**'], actions: ['pull'] }],
  })

  test('are searched as if the hidden did not exist', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.constantFrom('seen', 'hidden'), fc.nat(9)), {
          selector: ([kind, at]) => `${kind}${at}`,
          maxLength: 9,
        }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(
          'tag=v1',
          'digest=dd',
          'label=is',
          'label=no',
          'q=1',
          'repository=hidden/1',
        ),
        async (entries, n, query) => {
          const all = entries.map(([kind, at]) => `${kind}/${at}`)
          const answers: string[] = []
          for (const names of [all, all.filter((name) => name.startsWith('seen/'))]) {
            await writeIndex(other().store, names)
            for (const path of [`/api/v1/search?${query}`, `/v1/search?${query}`]) {
              const { body, headers } = await other().send(`GET ${path}&n=${n}`, { as: BOB })
              answers.push(`${headers.get('Link')} ${body}`)
            }
          }
          expect(answers.slice(0, 2)).toEqual(answers.slice(2))
        },
      ),
      { numRuns: 25 },
    )
  })
})
