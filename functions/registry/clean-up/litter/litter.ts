/**
 * What is left over beside links and data: catalog marks, descriptors of referrers and aliases of what is gone,
 * staged bytes, open multipart uploads, records of deletes. Each thing is decided by a look at what is there
 * now, so acting looks anew, and nothing of it is in memory.
 *
 * @module
 */

import { inBatches } from '../../../shared/parallel.ts'
import type { ObjectStore } from '../../../storage/store.ts'
import type { Holds } from '../held-names.ts'
import type { Terms } from '../terms.ts'
import type { Planned, Thing } from '../thing.ts'
import { aliases } from './aliases.ts'
import { firstApi, pulls, signatures } from './beside.ts'
import { claims, fetched } from './fetched.ts'
import type { Kind, Page } from './kind.ts'
import { beginLooks, type Looks } from './looked.ts'
import { marks } from './marks.ts'
import { notes, openMultiparts, stagedBytes } from './passing.ts'
import { referrers } from './referrers.ts'

/** Objects looked at, or things done, at once. */
const AT_ONCE = 32

/** What a walk has found of a kind. */
interface Found {
  /** Whether there was any object. */
  any: boolean
  /** Whether there is something to do. */
  litter: boolean
  /** The oldest that the next run has to look at, written or not: in milliseconds; absent: none. */
  left?: number
}

/** How far a walk is. Another process can go on with it. */
export interface LitterState {
  /** What was found of each kind that was begun, in their order. */
  readonly kinds: Found[]
  /** The last of the kind that was begun last, as far as it was looked at; absent: nothing of it was. */
  after?: string | undefined
  /** Whether the walk has come to its end. */
  ended: boolean
}

/** A walk that begins. */
export const newLitterState = (): LitterState => ({ kinds: [], ended: false })

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
  act(
    state: LitterState,
    planned: LitterState,
    done: (thing: Thing) => void,
    changed: () => void,
  ): Promise<boolean>
}

/** What the next run goes on from: of each kind the last that was looked at all of it. */
const upToOf = (kinds: readonly Found[], date: number): number | undefined => {
  if (!kinds.some(({ any }) => any)) return undefined
  return kinds.reduce((least, { left = date }) => Math.min(least, left - 1), date)
}

/**
 * The litter of a store.
 *
 * @param readHolds tells, once, in which repositories the walk has listed something
 * @param pause is asked between any two steps, whether to stop here
 */
export const openLitter = (
  store: ObjectStore,
  terms: Terms,
  readHolds: () => Promise<Holds>,
  pause: () => Promise<boolean>,
): Litter => {
  const { date } = terms
  const others = [
    ...[referrers, aliases, pulls, stagedBytes, openMultiparts, notes],
    ...[fetched, claims, signatures, firstApi],
  ]
  const kinds = [marks(store, terms, readHolds), ...others.map((kind) => kind(store, terms))]

  /** Looks at one page. */
  const lookAt = async (
    { suspects }: Page,
    kind: Kind,
    looks: Looks,
    found: Found,
    take: (planned: Planned) => Promise<boolean>,
  ): Promise<void> => {
    const remembers = kind.looks === 'changed'
    const due = suspects.filter(({ modified }) => !remembers || looks.isDue(modified))
    // Noted when all of the page is dealt with, since another process may begin with it anew.
    let [litter, left] = [false, Number.POSITIVE_INFINITY]
    await inBatches(
      due,
      async ({ modified, look }) => {
        const verdict = await look()
        if (verdict === 'stays') return
        if (verdict !== 'waits') {
          litter = true
          if (await take(verdict)) return
        }
        if (remembers) left = Math.min(left, modified.getTime())
      },
      AT_ONCE,
    )
    found.any ||= kind.looks !== 'always' && suspects.length > 0
    found.litter ||= litter
    if (left < (found.left ?? Number.POSITIVE_INFINITY)) found.left = left
  }

  /**
   * Goes through kinds.
   *
   * @param skipped what is known of a kind that is not to be gone through
   * @param take is given what is to be done; whether it is dealt with
   * @param ended is told when a page is done with
   * @returns false when it was to stop
   */
  const walk = async (
    state: LitterState,
    looks: Looks,
    skipped: (kind: number) => Found | undefined,
    take: (planned: Planned) => Promise<boolean>,
    ended: () => void,
  ): Promise<boolean> => {
    for (let at = Math.max(0, state.kinds.length - 1); at < kinds.length; at++) {
      const kind = kinds[at]!
      const known = skipped(at)
      const found = state.kinds[at] ?? known ?? { any: false, litter: false }
      state.kinds[at] = found
      if (known !== undefined || (kind.looks === 'at times' && !looks.all)) continue
      for await (const page of kind.pages(state.after)) {
        if (await pause()) return false
        await lookAt(page, kind, looks, found, take)
        state.after = page.last
        ended()
      }
      delete state.after
    }
    state.ended = true
    return true
  }

  return {
    async plan(state, report, ended) {
      if (state.ended) return true
      const note = async ({ thing }: Planned): Promise<boolean> => {
        report(thing)
        return false
      }
      return walk(state, await beginLooks(store, date), () => undefined, note, ended)
    },

    async act(state, planned, done, changed) {
      if (state.ended) return true
      const looks = await beginLooks(store, date)
      const carryOut = async ({ thing, carryOut: work }: Planned): Promise<boolean> => {
        const did = await work()
        if (did) done(thing)
        else changed()
        return did
      }
      const skipped = (kind: number): Found | undefined => {
        const known = planned.kinds[kind]
        return known?.litter === true ? undefined : known
      }
      if (!(await walk(state, looks, skipped, carryOut, () => {}))) return false
      await looks.save(upToOf(state.kinds, date))
      return true
    },
  }
}
