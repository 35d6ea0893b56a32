/**
 * Reads when manifests were last pulled.
 *
 * @module
 */

import { once } from '../../shared/once.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { manifestIn, PULLED_PREFIX, pulledPrefix } from '../layout.ts'
import { BEHIND } from './bounds.ts'
import { pullsSince } from './record.ts'

/** The pulls of a repository, as far as they are known. */
export interface KnownPulls {
  /** Since when each is recorded, in milliseconds; undefined: they are not. */
  readonly since: number | undefined
  /** When each manifest was last pulled, at the latest; absent: not since then. */
  readonly last: ReadonlyMap<string, number>
}

/** Reads the pulls of a repository: one listing for each 1000 manifests that were ever pulled. */
export type ReadPulls = (name: string) => Promise<KnownPulls>

/** Where pulls are not known. */
export const UNKNOWN_PULLS: KnownPulls = { since: undefined, last: new Map() }

/**
 * Makes a reader. Since when pulls are recorded is read once, by the first that asks; where they are not,
 * nothing else is read.
 *
 * @param now milliseconds
 */
export const createPullReader = (store: ObjectStore, now: number): ReadPulls => {
  const recorded = once(() => pullsSince(store, now))
  return async (name) => {
    const since = await recorded()
    if (since === undefined) return UNKNOWN_PULLS
    const last = new Map<string, number>()
    for await (const objects of listPages(store, pulledPrefix(name))) {
      for (const { key, modified } of objects) {
        const digest = manifestIn(PULLED_PREFIX, key)?.digest
        if (digest !== undefined) last.set(digest, Math.min(modified.getTime() + BEHIND, now))
      }
    }
    return { since, last }
  }
}
