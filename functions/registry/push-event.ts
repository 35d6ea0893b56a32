/**
 * The push of a manifest, as an event.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import type { Descriptor } from './descriptor.ts'
import type { Described, HappenedTag, Happening } from './happened.ts'
import { revisionLinkKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import type { Digest } from './reference.ts'
import type { Tags } from './tags.ts'

/** What distribution's notifications have of a descriptor. */
const told = ({ mediaType, digest, size, urls, annotations }: Descriptor): Described => ({
  mediaType,
  digest,
  size,
  urls,
  annotations,
})

/** What is recorded of it, but for its tags. */
export const happeningOf = (
  name: string,
  { mediaType, artifactType, listed }: Manifest,
  digest: Digest,
  size: number,
): Happening => ({
  action: 'push',
  target: { mediaType, digest, size, artifactType, references: listed.map(told) },
  // It stays where the manifest is deleted: see revisions.ts.
  proof: { key: revisionLinkKey(name, digest) },
})

/** Tags that are about to point at a manifest, with what they point at now. One operation for each. */
export const readMoves = (
  tags: Pick<Tags, 'get'>,
  name: string,
  wanted: readonly string[],
  digest: Digest,
): Promise<HappenedTag[]> =>
  inBatches(wanted, async (tag) => {
    const previous = (await tags.get(name, tag))?.target
    return previous === undefined || previous === digest ? { tag } : { tag, previous }
  })
