/**
 * The rules of deletes of whole repositories, each broken once: the explorer finds what then goes wrong, and finds
 * nothing at the same place while the rule stands. More meetings are in whole.slow.ts.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  BLOBS_PREFIX,
  deletedRepositoryKey,
  revisionsPrefix,
} from '../../../functions/registry/layout.ts'
import type { ObjectRead, ObjectStore } from '../../../functions/storage/store.ts'
import { SERVICES } from '../pairs.ts'
import { inTurn, pushManifest } from './actors.ts'
import { finishing, noteWhole, undoWhole } from './operations/whole.ts'
import { type Actor, exploreCleanUp } from './run.ts'
import { factsOf, stateOf } from './states.ts'

const EVER = new Date(0)

const read = (found: ObjectRead | undefined): ObjectRead | undefined =>
  found && { ...found, info: { ...found.info, modified: EVER } }

/** A store in which what is below a prefix seems to be old. */
const ageing =
  (prefix: string) =>
  (store: ObjectStore): ObjectStore => ({
    ...store,
    get: async (key, range) => {
      const found = await store.get(key, range)
      return key.startsWith(prefix) ? read(found) : found
    },
    head: async (key) => {
      const found = await store.head(key)
      return found && key.startsWith(prefix) ? { ...found, modified: EVER } : found
    },
  })

/** A store whose notes of deletes are as they were when they were first there. */
const forgetting = (store: ObjectStore): ObjectStore => {
  let first: ObjectRead | undefined
  return {
    ...store,
    async get(key, range) {
      if (key !== deletedRepositoryKey('app')) return store.get(key, range)
      const found = await store.get(key, range)
      first ??= found
      return first
    },
  }
}

interface Broken {
  readonly title: string
  readonly after: Actor
  readonly broken: (store: ObjectStore) => ObjectStore
  readonly shows: RegExp
}

const RULES: readonly Broken[] = [
  {
    title: 'the bytes of a manifest are not looked at before it goes',
    after: pushManifest('app'),
    broken: ageing(BLOBS_PREFIX),
    shows: /lost: manifest in app/,
  },
  {
    title: 'the manifest is not looked at before a tag goes',
    after: pushManifest('app', 'v1'),
    broken: ageing(revisionsPrefix('app')),
    shows: /lost: app:v1/,
  },
  {
    title: 'the note is not read again before anything goes',
    after: undoWhole(),
    broken: forgetting,
    shows: /lost: manifest in app/,
  },
]

describe.each(RULES)('$title', ({ after, broken, shows }) => {
  const explored = async (writers?: (store: ObjectStore) => ObjectStore) => {
    const service = SERVICES['as S3']!
    const before = await stateOf(service, 'an old tag')
    const actors = [inTurn(noteWhole, after), finishing()]
    const scenario = { service, before, facts: factsOf('an old tag'), actors }
    return exploreCleanUp(writers ? { ...scenario, writers } : scenario, 300)
  }

  test('broken, it is found', async () => {
    expect([...(await explored(broken)).faults.keys()].join('\n')).toMatch(shows)
  })

  test('as it is, nothing is found', async () => {
    expect([...(await explored()).faults]).toEqual([])
  })
})
