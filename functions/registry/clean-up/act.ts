/**
 * The second part of a run: what was planned is decided again, from what is there now, and done.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Candidate } from './candidates.ts'
import { planData, readStoredMarker } from './data.ts'
import { type LitterState, newLitterState } from './litter/litter.ts'
import { readingNeeds } from './needs.ts'
import type { PlanState } from './plan.ts'
import { planRepository } from './repository.ts'
import type { Terms } from './terms.ts'
import type { Planned, Thing } from './thing.ts'
import { listRepository } from './walk.ts'

/** Things done at once. */
const AT_ONCE = 16

/** How far acting is. */
export interface ActState {
  /** How far the walk through what is left over beside links and data is. */
  readonly litter: LitterState
  /** How many of the touched repositories, and of the candidates, are done. */
  repositories: number
  candidates: number
}

/** Nothing is done yet. */
export const newActState = (): ActState => ({
  litter: newLitterState(),
  repositories: 0,
  candidates: 0,
})

export interface ActOptions {
  readonly terms: Terms
  /** Is told of each thing that was done. */
  readonly done: (thing: Thing) => void
  /** Is told of each that had changed meanwhile, and was left. */
  readonly changed: () => void
  /** Is asked between any two steps. @returns whether to stop here, to go on another time */
  readonly pause: () => Promise<boolean>
  /** Clock in milliseconds that only goes forward. */
  readonly monotonic: () => number
}

/**
 * Does what was planned.
 *
 * @returns whether it has come to its end; otherwise the state says how to go on
 */
export const act = async (
  store: ObjectStore,
  { touched, candidates }: PlanState,
  state: ActState,
  { terms, done, changed, pause, monotonic }: ActOptions,
): Promise<boolean> => {
  const carryOut = async ({ thing, carryOut: work }: Planned): Promise<void> => {
    if (await work()) done(thing)
    else changed()
  }
  const readNeeds = readingNeeds(store)
  for await (const name of touched.read(state.repositories)) {
    if (await pause()) return false
    const listed = await listRepository(store, name.toString())
    const { planned } = await planRepository(store, terms, readNeeds, listed)
    await inBatches(planned, carryOut, AT_ONCE)
    state.repositories += 1
  }
  const decide = async (candidate: Candidate): Promise<void> => {
    const stored = await readStoredMarker(store, candidate.digest)
    const planned = planData(store, terms, { ...candidate, stored }, monotonic)
    if (planned !== undefined) await carryOut(planned)
  }
  let batch: Candidate[] = []
  const end = async (): Promise<void> => {
    await inBatches(batch, decide)
    state.candidates += batch.length
    batch = []
  }
  for await (const candidate of candidates.read(state.candidates)) {
    if (batch.length === AT_ONCE) {
      if (await pause()) return false
      await end()
    }
    batch.push(candidate)
  }
  if (batch.length > 0) {
    if (await pause()) return false
    await end()
  }
  return true
}
