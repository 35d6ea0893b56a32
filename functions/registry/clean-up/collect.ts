/**
 * A run of the clean-up: plans, stops where it would take too much, and does what it has planned.
 * docs/clean-up.md has the protocol, and why each of its rules is there.
 *
 * @module
 */

import { DocumentError } from '../../shared/errors.ts'
import { once } from '../../shared/once.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Recorder } from '../happened.ts'
import { CLEAN_UP_PREFIX } from '../layout.ts'
import { quotasInForce } from '../quotas/in-force.ts'
import { NO_QUOTAS, type Quotas } from '../quotas/quotas.ts'
import { settleQuotas } from '../quotas/settle.ts'
import { type RulesInForce, rulesInForce } from '../retention/in-force.ts'
import { writeUsage } from '../usage/write.ts'
import { finishWhole } from '../whole/finish.ts'
import { act } from './act.ts'
import type { FindEvicted } from './evicted.ts'
import { readHolds } from './held-names.ts'
import { type Lease, takeLease } from './lease.ts'
import { openLitter } from './litter/litter.ts'
import { type PlanState, plan } from './plan.ts'
import { notReady } from './ready.ts'
import { LONGEST, openRun, type Run } from './run.ts'
import { beginOn, type Times } from './terms.ts'
import type { Thing } from './thing.ts'
import { addSteps, count, countChanged, moreThanHalf, newTotals, type Totals } from './totals.ts'
import { findingUnmarked } from './unmarked.ts'

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
  /** Where events of what goes by rules are recorded. Default: nowhere. */
  readonly events?: Recorder | undefined
  /** Finds what goes though no document of rules says so. Default: nothing does. */
  readonly findEvicted?: FindEvicted | undefined
}

/** How a run has ended. */
export type Collected =
  /** Another run goes on. */
  | { readonly outcome: 'busy'; readonly since: Date }
  /** It may not run here, or not yet. */
  | { readonly outcome: 'not-ready'; readonly why: string }
  /** It would take too much. */
  | {
      readonly outcome: 'refused'
      readonly why: string
      readonly planned: Totals
      /** Set where it is not too much, but another registry seems to write here: `why` is an object of its. */
      readonly foreign?: true
    }
  | {
      /** A run that was stopped goes on with the next one. */
      readonly outcome: 'done' | 'stopped'
      readonly planned: Totals
      readonly done: Totals
      /** When it began, where an earlier process has begun it. */
      readonly began?: Date
    }

/** What belongs to one run, or to its start, and words of registries that have ended. */
const PASSING = /\/(date-|keeper-|links-|run-)/

const progressOf = ({ phase, totals: { seen } }: PlanState): string =>
  phase === 'repositories'
    ? `Reading: ${seen.repositories} repositories, ${seen.links + seen.manifests} links`
    : `Reading: ${seen.data.things} blobs and manifests`

/** Removes what runs that died have left; nothing so young that a run may still go on with it. */
const removeLeft = async (store: ObjectStore, date: number): Promise<void> => {
  for await (const page of listPages(store, CLEAN_UP_PREFIX)) {
    const left = page.filter(
      ({ key, modified }) => PASSING.test(key) && modified.getTime() + LONGEST < date,
    )
    if (left.length > 0) await store.delete(left.map(({ key }) => key))
  }
}

/** The rules in force, or why no run may go on without them, in words. */
const readRules = async (store: ObjectStore): Promise<RulesInForce | string> => {
  try {
    return await rulesInForce(store)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    return `the rules on tags cannot be read: ${error.message}`
  }
}

/** The quotas in force; none where they cannot be read: their counts are then set right another time. */
const readQuotas = async (store: ObjectStore): Promise<Quotas> => {
  try {
    return await quotasInForce(store)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    return NO_QUOTAS
  }
}

