/**
 * Faults, put into the store, that the explorer has to find: the two that there were, and one for
 * each condition that the registry relies on.
 *
 * @module
 */
import { OWN_PREFIX, REFERRERS_PREFIX } from '../../functions/registry/layout.ts'
import { parseLink } from '../../functions/registry/links.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'

/** A fault, and where it shows. */
export interface Spoiler {
  readonly title: string
  readonly spoil: (store: ObjectStore) => ObjectStore
  /** Titles of the operations that show it. */
  readonly operations: readonly string[]
  /** What is said of it. */
  readonly shows: RegExp
}

const isDeletedLink = (body: Uint8Array): boolean => parseLink(body)?.deletedWithin !== undefined

export const SPOILERS: readonly Spoiler[] = [
  {
    title: 'E2: a delete of a manifest takes tags by their versions',
    spoil: (store) => ({ ...store, deleteIf: async (key) => store.delete([key]) }),
    operations: ['move a tag', 'delete by digest'],
    shows: /no order ends with \[\["201","202"\].*"app tags":""/,
  },
  {
    title: 'E3: the link of a deleted manifest stays, and says so',
    spoil: (store) => ({
      ...store,
      async put(key, body, options) {
        if (!isDeletedLink(body)) return store.put(key, body, options)
        await store.delete([key])
        return { etag: '' }
      },
    }),
    operations: ['push a tag', 'delete by digest'],
    shows: /app:again is there, and its digest is not/,
  },
  {
    title: 'E3: it is written by a condition on what was read',
    spoil: (store) => ({
      ...store,
      put: (key, body, options) => store.put(key, body, isDeletedLink(body) ? {} : options),
    }),
    operations: ['delete by digest', 'delete by digest'],
    shows: /no order ends with \[\["202","202"\]/,
  },
  {
    title: 'a tag is moved without its condition',
    spoil: (store) => ({
      ...store,
      put: (key, body, options) =>
        store.put(key, body, key.endsWith('/current/link') ? {} : options),
    }),
    operations: ['push a tag if there is none', 'push a tag if there is none'],
    shows: /no order ends with \[\["201","201"\]/,
  },
  {
    title: 'a referrer is prepared over what a delete has left',
    spoil: (store) => ({
      ...store,
      put: (key, body, { condition, ...options } = {}) =>
        store.put(key, body, {
          ...options,
          ...(condition && !(key.startsWith(REFERRERS_PREFIX) && 'ifNoneMatch' in condition)
            ? { condition }
            : {}),
        }),
    }),
    operations: ['push a referrer again', 'delete a referrer'],
    shows: /referrers .* are listed as/,
  },
  {
    title: 'a referrer is confirmed whatever has happened since',
    spoil: (store) => ({
      ...store,
      put: (key, body, options) =>
        store.put(key, body, key.startsWith(REFERRERS_PREFIX) ? {} : options),
    }),
    operations: ['push a referrer again', 'delete a referrer'],
    shows: /referrers .* are listed as/,
  },
  {
    title: 'a repository is not listed',
    spoil: (store) => ({
      ...store,
      put: async (key, body, options) =>
        key.startsWith(`${OWN_PREFIX}catalog/`) ? { etag: '' } : store.put(key, body, options),
    }),
    operations: ['push the first', 'push a tag'],
    shows: /empty has tags, and is in no catalog/,
  },
]
