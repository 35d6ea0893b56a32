/**
 * Turns all that is condemned back, so that an older version, or another registry, can serve the store.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { tookPlace } from '../../storage/errors.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { CONDEMNED_PREFIX, FENCE_KEY } from '../layout.ts'
import { readLinkObject } from '../links.ts'
import { isDigest } from '../reference.ts'
import { readStoredMarker } from './data.ts'
import { findKeepers, type Keeper } from './keepers.ts'
import { takeLease } from './lease.ts'
import { makePlain } from './link-object.ts'
import type { StoredMarker } from './marker.ts'
import { dateOf, mayGoOn } from './terms.ts'
import { walkRepositories } from './walk.ts'

/** Objects changed at once. */
const AT_ONCE = 32

/** What was turned back. */
export interface Turned {
  links: number
  markers: number
  /** Markers of data that is being deleted, or just was, which stay: somebody may rely on them yet. */
  claimed: number
}

/** How it has ended. */
export type Released =
  /** A clean-up goes on. */
  | { readonly outcome: 'busy'; readonly since: Date }
  /** Registries run that condemn again what is released. */
  | { readonly outcome: 'kept-up'; readonly by: readonly Keeper[] }
  | (Readonly<Turned> & {
      readonly outcome: 'done' | 'stopped'
      /** Whether nothing may clean up any more: the fence is gone. */
      readonly fenceGone: boolean
    })

export interface ReleaseOptions {
  /** Whether nothing else with `gc` on can be at the store: then nobody is asked. */
  readonly alone: boolean
  readonly progress: (turned: Readonly<Turned>) => void
  /** Whether to stop, to go on another time. */
  readonly isOver: () => boolean
  /** Clock in milliseconds that only goes forward. */
  readonly monotonic: () => number
}

/** Is told how far it is, between any two steps. @returns whether to stop */
type Pause = () => Promise<boolean>

/** Makes every condemned link plain. @returns false when it was to stop */
const releaseLinks = async (store: ObjectStore, turned: Turned, pause: Pause): Promise<boolean> => {
  for await (const { layers, revisions, tags } of walkRepositories(store)) {
    const longer = [...layers, ...revisions, ...tags].filter(({ plain }) => !plain)
    await inBatches(
      longer,
      async ({ key }) => {
        const link = await readLinkObject(store, key)
        if (link?.body?.condemned === undefined) return
        if (await makePlain(store, link)) turned.links += 1
      },
      AT_ONCE,
    )
    if (await pause()) return false
  }
  return true
}

/**
 * Whether bytes are being deleted, or went so short a time ago that somebody may have seen them before, and is
 * about to link them: whoever does so relies on the marker to say that they are gone.
 */
const isBusy = ({ marker, modified }: StoredMarker, date: number): boolean =>
  marker?.state === 'claimed' || (marker?.state === 'gone' && mayGoOn(modified, date))

/** Takes every marker away, but of what is being deleted, or just was. @returns false when it was to stop */
const releaseMarkers = async (
  store: ObjectStore,
  date: number,
  turned: Turned,
  pause: Pause,
): Promise<boolean> => {
  for await (const page of listPages(store, CONDEMNED_PREFIX)) {
    await inBatches(
      page,
      async ({ key }) => {
        const digest = key.slice(CONDEMNED_PREFIX.length).replace('/', ':')
        const stored = isDigest(digest) ? await readStoredMarker(store, digest) : undefined
        if (stored === undefined) return
        if (isBusy(stored, date)) turned.claimed += 1
        else if (await tookPlace(store.deleteIf(key, stored.etag))) turned.markers += 1
      },
      AT_ONCE,
    )
    if (await pause()) return false
  }
  return true
}

/** Takes the fence down, as it was read. @returns whether there is none any more */
const takeDown = async (store: ObjectStore): Promise<boolean> => {
  const fence = await store.head(FENCE_KEY)
  return fence === undefined || (await tookPlace(store.deleteIf(FENCE_KEY, fence.etag)))
}

/**
 * Releases all that is condemned, and takes the fence down: afterwards no clean-up runs until a registry with `gc` on
 * raises it again, and an hour more. Where data is being deleted, the fence stays until that has ended.
 *
 * @throws StoreError when the store fails; what was released is
 */
export const release = async (
  store: ObjectStore,
  { alone, progress, isOver, monotonic }: ReleaseOptions,
): Promise<Released> => {
  const date = await dateOf(store)
  const by = alone ? [] : await findKeepers(store, date)
  if (by.length > 0) return { outcome: 'kept-up', by }
  const lease = await takeLease(store, date, monotonic)
  if (lease instanceof Date) return { outcome: 'busy', since: lease }
  try {
    const turned: Turned = { links: 0, markers: 0, claimed: 0 }
    const pause: Pause = async () => {
      progress(turned)
      return isOver() || !(await lease.keep())
    }
    const whole =
      (await releaseLinks(store, turned, pause)) &&
      (await releaseMarkers(store, date, turned, pause))
    if (!whole) return { outcome: 'stopped', ...turned, fenceGone: false }
    return {
      outcome: 'done',
      ...turned,
      fenceGone: turned.claimed === 0 && (await takeDown(store)),
    }
  } finally {
    await lease.release()
  }
}
