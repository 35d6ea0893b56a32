/**
 * Turns all that is condemned back, so that an older version, or another registry, can serve the store.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { tookPlace } from '../../storage/errors.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { CONDEMNED_PREFIX } from '../layout.ts'
import { readLinkObject } from '../links.ts'
import { isDigest } from '../reference.ts'
import { readStoredMarker } from './data.ts'
import { makePlain } from './link-object.ts'
import { walkRepositories } from './walk.ts'

/** Objects changed at once. */
const AT_ONCE = 32

/** What was turned back. */
export interface Released {
  links: number
  markers: number
  /** Markers of data that is being deleted, which stay: the delete may take place yet. */
  claimed: number
}

/** Makes every condemned link plain. */
const releaseLinks = async (
  store: ObjectStore,
  released: Released,
  progress: (released: Released) => void,
): Promise<void> => {
  for await (const { layers, revisions, tags } of walkRepositories(store)) {
    const longer = [...layers, ...revisions, ...tags].filter(({ plain }) => !plain)
    await inBatches(
      longer,
      async ({ key }) => {
        const link = await readLinkObject(store, key)
        if (link?.body?.condemned === undefined) return
        if (await makePlain(store, link)) released.links += 1
      },
      AT_ONCE,
    )
    progress(released)
  }
}

/** Takes every marker away, but of what is being deleted. */
const releaseMarkers = async (
  store: ObjectStore,
  released: Released,
  progress: (released: Released) => void,
): Promise<void> => {
  for await (const page of listPages(store, CONDEMNED_PREFIX)) {
    await inBatches(
      page,
      async ({ key }) => {
        const digest = key.slice(CONDEMNED_PREFIX.length).replace('/', ':')
        const stored = isDigest(digest) ? await readStoredMarker(store, digest) : undefined
        if (stored === undefined) return
        if (stored.marker?.state === 'claimed') released.claimed += 1
        else if (await tookPlace(store.deleteIf(key, stored.etag))) released.markers += 1
      },
      AT_ONCE,
    )
    progress(released)
  }
}

/** Releases all that is condemned. Nothing is condemned afterwards if no clean-up runs meanwhile. */
export const release = async (
  store: ObjectStore,
  progress: (released: Released) => void,
): Promise<Released> => {
  const released: Released = { links: 0, markers: 0, claimed: 0 }
  await releaseLinks(store, released, progress)
  await releaseMarkers(store, released, progress)
  return released
}
