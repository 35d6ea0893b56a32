/**
 * When manifests were last pulled, where that is recorded: see registry/pulls.
 *
 * @module
 */

import { pulledKey, pulledPrefix } from '../registry/layout.ts'
import { pullsSince } from '../registry/pulls/record.ts'
import { cached } from '../shared/cached.ts'
import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type Calls, takeEach } from './calls.ts'
import type { ListFirst } from './first-thousand.ts'

/** Milliseconds for which it is believed since when pulls are recorded. */
const MAX_AGE = 60_000

/** Pulls of some manifests. */
export interface Pulled {
  /** Since when pulls are recorded, in milliseconds; undefined: they are not. */
  readonly since: number | undefined
  /** When each was last pulled, to within a day; undefined: not since then. One that is missing was not looked at. */
  readonly last: ReadonlyMap<string, Date | undefined>
}

/** Tells of the pulls of manifests; undefined where that would be an operation too many. */
export type PulledOf = (
  name: string,
  digests: readonly string[],
  calls: Calls,
) => Promise<Pulled | undefined>

/** @param now clock in milliseconds */
export const createPulled = (store: ObjectStore, first: ListFirst, now: () => number): PulledOf => {
  // A function that serves no page may not read it: nothing depends on it.
  const readSince = () => pullsSince(store, now()).catch(() => undefined)
  const since = cached(async () => ({ at: await readSince() }), { now, maxAge: MAX_AGE })
  return async (name, digests, calls) => {
    if (since.peek() === undefined && !calls.take()) return undefined
    const { at } = await since.get()
    if (at === undefined) return { since: at, last: new Map() }
    const listed = await first(pulledPrefix(name), calls)
    if (listed === undefined) return undefined
    const dates = new Map(listed.objects.map(({ key, modified }) => [key, modified]))
    const last = new Map<string, Date | undefined>()
    const others: string[] = []
    for (const digest of digests) {
      const key = pulledKey(name, digest)
      if (listed.covers(key)) last.set(digest, dates.get(key))
      else others.push(digest)
    }
    await inBatches(takeEach(others, calls), async (digest) => {
      last.set(digest, (await store.head(pulledKey(name, digest)))?.modified)
    })
    return { since: at, last }
  }
}
