/**
 * A run over several processes: each goes on where the last one has saved how far it was.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import type { Recorder } from '../happened.ts'
import { createPullReader } from '../pulls/read.ts'
import { NO_QUOTAS, type Quotas } from '../quotas/quotas.ts'
import type { RulesInForce } from '../retention/in-force.ts'
import { type ActState, newActState } from './act.ts'
import {
  type Checkpoint,
  prefixOf,
  readCheckpoint,
  removeCheckpoint,
  writeCheckpoint,
} from './checkpoint.ts'
import { type Evicted, NOTHING_EVICTED } from './evicted.ts'
import { openKnownMarkers, readOnlyMarkers } from './known-markers.ts'
import { newNonce } from './marker.ts'
import { openPieces, type Pieces } from './pieces.ts'
import {
  type Memory,
  newPlan,
  openPlan,
  type PlanState,
  piecesOf,
  type SavedPlan,
  savePlan,
} from './plan.ts'
import { wasFenced } from './ready.ts'
import { openSeen, readOnly } from './seen.ts'
import { DAY, type Terms, type Times } from './terms.ts'
import { newTotals, type Totals } from './totals.ts'

/** Least milliseconds between two checkpoints, but for the one at a stop. */
const EVERY = 30_000

/**
 * Milliseconds after its date for which a run goes on. It could for ever, without harm; but it would leave
 * what has become old since.
 */
export const LONGEST = 7 * DAY

/** A run. */
export interface Run {
  readonly terms: Terms
  /** Whether an earlier process has begun it. */
  readonly resumed: boolean
  readonly plan: PlanState
  readonly acting: ActState
  /** What was done so far, by all processes. */
  readonly done: Totals
  /** Saves how far it is. */
  save(): Promise<void>
  /** The same, if it is time. */
  saveInTime(): Promise<void>
  /** Takes all away that belongs to it. */
  end(): Promise<void>
}

export interface RunOptions {
  readonly times: Times
  readonly rules: RulesInForce
  /** What goes though no document of rules says so. Default: nothing does. */
  readonly evicted?: Evicted
  /** What counts in which quota. Default: nothing does. */
  readonly quotas?: Quotas
  /** Whether nothing else writes to the store. */
  readonly closed: boolean
  /** Now, by the clock of the store. */
  readonly date: number
  /** Whether it is only to be shown what a run would do: that has no checkpoint. */
  readonly dry: boolean
  /** Clock in milliseconds that only goes forward. */
  readonly monotonic: () => number
  /** Where events are recorded. */
  readonly events: Recorder | undefined
}

/** What decides beside the date. */
const termsOf = ({ times, rules: { id }, quotas = NO_QUOTAS, closed }: RunOptions): string =>
  JSON.stringify({ times, rules: id, closed, ...(quotas.id === '' ? {} : { quotas: quotas.id }) })

/** Whether a run may go on: all writers have followed the protocol since, and nothing is lost. */
const goesOn = async (
  store: ObjectStore,
  pieces: Pieces,
  { date, terms, plan }: Checkpoint,
  options: RunOptions,
): Promise<boolean> =>
  terms === termsOf(options) &&
  date <= options.date &&
  options.date - date <= LONGEST &&
  (options.closed || (await wasFenced(store, date, options.times.fence))) &&
  (await pieces.has(piecesOf(plan)))

/** Opens what earlier runs have seen, for a run that has saved so much of it. */
const openMemory = async (
  store: ObjectStore,
  options: RunOptions,
  saved: SavedPlan | undefined,
): Promise<Memory> => {
  const seen = await openSeen(store, termsOf(options), saved?.seen)
  const markers = await openKnownMarkers(store, saved?.markers)
  if (!options.dry) return { seen, markers }
  return { seen: readOnly(seen), markers: readOnlyMarkers(markers) }
}

/** Opens the run that has not ended, or a new one. */
export const openRun = async (store: ObjectStore, options: RunOptions): Promise<Run> => {
  const { times, rules, evicted = NOTHING_EVICTED, quotas = NO_QUOTAS } = options
  const { date: now, dry, monotonic, events } = options
  const stored = dry ? undefined : await readCheckpoint(store)
  const found = stored?.checkpoint
  const left = found && openPieces(store, prefixOf(found.run), true)
  const resumed = found && left && (await goesOn(store, left, found, options)) ? found : undefined
  if (resumed === undefined) await left?.remove()
  const name = resumed?.run ?? newNonce()
  const pieces = resumed && left ? left : openPieces(store, prefixOf(name))
  const memory = await openMemory(store, options, resumed?.plan)
  const plan = resumed
    ? await openPlan(pieces, resumed.plan, memory, quotas)
    : newPlan(pieces, memory, quotas)
  const acting = resumed?.acting ?? newActState()
  const done = resumed?.done ?? newTotals()
  const date = resumed?.date ?? now
  let etag = stored?.etag
  let last = monotonic()
  // Another process goes on with it: whatever this one still does, it does no harm.
  let lost = false

  const save = async (): Promise<void> => {
    last = monotonic()
    if (lost || dry) return
    const saved = await savePlan(pieces, plan)
    const checkpoint = { run: name, date, terms: termsOf(options), plan: saved, acting, done }
    const written = await writeCheckpoint(store, checkpoint, etag)
    etag = written ?? etag
    lost = written === undefined
  }

  return {
    terms: {
      ...{ ...times, date, quotas, events },
      // Those of evicted repositories are no part of the terms: these are looked at in each run.
      rules: { ...rules, rules: [...rules.rules, ...evicted.rules] },
      evicted: evicted.names,
      readPulls: createPullReader(store, date),
    },
    resumed: resumed !== undefined,
    plan,
    acting,
    done,
    save,
    saveInTime: async () => {
      if (monotonic() - last >= EVERY) await save()
    },
    async end() {
      if (lost) return
      if (etag !== undefined) await removeCheckpoint(store, etag)
      await pieces.remove()
    },
  }
}
