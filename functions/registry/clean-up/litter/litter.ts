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

/** How far a walk is: how many kinds are dealt with. A walk that was stopped goes on with the next. */
export interface LitterState {
  litter: number
}

/** The litter of a run. */
export interface Litter {
  /**
   * Says what is to be done, from where the state is.
   *
   * @param ended is told when what was said since the last time is not said again by another process
   * @returns false when it was to stop
   */
  plan(state: LitterState, report: (thing: Thing) => void, ended: () => void): Promise<boolean>
  /**
   * Does what is to be done now, from where the state is; kinds of which the plan has found nothing are not
   * looked at again.
   *
   * @param changed is told of each that had changed meanwhile, and was left
   * @returns false when it was to stop
   */
  act(state: LitterState, done: (thing: Thing) => void, changed: () => void): Promise<boolean>
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

  /**
   * Goes through kinds.
   *
   * @param take is given what is to be done; whether it is dealt with
   * @param ended is told when a kind is done with
   * @returns what has the next run go on from here; undefined when it was to stop
   */
  const walk = async (
    state: LitterState,
    isSkipped: (kind: Kind) => boolean,
    take: (planned: Planned, kind: Kind) => Promise<boolean>,
    ended: () => void,
  ): Promise<(() => Promise<void>) | undefined> => {
    // Of kinds that another process has looked at, nobody knows what the next run has to look at.
    const whole = state.litter === 0
    const looks = await beginLooks(store, terms.date)
    let any = false
    for (; state.litter < kinds.length; state.litter++) {
      const kind = kinds[state.litter]!
      const look = async (suspect: Suspect): Promise<void> => {
        const verdict = await suspect.look()
        if (verdict === 'stays') return
        const again = verdict === 'waits' || !(await take(verdict, kind))
        if (again && kind.looks === 'changed') looks.leave(suspect.modified)
      }
      if (isSkipped(kind) || (kind.looks === 'at times' && !looks.all)) continue
      for await (const page of kind.pages()) {
        if (await pause()) return undefined
        any ||= kind.looks !== 'always' && page.length > 0
        const due = page.filter(({ modified }) => kind.looks !== 'changed' || looks.isDue(modified))
        await inBatches(due, look, AT_ONCE)
      }
      ended()
    }
    return whole ? () => looks.save(any) : async () => {}
  }

  return {
    async plan(state, report, ended) {
      const found = new Set<Kind>()
      const whole = state.litter === 0
      const note = async ({ thing }: Planned, kind: Kind): Promise<boolean> => {
        found.add(kind)
        report(thing)
        return false
      }
      const save = await walk(state, () => false, note, ended)
      if (save === undefined) return false
      if (whole) planned = { found, save }
      return true
    },

    async act(state, done, changed) {
      const { found = new Set(kinds), save } = planned ?? {}
      // Their looks are noted together.
      const looks = [...found].some(costsLooks)
      const isSkipped = (kind: Kind): boolean => !(costsLooks(kind) ? looks : found.has(kind))
      const carryOut = async ({ thing, carryOut: work }: Planned): Promise<boolean> => {
        const did = await work()
        if (did) done(thing)
        else changed()
        return did
      }
      const ended = await walk(state, isSkipped, carryOut, () => {})
      if (ended === undefined) return false
      await (looks || save === undefined ? ended : save)()
      return true
    },
  }
}
