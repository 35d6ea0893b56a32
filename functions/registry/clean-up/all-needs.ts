/**
 * What all manifests of a repository need.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { Digest } from '../reference.ts'
import type { Needs, ReadNeeds, Unknown } from './needs.ts'
import type { RevisionState } from './revisions.ts'

/** Manifests read at once. */
const AT_ONCE = 32

export interface AllNeeds {
  /** Digests that any of the manifests names, but as its subject. */
  readonly needed: Set<Digest>
  /** By the digest that a manifest's bytes are under. */
  readonly known: ReadonlyMap<Digest, Needs>
  /** Why nobody knows all of it, in words. */
  readonly unknown: string | undefined
}

const unknownOf = (digest: Digest, why: Unknown): string =>
  why === 'missing'
    ? `all blobs stay, since the bytes of the manifest ${digest} are not there: see slipway check`
    : `all blobs stay, since nobody knows what the manifest ${digest} needs`

/** What manifests need, or why nobody knows. */
export const readAllNeeds = async (
  read: ReadNeeds,
  revisions: readonly RevisionState[],
): Promise<AllNeeds> => {
  const needed = new Set<Digest>()
  const known = new Map<Digest, Needs>()
  let unknown: string | undefined
  await inBatches(
    revisions,
    async ({ digest, target, state }) => {
      const needs: Needs | Unknown = state === 'damaged' ? 'unreadable' : await read(target)
      // What was deleted and has lost its bytes, nobody can bring back.
      if (needs === 'missing' && state === 'deleted') return
      if (typeof needs === 'string') {
        unknown ??= unknownOf(digest, needs)
        return
      }
      known.set(target, needs)
      for (const each of needs.digests) needed.add(each)
    },
    AT_ONCE,
  )
  return { needed, known, unknown }
}
