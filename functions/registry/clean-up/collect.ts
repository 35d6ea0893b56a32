/**
 * A run of the clean-up: plans, stops where it would take too much, and does what it has planned.
 * docs/clean-up.md has the protocol, and why each of its rules is there.
 *
 * @module
 */

import { DocumentError } from '../../shared/errors.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { CLEAN_UP_PREFIX, cleanUpKey } from '../layout.ts'
import { createPullReader } from '../pulls/read.ts'
import { rulesInForce } from '../retention/in-force.ts'
import type { Retention } from '../retention/retention.ts'
import { writeUsage } from '../usage/write.ts'
import { act } from './act.ts'
import { takeLease } from './lease.ts'
import { newNonce } from './marker.ts'
import { openPieces } from './pieces.ts'
import { newPlan, type PlanState, plan } from './plan.ts'
import { notReady } from './ready.ts'
import { DAY, dateOf, type Terms, type Times } from './terms.ts'
import type { Thing } from './thing.ts'
import { count, moreThanHalf, newTotals, type Totals } from './totals.ts'

export interface CollectOptions {
  readonly times: Times
  /** Whether to do what is planned. */
  readonly run: boolean
  /** Whether to do it although it is more than half of all. */
  readonly force: boolean
  /**
   * Whether somebody has made sure that nothing else writes to the store: then it may run on any.
   * Default: no.
   */
  readonly closed?: boolean
  /** Is told of each thing: that it is to be done, or, in a run, that it was done. */
  readonly report: (thing: Thing) => void
  /** Is told what is kept although it seems to be garbage. */
  readonly note: (repository: string, text: string) => void
  /** Is told how far it is. */
  readonly progress: (text: string) => void
  /** Whether to stop, to go on another time. */
  readonly isOver: () => boolean
  /** Clock in milliseconds that only goes forward. */
  readonly monotonic: () => number
}

/** How a run has ended. */
export type Collected =
  /** Another run goes on. */
  | { readonly outcome: 'busy'; readonly since: Date }
  /** It may not run here, or not yet. */
  | { readonly outcome: 'not-ready'; readonly why: string }
  /** It would take too much. */
  | { readonly outcome: 'refused'; readonly why: string; readonly planned: Totals }
  | {
      readonly outcome: 'done' | 'stopped'
      readonly planned: Totals
      readonly done: Totals
    }

/** What belongs to one run. */
const PASSING = /\/(date-|links-|run-)/

const progressOf = ({ phase, totals: { seen } }: PlanState): string =>
  phase === 'repositories'
    ? `Reading: ${seen.repositories} repositories, ${seen.links + seen.manifests} links`
    : `Reading: ${seen.data.things} blobs and manifests`

/** Removes what runs that died have left; nothing that young a run may still need. */
const removeLeft = async (store: ObjectStore, date: number): Promise<void> => {
  for await (const page of listPages(store, CLEAN_UP_PREFIX)) {
    const left = page.filter(
      ({ key, modified }) => PASSING.test(key) && modified.getTime() + DAY < date,
    )
    if (left.length > 0) await store.delete(left.map(({ key }) => key))
  }
}

/** The rules in force, or why no run may go on without them, in words. */
const readRules = async (store: ObjectStore): Promise<Retention | string> => {
  try {
    return await rulesInForce(store)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    return `the rules on tags cannot be read: ${error.message}`
  }
}

/**
 * Collects.
 *
 * @throws StoreError when the store fails; what was done is done, and the next run goes on
 */
export const collect = async (store: ObjectStore, options: CollectOptions): Promise<Collected> => {
  const { times, run, force, closed, report, note, progress, isOver, monotonic } = options
  const date = await dateOf(store)
  const why = run && !closed ? await notReady(store, date) : undefined
  if (why !== undefined) return { outcome: 'not-ready', why }
  const rules = await readRules(store)
  if (typeof rules === 'string') return { outcome: 'not-ready', why: rules }
  const lease = await takeLease(store, date, monotonic)
  if (lease instanceof Date) return { outcome: 'busy', since: lease }
  const pieces = openPieces(store, cleanUpKey(`run-${newNonce()}/`))
  try {
    await removeLeft(store, date)
    const terms: Terms = { ...times, date, rules, readPulls: createPullReader(store, date) }
    const state = newPlan(pieces)
    const done = newTotals()
    const pause = async (): Promise<boolean> => isOver() || !(await lease.keep())
    const planned = await plan(store, state, {
      terms,
      report: run ? () => {} : report,
      note,
      monotonic,
      pause: (at) => {
        progress(progressOf(at))
        return pause()
      },
    })
    const { totals } = state
    if (!planned) return { outcome: 'stopped', planned: totals, done }
    const usage = await writeUsage(store, { date, names: state.names.read(), tally: state.linked })
    if (!run) return { outcome: 'done', planned: totals, done }
    const much = moreThanHalf(totals)
    if (much !== undefined && !force) return { outcome: 'refused', why: much, planned: totals }
    const acted = await act(
      store,
      state,
      { repositories: 0, candidates: 0 },
      {
        terms,
        monotonic,
        done: (thing) => {
          count(done, thing)
          report(thing)
        },
        pause: () => {
          progress('Cleaning up')
          return pause()
        },
      },
    )
    await usage.removed(done.steps['remove-data'] ?? { things: 0, bytes: 0 })
    return { outcome: acted ? 'done' : 'stopped', planned: totals, done }
  } finally {
    await pieces.remove()
    await lease.release()
  }
}
