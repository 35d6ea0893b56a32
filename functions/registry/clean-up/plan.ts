/**
 * The first part of a run: everything is read, and what is to be done is decided; nothing is changed.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { type Candidates, openCandidates } from './candidates.ts'
import { planData } from './data.ts'
import { type LinkRuns, openLinkRuns } from './link-runs.ts'
import { readingNeeds } from './needs.ts'
import { walkPool } from './pool.ts'
import { planRepository } from './repository.ts'
import type { Terms } from './terms.ts'
import type { Thing } from './thing.ts'
import { count, newTotals, type Totals } from './totals.ts'
import { type ListedRepository, walkRepositories } from './walk.ts'

/** How far planning is, and what was found so far. */
export interface PlanState {
  phase: 'repositories' | 'pool' | 'done'
  /** The repository, or the digest in hex, that was the last. */
  after: string | undefined
  readonly totals: Totals
  /** Names of repositories by their number. */
  readonly names: string[]
  /** Numbers of the repositories in which there is something to do. */
  readonly touched: number[]
  /** Bytes that only this repository links, and that others link too, by its number. */
  readonly own: number[]
  readonly shared: number[]
  candidates: Candidates
  /** How many runs of links were written. */
  runs: number
}

export const newPlan = (): PlanState => ({
  phase: 'repositories',
  after: undefined,
  totals: newTotals(),
  names: [],
  touched: [],
  own: [],
  shared: [],
  candidates: openCandidates(),
  runs: 0,
})

export interface PlanOptions {
  readonly terms: Terms
  /** Where runs of links are written, ending with `/`. */
  readonly prefix: string
  /** Is told of each thing that is to be done. */
  readonly report: (thing: Thing) => void
  /** Is told what is kept although it seems to be garbage. */
  readonly note: (repository: string, text: string) => void
  /** Is asked between any two steps. @returns whether to stop here, to go on another time */
  readonly pause: (state: PlanState) => Promise<boolean>
  /** Clock in milliseconds that only goes forward. */
  readonly monotonic: () => number
}

const hexOf = (digest: string): string => digest.slice(digest.indexOf(':') + 1)

/** Reads all repositories, and notes their links. @returns false when it was to stop */
const planRepositories = async (
  store: ObjectStore,
  state: PlanState,
  links: LinkRuns,
  { terms, report, note, pause }: PlanOptions,
): Promise<boolean> => {
  const readNeeds = readingNeeds(store)
  const { seen } = state.totals
  const take = async (listed: ListedRepository): Promise<void> => {
    const { name } = listed
    const { planned, targets, kept } = await planRepository(store, terms, readNeeds, listed)
    const number = state.names.push(name) - 1
    for (const target of targets) await links.add(hexOf(target), number)
    seen.repositories += 1
    seen.links += listed.layers.length
    seen.manifests += listed.revisions.length
    if (kept !== undefined) note(name, kept)
    if (planned.length > 0) state.touched.push(number)
    for (const { thing } of planned) {
      count(state.totals, thing)
      report(thing)
    }
  }
  for await (const listed of walkRepositories(store, state.after)) {
    await take(listed)
    state.after = listed.name
    if (await pause(state)) return false
  }
  return true
}

/** Adds the bytes of data to those of the repositories that link it. */
const measure = (
  { own, shared }: PlanState,
  repositories: readonly number[],
  size: number,
): void => {
  const into = repositories.length === 1 ? own : shared
  for (const each of repositories) into[each] = (into[each] ?? 0) + size
}

/** Reads the pool beside the links. @returns false when it was to stop */
const planPool = async (
  store: ObjectStore,
  state: PlanState,
  links: LinkRuns,
  { terms, report, pause, monotonic }: PlanOptions,
): Promise<boolean> => {
  const { data } = state.totals.seen
  for await (const page of walkPool(store, links.read(), state.after)) {
    for (const each of page) {
      if (each.data !== undefined) {
        data.things += 1
        data.bytes += each.data.size
        measure(state, each.repositories, each.data.size)
      }
      const planned = planData(store, terms, each, monotonic)
      if (planned === undefined) continue
      count(state.totals, planned.thing)
      report(planned.thing)
      state.candidates.push(each)
    }
    const last = page.at(-1)
    if (last === undefined) continue
    state.after = hexOf(last.digest)
    if (await pause(state)) return false
  }
  return true
}

/**
 * Plans, from where the state is.
 *
 * @returns whether it has come to its end; otherwise the state says how to go on
 */
export const plan = async (
  store: ObjectStore,
  state: PlanState,
  options: PlanOptions,
): Promise<boolean> => {
  const links = openLinkRuns(store, options.prefix, state.runs)
  if (state.phase === 'repositories') {
    if (!(await planRepositories(store, state, links, options))) {
      state.runs = await links.flush()
      return false
    }
    state.phase = 'pool'
    state.after = undefined
  }
  if (state.phase === 'pool') {
    if (!(await planPool(store, state, links, options))) {
      state.runs = await links.flush()
      return false
    }
    state.phase = 'done'
    state.after = undefined
  }
  await links.remove()
  return true
}
