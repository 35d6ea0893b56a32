/**
 * The store as a check sees it: what was looked at is remembered within bounds, and forgotten where a
 * finding is looked at again.
 *
 * @module
 */

import { cached } from '../../shared/cached.ts'
import { tookPlace } from '../../storage/errors.ts'
import type { ObjectStore, PutOptions } from '../../storage/store.ts'
import { createCatalog } from '../catalog.ts'
import { createStandings, type Standings } from '../clean-up/standing.ts'
import type { Times } from '../clean-up/terms.ts'
import { createContent } from '../content.ts'
import { unreported } from '../damage.ts'
import type { RequiredChildrenOf } from '../index-children.ts'
import { DELETIONS_PREFIX, dataKey } from '../layout.ts'
import { createRecentLinks, readStoredLink, type StoredLink } from '../links.ts'
import { MAX_MANIFEST_BYTES } from '../manifests.ts'
import type { Digest } from '../reference.ts'
import { createRevisions, type Revisions } from '../revisions.ts'
import { createTags } from '../tags.ts'
import { recordedIn, sweepsOf } from './repositories.ts'

/** Links and sizes that are remembered: some megabytes. */
const CAPACITY = 20_000

const NONE: ReadonlySet<string> = new Set()

/** What is wrong with a stored link, beside the link. */
export interface LookedAt extends StoredLink {
  /** Set when it is damaged. */
  readonly damage: string | undefined
}

/** A check's view of a store. */
export interface View {
  readonly store: ObjectStore
  /** Clock in milliseconds. */
  readonly now: () => number
  readonly times: CheckTimes
  readonly revisions: Revisions
  /** Which images of an index must be there. */
  readonly requiredChildren: RequiredChildrenOf
  /** Whether a repository is a copy of another registry's, which has what is not here. */
  readonly isCopy: (name: string) => boolean
  /** What is under a link's key, read anew. */
  link(key: string): Promise<LookedAt | undefined>
  /** Whether there is a plain link. */
  isLinked(key: string): Promise<boolean>
  /** Bytes of data; undefined when it is not there. */
  size(target: Digest): Promise<number | undefined>
  /** A manifest's bytes, if they have its digest. */
  manifest(target: Digest): Promise<Uint8Array | undefined>
  /** Manifests of a repository whose delete is on record. */
  recorded(name: string): Promise<ReadonlySet<string>>
  /** Whether any delete is on record in the whole store. */
  records(): Promise<boolean>
  /** What removes condemned links of a repository that nothing needs, and that were condemned long enough ago. */
  sweeps(name: string): Promise<ReadonlyMap<string, () => Promise<boolean>>>
  /** Digests of which the bytes were found wrong in this run. */
  readonly wrong: Set<string>
  /** The same view without what is remembered. */
  again(): View
  /** Deletes this version of an object. @returns false when it has changed or gone */
  remove(key: string, etag: string): Promise<boolean>
  /** Writes an object if it is as it was. @returns false when it is not */
  write(
    key: string,
    bytes: Uint8Array,
    condition: { readonly ifMatch: string } | { readonly ifNoneMatch: '*' },
    inTime?: PutOptions['inTime'],
  ): Promise<boolean>
  /** How data stands with the clean-up, for links that are written. */
  readonly standings: Standings
}

/** Times that servers and clean-ups of this store go by, in milliseconds. */
export type CheckTimes = Pick<Times, 'grace' | 'undelete'>

/** What a check goes by. */
export type ViewOptions = Pick<View, 'now' | 'times' | 'requiredChildren' | 'isCopy'>

/** Opens a view of a store. */
export const viewOf = (
  store: ObjectStore,
  options: ViewOptions,
  wrong: Set<string> = new Set(),
): View => {
  const { now, times } = options
  const sizes = cached(
    async (target: Digest): Promise<number | undefined> =>
      (await store.head(dataKey(target)))?.size,
    { capacity: CAPACITY },
  )
  const linked = cached(
    async (key: string): Promise<true | undefined> =>
      (await readStoredLink(store, key, unreported))?.link && true,
    { capacity: CAPACITY },
  )
  const recorded = cached((name: string) => recordedIn(store, name), { capacity: 1 })
  const sweeps = cached((name: string) => sweepsOf(store, name, { now: now(), times }), {
    capacity: 1,
  })
  const content = createContent(store)
  const tags = createTags(store, createCatalog(store))
  const recent = createRecentLinks(store, () => performance.now())
  return {
    store,
    wrong,
    ...options,
    revisions: createRevisions(store, recent, tags, unreported),
    async link(key) {
      let damage: string | undefined
      const stored = await readStoredLink(store, key, ({ why }) => {
        damage = why
      })
      return stored && { ...stored, damage }
    },
    isLinked: async (key) => (await linked.get(key)) ?? false,
    size: sizes.get,
    manifest: (target) => content.get(dataKey(target), MAX_MANIFEST_BYTES, target),
    // The links of a repository are next to each other.
    recorded: async (name) => (await recorded.get(name)) ?? NONE,
    sweeps: async (name) => (await sweeps.get(name)) ?? new Map(),
    records: async () => (await store.list(DELETIONS_PREFIX, { limit: 1 })).objects.length > 0,
    again: () => viewOf(store, options, wrong),
    remove: (key, etag) => tookPlace(store.deleteIf(key, etag)),
    write: (key, bytes, condition, inTime) =>
      tookPlace(store.put(key, bytes, { condition, inTime })),
    standings: createStandings(store, { now, report: unreported }),
  }
}
