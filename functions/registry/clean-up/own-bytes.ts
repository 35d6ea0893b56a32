/**
 * How many bytes a manifest of a repository holds alone.
 *
 * @module
 */

import type { Digest } from '../reference.ts'
import type { Needs } from './needs.ts'

/** What there is in a repository. */
export interface Holdings {
  /** What its manifests need, of those that are known. */
  readonly manifests: ReadonlyMap<Digest, Needs>
  /** Whether a tag points at a manifest. */
  readonly isTagged: (digest: Digest) => boolean
  /** Whether it has the blob. */
  readonly hasBlob: (digest: Digest) => boolean
}

/**
 * Measures manifests: the bytes of a manifest, and of the blobs and untagged manifests that it needs, and that
 * no manifest of the repository needs but those. Sizes are those that manifests say, which pushes compare
 * with the content. Without regard to other repositories.
 */
export const measuring = ({ manifests, isTagged, hasBlob }: Holdings) => {
  const needing = new Map<Digest, number>()
  for (const { digests } of manifests.values()) {
    for (const each of digests) needing.set(each, (needing.get(each) ?? 0) + 1)
  }
  return (digest: Digest): number => {
    const others = new Map<Digest, number>()
    const open = [digest]
    let bytes = 0
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const needs = manifests.get(next)
      if (needs === undefined) continue
      bytes += needs.size
      for (const [at, each] of needs.digests.entries()) {
        const left = (others.get(each) ?? needing.get(each) ?? 0) - 1
        others.set(each, left)
        if (left > 0) continue
        const child = manifests.get(each)
        if (child === undefined) {
          bytes += hasBlob(each) ? (needs.sizes[at] ?? 0) : 0
          continue
        }
        // What refers to a manifest that is there stays with it.
        const stays = child.subject !== undefined && manifests.has(child.subject)
        if (!stays && !isTagged(each)) open.push(each)
      }
    }
    return bytes
  }
}
