/**
 * Checks the markers of the clean-up: those that keep writers from data, and runs, too, and those that nobody takes
 * away.
 *
 * Each is changed on the version that was read, and only to what a writer or a run makes of it: a claim of data
 * without versions becomes `gone` when its delete cannot land any more, as for any writer that waits for it; `gone`
 * goes when whoever saw the data before has ended, as in any run. A claim that names a version takes nobody's time,
 * and its delete may be sent at any time; so it becomes `gone` only where no data is there.
 *
 * @module
 */

import {
  givesUp,
  newNonce,
  readMarker,
  type StoredMarker,
  writeMarker,
} from '../clean-up/marker.ts'
import { DAY } from '../clean-up/terms.ts'
import { CONDEMNED_PREFIX, dataKey } from '../layout.ts'
import { type Digest, isDigest } from '../reference.ts'
import type { Found } from './finding.ts'
import type { View } from './view.ts'

/** Milliseconds beyond the grace after which no clean-up seems to come to take a marker away. */
const FORGOTTEN = 7 * DAY

const SAYS_GONE = 'wrote that the data may have been deleted: whoever links it looks'

/** Has whoever links the data look whether it is there. */
const sayGone = async (
  { store }: View,
  target: Digest,
  { etag }: StoredMarker,
): Promise<string | undefined> => {
  const marker = { state: 'gone', nonce: newNonce() } as const
  const written = await writeMarker(store, target, marker, { ifMatch: etag })
  return written && SAYS_GONE
}

type About = Pick<Found, 'key'> & { readonly digest: Digest }

const damaged = (view: View, about: About, stored: StoredMarker): Found => {
  const text = 'the marker says nothing that the clean-up knows'
  if (!givesUp(stored, view.now())) {
    const wait = `${text}: it may be a claim, and is left alone for an hour`
    return { ...about, kind: 'damaged-marker', text: wait }
  }
  const mend = () => sayGone(view, about.digest, stored)
  return { ...about, kind: 'damaged-marker', text, mend }
}

const claimed = async (
  view: View,
  about: About,
  stored: StoredMarker,
): Promise<Found | undefined> => {
  if (!givesUp(stored, view.now())) return undefined
  const kind = 'expired-claim'
  const since = stored.modified.toISOString()
  const text = `a clean-up was about to delete the data, and has not ended that since ${since}`
  const named = stored.marker?.version !== undefined
  if (named && (await view.store.head(dataKey(about.digest))) !== undefined) {
    return { ...about, kind, text: `${text}: slipway gc --run does it` }
  }
  return { ...about, kind, text, mend: () => sayGone(view, about.digest, stored) }
}

/** Looks at a marker. */
export const inspectMarker = async (view: View, key: string): Promise<Found | undefined> => {
  const digest = key.slice(CONDEMNED_PREFIX.length).replace('/', ':')
  if (!isDigest(digest)) return undefined
  const stored = await readMarker(view.store, digest, () => {})
  if (stored === undefined) return undefined
  const about = { key, digest }
  const { marker, etag, modified } = stored
  if (marker === undefined) return damaged(view, about, stored)
  if (marker.state === 'claimed') return claimed(view, about, stored)
  const age = view.now() - modified.getTime()
  if (marker.state !== 'gone' || age <= view.times.grace + FORGOTTEN) return undefined
  return {
    ...about,
    kind: 'old-marker',
    text: `the data was deleted ${modified.toISOString()}, and no clean-up has taken the marker away since`,
    mend: async () => ((await view.remove(key, etag)) ? 'removed it' : undefined),
  }
}
