/**
 * The rules of the clean-up (docs/clean-up.md), each broken once, for the explorer to find.
 *
 * @module
 */
import { parseMarker } from '../../../functions/registry/clean-up/marker.ts'
import {
  CONDEMNED_PREFIX,
  cleanUpKey,
  REPOSITORIES_PREFIX,
} from '../../../functions/registry/layout.ts'
import { parseLink } from '../../../functions/registry/links.ts'
import type { ListPage, ObjectRead, ObjectStore } from '../../../functions/storage/store.ts'
import {
  collector,
  condemnedLate,
  inTurn,
  landing,
  later,
  mount,
  pull,
  pushManifest,
  session,
  sleeper,
  upload,
} from './actors.ts'
import type { Spoiled } from './collecting.ts'
import type { Meeting } from './scenarios.ts'

const isLayer = (key: string): boolean => key.includes('/_layers/')
const isRevision = (key: string): boolean => key.includes('/_manifests/revisions/')
const isTag = (key: string): boolean => key.includes('/_manifests/tags/')
const isMarker = (key: string): boolean => key.startsWith(CONDEMNED_PREFIX)
const isOfRun = (key: string): boolean => isLayer(key) || isRevision(key) || isMarker(key)

const bodyOf = (read: ObjectRead): Uint8Array =>
  Array.isArray(read.body) ? (read.body[0] as Uint8Array) : new Uint8Array()

/** Has objects look older than they are. @param by milliseconds, for what is under a key */
const older = (
  store: ObjectStore,
  by: (key: string, body?: Uint8Array) => number,
): ObjectStore => ({
  ...store,
  async get(key, range) {
    const read = await store.get(key, range)
    if (read === undefined) return undefined
    const modified = new Date(read.info.modified.getTime() - by(key, bodyOf(read)))
    return { ...read, info: { ...read.info, modified } }
  },
  async list(prefix, options) {
    const page = await store.list(prefix, options)
    const objects = page.objects.map((each) => ({
      ...each,
      modified: new Date(each.modified.getTime() - by(each.key)),
    }))
    return { ...page, objects }
  },
})

const AGES = 400 * 24 * 60 * 60_000

/** Has markers that say this look old. */
const oldMarkers = (state: string) => (store: ObjectStore) =>
  older(store, (key, body) =>
    isMarker(key) && body !== undefined && parseMarker(body)?.state === state ? AGES : 0,
  )

/** Leaves objects out of listings. */
const hiding = (
  store: ObjectStore,
  isHidden: (object: ListPage['objects'][number]) => boolean,
): ObjectStore => ({
  ...store,
  async list(prefix, options) {
    const page = await store.list(prefix, options)
    return { ...page, objects: page.objects.filter((each) => !isHidden(each)) }
  },
})

/** Changes what is written. */
const writing = (store: ObjectStore, write: ObjectStore['put']): ObjectStore => ({
  ...store,
  put: write,
})

const says = (body: Uint8Array, word: string): boolean => Buffer.from(body).includes(` ${word} `)

/** Goes by the manifests that were there before the date of the run. */
const staleManifests = (store: ObjectStore): ObjectStore => {
  let before: Set<string> | undefined
  return {
    ...store,
    async put(key, body, options) {
      if (before === undefined && key.startsWith(cleanUpKey('date-'))) {
        const { objects } = await store.list(REPOSITORIES_PREFIX)
        before = new Set(objects.map((each) => each.key))
      }
      return store.put(key, body, options)
    },
    list: (prefix, options) =>
      hiding(store, ({ key }) => isRevision(key) && before?.has(key) === false).list(
        prefix,
        options,
      ),
  }
}

/** A rule that is broken, and what is found then. */
export interface Rule extends Spoiled {
  readonly title: string
  /** Where it shows. */
  readonly meeting: Meeting
  readonly shows: RegExp
  /** Found only where the store has versions. */
  readonly versions?: true
  readonly late?: true
}