/** Plans and acts, from where the run is. */
const goOn = async (
  store: ObjectStore,
  run: Run,
  lease: Lease,
  keepsMetadata: boolean,
  options: CollectOptions,
): Promise<Collected> => {
  const { run: acts, force, closed = false, report, note, progress, isOver, monotonic } = options
  const { terms, plan: state, acting, done } = run
  const { totals } = state
  const ended = { planned: totals, done, ...(run.resumed ? { began: new Date(terms.date) } : {}) }
  let ours = true
  const pause = async (): Promise<boolean> => {
    ours = await lease.keep()
    if (!ours || isOver()) return true
    await run.saveInTime()
    return false
  }
  const stopped = async (): Promise<Collected> => {
    if (ours) await run.save()
    return { outcome: 'stopped', ...ended }
  }
  const heeds = acts && !force && !closed
  const planned = await plan(store, state, {
    terms,
    findUnmarked: heeds && keepsMetadata ? findingUnmarked(store, terms) : undefined,
    report: acts ? () => {} : report,
    note,
    monotonic,
    pause: (at) => {
      progress(progressOf(at))
      return pause()
    },
  })
  if (!planned) return stopped()
  const holds = once(() => readHolds(state.names, state.bare))
  const litter = openLitter(store, terms, holds, () => {
    progress('Looking for what is left over')
    return pause()
  })
  if (state.phase === 'litter') {
    let found = newTotals()
    const looked = await litter.plan(
      state.litter,
      (thing) => {
        count(found, thing)
        if (!acts) report(thing)
      },
      () => {
        addSteps(totals, found)
        found = newTotals()
      },
    )
    if (!looked) return stopped()
    state.phase = 'done'
  }
  const { names, linked: tally } = state
  const usage = await writeUsage(store, { date: terms.date, names: names.read(), tally })
  await settleQuotas(store, state.quotas.found(), terms.date)
  if (!acts) return { outcome: 'done', ...ended }
  if (state.foreign !== undefined && heeds) {
    return { outcome: 'refused', why: state.foreign, planned: totals, foreign: true }
  }
  const much = moreThanHalf(totals)
  if (much !== undefined && !force) return { outcome: 'refused', why: much, planned: totals }
  const removed = (thing: Thing): void => {
    count(done, thing)
    report(thing)
  }
  // First: what was planned of it is what was there before anything went.
  const changed = (): void => countChanged(done)
  if (!(await litter.act(acting.litter, state.litter, removed, changed))) return stopped()
  const acted = await act(store, state, acting, {
    terms,
    monotonic,
    done: removed,
    changed,
    pause: () => {
      progress('Cleaning up')
      return pause()
    },
  })
  await usage.removed(done.steps['remove-data'] ?? { things: 0, bytes: 0 })
  return acted ? { outcome: 'done', ...ended } : stopped()
}

/**
 * Collects: goes on with a run that was stopped or has died, or begins one.
 *
 * @throws StoreError when the store fails; what was done is done, and the next run goes on
 */
export const collect = async (store: ObjectStore, options: CollectOptions): Promise<Collected> => {
  const { times, run: acts, closed = false, monotonic, events } = options
  const { date, keepsMetadata } = await beginOn(store)
  const why = acts && !closed ? await notReady(store, date, times.fence) : undefined
  if (why !== undefined) return { outcome: 'not-ready', why }
  const rules = await readRules(store)
  if (typeof rules === 'string') return { outcome: 'not-ready', why: rules }
  const quotas = await readQuotas(store)
  const lease = await takeLease(store, date, monotonic)
  if (lease instanceof Date) return { outcome: 'busy', since: lease }
  try {
    await removeLeft(store, date)
    if (acts) {
      // First: the run would take what is about to go for what no rule lets go.
      await finishWhole(store, {
        undelete: times.undelete,
        isOver: options.isOver,
        rules: async () => rules,
        report: (name, { deleted }) =>
          options.progress(`Deleting ${name}: ${deleted} manifests are gone`),
      })
    }
    const evicted = await options.findEvicted?.(date)
    for (const each of evicted?.notes ?? []) options.note('clean-up', each)
    const run = await openRun(store, {
      times,
      rules,
      ...(evicted && { evicted }),
      quotas,
      closed,
      date,
      dry: !acts,
      monotonic,
      events,
    })
    const collected = await goOn(store, run, lease, keepsMetadata, options)
    if (!acts || collected.outcome !== 'stopped') await run.end()
    return collected
  } finally {
    await lease.release()
  }
}
