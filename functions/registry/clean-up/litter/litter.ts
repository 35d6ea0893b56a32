/**
 * What is left over beside links and data: catalog marks, descriptors of referrers and aliases of what is gone,
 * staged bytes, open multipart uploads, records of deletes. Each thing is decided by a look at what is there
 * now, so acting looks anew, and nothing of it is in memory.
 *
 * @module
 */

import { inBatches } from '../../../shared/parallel.ts'
import type { ObjectStore } from '../../../storage/store.ts'
import type { Terms } from '../terms.ts'
import type { Planned, Thing } from '../thing.ts'
import { aliases } from './aliases.ts'
import type { Kind, Suspect } from './kind.ts'
import { beginLooks } from './looked.ts'
import { marks } from './marks.ts'
import { notes, openMultiparts, stagedBytes } from './passing.ts'
import { pulls } from './pulls.ts'
import { referrers } from './referrers.ts'

/** Objects looked at, or things done, at once. */
const AT_ONCE = 32

/** The litter of a run. */
export interface Litter {
  /** Says what is to be done. @returns false when it was to stop */
  plan(report: (thing: Thing) => void): Promise<boolean>
  /**
   * Does what is to be done now; kinds of which the plan has found nothing are not looked at again.
   *
   * @returns false when it was to stop; the next run begins with it anew
   */
  act(done: (thing: Thing) => void): Promise<boolean>
}

const costsLooks = ({ looks }: Kind): boolean => looks !== 'always'

/**
 * The litter of a store.
 *
 * @param pause is asked between any two steps, whether to stop here
 */
export const openLitter = (
  store: ObjectStore,
  terms: Terms,
  pause: () => Promise<boolean>,
): Litter => {
  const kinds = [marks, referrers, aliases, pulls, stagedBytes, openMultiparts, notes].map((kind) =>
    kind(store, terms),
  )
  /** What the plan has found something of, and what has the next run go on from its looks. */
  let planned: { readonly found: ReadonlySet<Kind>; readonly save: () => Promise<void> } | undefined

  /** Goes through kinds. @returns what has the next run go on from here; undefined when it was to stop */
  const walk = async (
    some: readonly Kind[],
    take: (planned: Planned, kind: Kind) => Promise<boolean>,
  ): Promise<(() => Promise<void>) | undefined> => {
    const looks = await beginLooks(store, terms.date)
    let any = false
    for (const kind of some) {
      const look = async (suspect: Suspect): Promise<void> => {
        const verdict = await suspect.look()
        if (verdict === 'stays') return
        const again = verdict === 'waits' || !(await take(verdict, kind))
        if (again && kind.looks === 'changed') looks.leave(suspect.modified)
      }
      if (kind.looks === 'at times' && !looks.all) continue
      for await (const page of kind.pages()) {
        if (await pause()) return undefined
        any ||= kind.looks !== 'always' && page.length > 0
        const due = page.filter(({ modified }) => kind.looks !== 'changed' || looks.isDue(modified))
        await inBatches(due, look, AT_ONCE)
      }
    }
    return () => looks.save(any)
  }

  return {
    async plan(report) {
      const found = new Set<Kind>()
      const save = await walk(kinds, async ({ thing }, kind) => {
        found.add(kind)
        report(thing)
        return false
      })
      planned = save && { found, save }
      return planned !== undefined
    },

    async act(done) {
      const { found = new Set(kinds), save } = planned ?? {}
      // Their looks are noted together.
      const costs = [...found].some(costsLooks)
      const some = kinds.filter((kind) => (costsLooks(kind) ? costs : found.has(kind)))
      const ended = await walk(some, async ({ thing, carryOut }) => {
        const did = await carryOut()
        if (did) done(thing)
        return did
      })
      if (ended === undefined) return false
      await (costs || save === undefined ? ended : save)()
      return true
    },
  }
}
