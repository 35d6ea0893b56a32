/**
 * The rules of those who write links (docs/clean-up.md), each broken once, for the explorer to find.
 *
 * @module
 */
import { REQUEST } from '../../../functions/registry/clean-up/bounds.ts'
import {
  type MarkerState,
  markerBody,
  parseMarker,
} from '../../../functions/registry/clean-up/marker.ts'
import { CONDEMNED_PREFIX, dataKey } from '../../../functions/registry/layout.ts'
import { parseLink } from '../../../functions/registry/links.ts'
import { StoreError } from '../../../functions/storage/errors.ts'
import type { ObjectRead, ObjectStore, PutOptions } from '../../../functions/storage/store.ts'
import {
  BLOB,
  collector,
  inTurn,
  later,
  mount,
  pull,
  pushManifest,
  session,
  upload,
  uploadInChunks,
} from './actors.ts'
import type { Actor, Scenario } from './run.ts'
import type { Meeting } from './scenarios.ts'

/** A rule that is broken, where that is found, and what is said of it. */
export interface WriterRule {
  readonly title: string
  readonly spoil: NonNullable<Scenario['writers']>
  readonly meetings: readonly Meeting[]
  readonly shows: RegExp
  /** Found only where the store has versions. */
  readonly versions?: true
  /** Found only where the answers to deletes are lost. */
  readonly losesDeletes?: true
}

const isLayer = (key: string): boolean => key.includes('/_layers/')
export const isMarker = (key: string): boolean => key.startsWith(CONDEMNED_PREFIX)

/** A small object is always read whole. */
export const bytesOf = ({ body }: ObjectRead): Uint8Array =>
  Array.isArray(body) ? (body[0] as Uint8Array) : new Uint8Array()

/** Has writers see markers that say this as absent. */
const blindTo =
  (...states: readonly MarkerState[]) =>
  (store: ObjectStore): ObjectStore => ({
    ...store,
    async get(key, range) {
      const read = await store.get(key, range)
      const state = isMarker(key) && read ? parseMarker(bytesOf(read))?.state : undefined
      return state !== undefined && states.includes(state) ? undefined : read
    },
  })

const saysRescued = (key: string, body: Uint8Array): boolean =>
  isMarker(key) && parseMarker(body)?.state === 'rescued'

const isRescueOfLink = (key: string, { condition }: PutOptions = {}): boolean =>
  isLayer(key) && condition !== undefined && 'ifMatch' in condition

/** The draft of the protocol: the marker is read when the link is written. */
const looksAfterwards = (store: ObjectStore): ObjectStore => ({
  ...store,
  get: async (key, range) => (isMarker(key) ? undefined : store.get(key, range)),
  async put(key, body, options) {
    const written = await store.put(key, body, options)
    if (!isLayer(key) || options?.condition) return written
    const marker = CONDEMNED_PREFIX + BLOB.sha256.replace(':', '/')
    for (;;) {
      const read = await store.get(marker)
      const state = read && parseMarker(bytesOf(read))?.state
      if (read === undefined || state === 'rescued') return written
      if (state === 'condemned') {
        const rescued = Buffer.from(`rescued ${'1'.repeat(16)}`)
        const condition = { ifMatch: read.info.etag }
        const done = await store.put(marker, rescued, { condition }).catch(() => undefined)
        if (done !== undefined) return written
        continue
      }
      const there = state === 'gone' && (await store.head(dataKey(BLOB.sha256)))
      if (there) return written
      throw new StoreError('unavailable', key)
    }
  },
})

const CONDEMNED: readonly Meeting[] = [
  { state: 'condemned data', actors: [upload('app'), collector()] },
]

/** Condemned, claimed and deleted, and in the end forgotten, while a request sleeps. */
const lifeOf = (runs: number) =>
  inTurn(...Array.from({ length: runs }, () => [collector(), later]).flat())

const head = (name: string): Actor => ({
  title: `HEAD in ${name}`,
  run: async ({ send }) => void (await send(`HEAD /v2/${name}/blobs/${BLOB.sha256}`)),
})

