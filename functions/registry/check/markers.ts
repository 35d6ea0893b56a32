/**
 * Checks the markers of the clean-up: one that says nothing known keeps writers from its data, and the
 * clean-up, too.
 *
 * @module
 */

import { givesUp, newNonce, readMarker, writeMarker } from '../clean-up/marker.ts'
import { CONDEMNED_PREFIX } from '../layout.ts'
import { isDigest } from '../reference.ts'
import type { Found } from './finding.ts'
import type { View } from './view.ts'

/**
 * Looks at a marker.
 *
 * @param now milliseconds
 */
export const inspectMarker = async (
  { store }: View,
  key: string,
  now: number,
): Promise<Found | undefined> => {
  const target = key.slice(CONDEMNED_PREFIX.length).replace('/', ':')
  if (!isDigest(target)) return undefined
  const stored = await readMarker(store, target, () => {})
  if (stored === undefined || stored.marker !== undefined) return undefined
  const about = { kind: 'damaged-marker', key, digest: target } as const
  const text = 'the marker says nothing that the clean-up knows'
  if (!givesUp(stored, now)) {
    return { ...about, text: `${text}: it may be a claim, and is left alone for an hour` }
  }
  return {
    ...about,
    text,
    mend: async () => {
      const marker = { state: 'gone', nonce: newNonce() } as const
      const written = await writeMarker(store, target, marker, { ifMatch: stored.etag })
      return written && 'wrote that the data may have been deleted: whoever links it looks'
    },
  }
}