export const RULES: readonly Rule[] = [
  {
    title: 'C2: links are swept by If-Match',
    meeting: { state: 'a condemned link', actors: [upload('app'), collector()] },
    spoil: (store) => ({
      ...store,
      deleteIf: (key, etag) => (isLayer(key) ? store.delete([key]) : store.deleteIf(key, etag)),
    }),
    shows: /lost|manifest within its session/,
  },
  {
    title: 'C2: a condemned link has a nonce',
    meeting: {
      state: 'a link that nothing needs',
      actors: [sleeper('app'), collector(), pushManifest('app')],
    },
    spoil: (store) =>
      writing(store, (key, body, options) =>
        says(body, 'condemned')
          ? store.put(
              key,
              Buffer.from(`${parseLink(body)?.target} condemned ${'0'.repeat(16)}`),
              options,
            )
          : store.put(key, body, options),
      ),
    shows: /lost|manifest within its session/,
  },
  {
    title: 'C2: only old condemned links are swept',
    meeting: {
      state: 'a link that nothing needs',
      actors: [pushManifest('app'), inTurn(collector(), collector('second'))],
    },
    spoil: (store) => older(store, (key) => (isLayer(key) ? AGES : 0)),
    shows: /lost|manifest within its session|HEAD after/,
  },
  {
    title: 'C2: manifests are read again',
    meeting: {
      state: 'a link that nothing needs',
      actors: [inTurn(pushManifest('app'), later, collector('second')), collector()],
    },
    spoil: (store) => hiding(store, ({ key }) => isRevision(key)),
    shows: /lost/,
  },
  {
    title: 'C2: manifests are read after the date',
    meeting: {
      state: 'a link that nothing needs',
      actors: [inTurn(pushManifest('app'), condemnedLate('app'), later), collector()],
    },
    spoil: staleManifests,
    shows: /lost/,
  },
  {
    title: 'C2: needed links are made plain again',
    meeting: {
      state: 'a link that nothing needs',
      actors: [pushManifest('app'), collector()],
    },
    spoil: (store) =>
      writing(store, async (key, body, options) =>
        isLayer(key) && !says(body, 'condemned') ? { etag: '' } : store.put(key, body, options),
      ),
    shows: /for ever: a link that is not plain/,
  },
  {
    title: 'C1: one date, before all that is read',
    meeting: {
      state: 'data without links',
      actors: [collector(), inTurn(collector('second'), later), mount('other', undefined)],
    },
    spoil: (store, clock) => {
      const began = clock.now
      return older(store, (key) => (isOfRun(key) ? clock.now - began : 0))
    },
    shows: /lost|link without data|manifest within its session/,
  },
  {
    title: 'C3: the claim comes before the delete',
    meeting: { state: 'condemned data', actors: [upload('app'), collector()] },
    spoil: (store) =>
      writing(store, async (key, body, options) =>
        isMarker(key) && parseMarker(body)?.state === 'claimed'
          ? { etag: 'none' }
          : store.put(key, body, options),
      ),
    shows: /link without data/,
  },
  {
    title: 'C3: the claim has a condition',
    meeting: { state: 'condemned data', actors: [upload('app'), collector()] },
    spoil: (store) =>
      writing(store, (key, body, options) =>
        isMarker(key) && parseMarker(body)?.state === 'claimed'
          ? store.put(key, body)
          : store.put(key, body, options),
      ),
    shows: /link without data/,
  },
  {
    title: 'C3: only old markers are claimed',
    meeting: {
      state: 'data without links',
      actors: [mount('other', undefined), inTurn(collector(), collector('second'))],
    },
    times: { grace: -2000 },
    shows: /link without data|lost/,
  },
  {
    title: 'C3: condemned links count',
    meeting: {
      state: 'a condemned link of condemned data',
      actors: [upload('app'), collector()],
    },
    spoil: (store) => hiding(store, ({ key, size }) => isLayer(key) && size > 71),
    shows: /link without data/,
  },
  {
    title: 'C3: all links are walked again before a claim',
    meeting: { state: 'a link of condemned data', actors: [collector(), pull('app')] },
    spoil: (store) => hiding(store, ({ key }) => isLayer(key)),
    shows: /link without data/,
  },
  {
    title: 'C3: gone stays for the grace',
    meeting: {
      state: 'condemned data',
      actors: [mount('other', undefined), inTurn(collector(), collector('second'))],
    },
    spoil: oldMarkers('gone'),
    shows: /link without data/,
  },
  {
    title: 'C3: only expired claims are given up',
    meeting: {
      state: 'condemned data',
      actors: [collector(), inTurn(collector('second'), upload('app'))],
    },
    spoil: oldMarkers('claimed'),
    shows: /link without data|lost/,
  },
  {
    title: 'C4: the store refuses late deletes',
    meeting: {
      state: 'condemned data',
      actors: [inTurn(collector(), later, collector('second'), upload('app')), landing],
    },
    takesAll: true,
    late: true,
    shows: /link without data|lost/,
  },
  {
    title: 'C4: the delete is sent once',
    meeting: {
      state: 'condemned data',
      actors: [inTurn(collector(), upload('app')), landing],
    },
    spoil: (store) => ({
      ...store,
      deleteOnce: (key) => store.deleteOnce(key).catch(() => store.delete([key])),
    }),
    late: true,
    shows: /link without data|lost/,
  },
  {
    title: 'C4: gone is written only after a good answer',
    meeting: {
      state: 'condemned data',
      actors: [inTurn(collector(), upload('app')), landing],
    },
    spoil: (store) => ({
      ...store,
      deleteOnce: (key) => store.deleteOnce(key).catch(() => {}),
    }),
    late: true,
    shows: /link without data|lost/,
  },
  {
    title: 'C5: the version that was condemned is deleted, and no other',
    meeting: { state: 'condemned data', actors: [session('app'), collector()] },
    spoil: (store) => ({ ...store, deleteVersion: (key) => store.delete([key]).then(() => true) }),
    versions: true,
    shows: /link without data|lost/,
  },
  {
    title: 'E5: tags are read again',
    meeting: { state: 'a deleted manifest that a tag says', actors: [collector()] },
    spoil: (store) => ({
      ...store,
      get: async (key, range) => (isTag(key) ? undefined : store.get(key, range)),
    }),
    shows: /lost: manifest in app/,
  },
]