export const WRITER_RULES: readonly WriterRule[] = [
  {
    title: '1: the marker is read',
    spoil: blindTo('condemned', 'claimed', 'gone', 'rescued'),
    meetings: [upload('app'), uploadInChunks('app'), mount('other', undefined)].map((request) => ({
      state: 'condemned data',
      actors: [request, collector()],
    })),
    shows: /link without data/,
  },
  {
    title: '1: before the link, not after it',
    spoil: looksAfterwards,
    meetings: [
      { state: 'condemned data', actors: [upload('app'), pushManifest('app'), collector()] },
    ],
    shows: /lost: manifest in app/,
  },
  {
    title: '2: a condemned marker is overwritten',
    spoil: (store) => ({
      ...store,
      put: async (key, body, options) =>
        saysRescued(key, body) ? { etag: 'none' } : store.put(key, body, options),
    }),
    meetings: CONDEMNED,
    shows: /link without data/,
  },
  {
    title: '2: by a condition on what was read',
    spoil: (store) => ({
      ...store,
      put: (key, body, options) => store.put(key, body, saysRescued(key, body) ? {} : options),
    }),
    meetings: [upload('app'), mount('other', undefined)].map((request) => ({
      state: 'condemned data',
      actors: [request, collector()],
    })),
    shows: /link without data/,
  },
  {
    title: '3: what may be gone is looked at again',
    spoil: blindTo('gone'),
    meetings: CONDEMNED,
    shows: /link without data/,
  },
  {
    title: '4: what is claimed is not linked',
    spoil: blindTo('claimed'),
    meetings: CONDEMNED,
    shows: /link without data/,
  },
  {
    title: '4: only an expired claim is given up',
    spoil: (store) => ({
      ...store,
      async get(key, range) {
        const read = await store.get(key, range)
        if (!isMarker(key) || read === undefined) return read
        return { ...read, info: { ...read.info, modified: new Date(0) } }
      },
    }),
    meetings: CONDEMNED,
    shows: /link without data/,
  },
  {
    title: '5: a version that is being deleted is absent',
    versions: true,
    spoil: (store) => ({
      ...store,
      async get(key, range) {
        const read = await store.get(key, range)
        const marker = isMarker(key) && read ? parseMarker(bytesOf(read)) : undefined
        if (read === undefined || marker?.state !== 'claimed') return read
        return { ...read, body: [new Uint8Array(markerBody({ ...marker, version: 'another' }))] }
      },
    }),
    meetings: [{ state: 'condemned data', actors: [mount('other', undefined), collector()] }],
    shows: /link without data/,
  },
  {
    title: '6: requests are bounded',
    spoil: (store) => ({
      ...store,
      put: (key, body, { inTime: _, ...options } = {}) => store.put(key, body, options),
    }),
    meetings: [{ state: 'data without links', actors: [upload('app'), lifeOf(2)] }],
    shows: /link without data/,
  },
  {
    title: '6: from before the data is seen, not from the marker on',
    spoil: (store, clock) => {
      let began = 0
      const inTime = () => clock.now - began < REQUEST
      return {
        ...store,
        async get(key, range) {
          const read = await store.get(key, range)
          if (isMarker(key)) began = clock.now
          return read
        },
        put: (key, body, options) =>
          store.put(key, body, options?.inTime ? { ...options, inTime } : options),
      }
    },
    meetings: [{ state: 'condemned data', actors: [mount('other', undefined), lifeOf(2)] }],
    shows: /link without data/,
  },
  {
    title: '7: a manifest makes condemned links plain',
    spoil: (store) => ({
      ...store,
      put: async (key, body, options) =>
        isRescueOfLink(key, options) ? { etag: 'none' } : store.put(key, body, options),
    }),
    meetings: [{ state: 'a condemned link', actors: [pushManifest('app'), collector()] }],
    shows: /lost: manifest in app/,
  },
  {
    title: '7: by a condition on what was read',
    spoil: (store) => ({
      ...store,
      put: (key, body, options) =>
        store.put(key, body, isRescueOfLink(key, options) ? {} : options),
    }),
    meetings: [
      // A manifest does the same, beside much else.
      { state: 'a condemned link', actors: [head('app'), lifeOf(3)] },
    ],
    shows: /link without data/,
  },
  {
    title: '8: HEAD of a condemned link is not 404',
    spoil: (store) => ({
      ...store,
      async get(key, range) {
        const read = await store.get(key, range)
        const condemned = isLayer(key) && read && parseLink(bytesOf(read))?.condemned
        return condemned ? undefined : read
      },
    }),
    meetings: [
      {
        state: 'a link that nothing needs',
        actors: [pushManifest('app'), collector(), pull('app')],
      },
    ],
    shows: /HEAD in a pull is 404/,
  },
  {
    title: '8: HEAD makes a condemned link plain',
    spoil: (store) => {
      let first = true
      return {
        ...store,
        async put(key, body, options) {
          if (!first || !isRescueOfLink(key, options)) return store.put(key, body, options)
          first = false
          return { etag: 'none' }
        },
      }
    },
    meetings: [{ state: 'a condemned link', actors: [session('app'), collector()] }],
    shows: /manifest within its session|lost/,
  },
]
