/**
 * Runs of the clean-up for the explorer: as the code does them, and with a rule broken.
 *
 * @module
 */
import { act, newActState } from '../../../functions/registry/clean-up/act.ts'
import { newLitterState, openLitter } from '../../../functions/registry/clean-up/litter/litter.ts'
import { openPieces } from '../../../functions/registry/clean-up/pieces.ts'
import {
  newPlan,
  openPlan,
  plan,
  type SavedPlan,
  savePlan,
} from '../../../functions/registry/clean-up/plan.ts'
import { dateOf, TIMES, type Times } from '../../../functions/registry/clean-up/terms.ts'
import { cleanUpKey } from '../../../functions/registry/layout.ts'
import { NO_RULES, type Retention } from '../../../functions/registry/retention/retention.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'

export const DAY = 24 * 60 * 60_000

/** A collector that is put in for the real one, to see that the difference shows. */
export interface Spoiled {
  readonly times?: Partial<Times>
  /** Stands between the collector and the store. @param clock the store's; it goes on */
  readonly spoil?: (store: ObjectStore, clock: { readonly now: number }) => ObjectStore
  /** Whether the store takes a delete however long ago it was sent. */
  readonly takesAll?: boolean
}

/** Deleted manifests can come back for three days. */
export const TERMS: Times = { ...TIMES, undelete: 3 * DAY }

export const ignore = (): void => {}
const monotonic = (): number => 0

const RUN_PREFIX = cleanUpKey('run/')

/**
 * One run of the clean-up, without the lease: safety does not depend on it.
 *
 * @param between has it stopped after each step; what comes between one process and the next
 */
export const collectOnce = async (
  store: ObjectStore,
  { times, spoil = (each) => each }: Spoiled = {},
  clock: { readonly now: number } = { now: 0 },
  rules: Retention = NO_RULES,
  between?: () => Promise<void>,
): Promise<void> => {
  const held = spoil(store, clock)
  const terms = { ...TERMS, ...times, date: await dateOf(held), rules }
  const pieces = openPieces(held, RUN_PREFIX)
  let state = newPlan(pieces)
  const acting = newActState()
  /** Does a part of it, until it is to stop. */
  const stage = (work: 'plan' | 'act'): Promise<boolean> => {
    let steps = 0
    const pause = async (): Promise<boolean> => between !== undefined && ++steps > 1
    return work === 'plan'
      ? plan(held, state, { terms, report: ignore, note: ignore, pause, monotonic })
      : act(held, state, acting, { terms, done: ignore, changed: ignore, pause, monotonic })
  }
  for (const work of ['plan', 'act'] as const) {
    while (!(await stage(work))) {
      const saved: SavedPlan = JSON.parse(JSON.stringify(await savePlan(pieces, state)))
      await between?.()
      state = await openPlan(openPieces(held, RUN_PREFIX, true), saved)
    }
    // Also between what is planned and what is done.
    await between?.()
  }
  if (between !== undefined) await openPieces(held, RUN_PREFIX, true).remove()
}

/** What a run does about what is left over beside links and data. */
export const collectLitter = async (
  store: ObjectStore,
  { times, spoil = (each) => each }: Spoiled = {},
  clock: { readonly now: number } = { now: 0 },
): Promise<void> => {
  const held = spoil(store, clock)
  const terms = { ...TERMS, ...times, date: await dateOf(held) }
  const holdsNone = async () => () => false
  const litter = openLitter(held, terms, holdsNone, async () => false)
  const planned = newLitterState()
  await litter.plan(planned, ignore, ignore)
  await litter.act(newLitterState(), planned, ignore, ignore)
}
