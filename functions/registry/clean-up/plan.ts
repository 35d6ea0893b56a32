/**
 * The first part of a run: everything is read, and what is to be done is decided; nothing is changed.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { openQuotaCount, type QuotaCount } from '../quotas/count.ts'
import type { Quotas } from '../quotas/quotas.ts'
import { notedFor } from '../quotas/settle.ts'
import { openTally, type Tally } from '../usage/tally.ts'
import { type Candidates, openCandidates } from './candidates.ts'
import { planData } from './data.ts'
import { type KnownMarkers, NO_MARKERS, type SavedMarkers } from './known-markers.ts'
import { type LinkRuns, openLinkRuns, type SavedLinks } from './link-runs.ts'
import { type LitterState, newLitterState } from './litter/litter.ts'
import { readingNeeds } from './needs.ts'
import type { Piece, Pieces } from './pieces.ts'
import { walkPool } from './pool.ts'
import { planRepository, type RepositoryPlan } from './repository.ts'
import { type SavedSeen, type Seen, UNSEEN } from './seen.ts'
import { holds, seenOf, seenTargets } from './seen-repository.ts'
import { openSpilled, type Spilled, type SpilledPiece } from './spilled.ts'
import { isOld, type Terms } from './terms.ts'
import type { Thing } from './thing.ts'
import { count, newTotals, type Totals } from './totals.ts'
import { uncountedSeen } from './uncounted.ts'
import type { FindUnmarked } from './unmarked.ts'
import { useOf, usesOf } from './uses.ts'
import { type ListedRepository, walkRepositories } from './walk.ts'

/** How far planning is, and what was found so far. */
export interface PlanState {
  phase: 'repositories' | 'pool' | 'litter' | 'done'
  /** The repository, or the digest in hex, that was the last. */
  after: string | undefined
  /** How far the walk through what is left over is. */
  readonly litter: LitterState
  readonly totals: Totals
  /** Names of repositories, by their number. */
  readonly names: Spilled
  /** Names of those that have neither a manifest nor a tag. */
  readonly bare: Spilled
  /** Names of the repositories in which there is something to do. */
  readonly touched: Spilled
  readonly links: LinkRuns
  /** Bytes that repositories link, by their number. */
  readonly linked: Tally
  /** Bytes of quotas. */
  readonly quotas: QuotaCount
  readonly candidates: Candidates
  readonly seen: Seen
  readonly markers: KnownMarkers
  /** The first object that Slipway does not write, and that was written within the grace. */
  foreign: string | undefined
}

/** What earlier runs have seen, and where this one notes the same. */
export interface Memory {
  readonly seen: Seen
  readonly markers: KnownMarkers
}

const NO_MEMORY: Memory = { seen: UNSEEN, markers: NO_MARKERS }

/**
 * A plan that begins.
 *
 * @param pieces where it notes what does not fit into memory
 */
export const newPlan = (pieces: Pieces, memory = NO_MEMORY, quotas?: Quotas): PlanState => ({
  phase: 'repositories',
  after: undefined,
  litter: newLitterState(),
  totals: newTotals(),
  names: openSpilled(pieces),
  bare: openSpilled(pieces),
  touched: openSpilled(pieces),
  links: openLinkRuns(pieces),
  linked: openTally(),
  quotas: openQuotaCount(quotas),
  candidates: openCandidates(pieces),
  ...memory,
  foreign: undefined,
})

/** A plan as far as it is, written down. */
export interface SavedPlan extends Pick<PlanState, 'phase' | 'after' | 'litter' | 'totals'> {
  readonly names: readonly SpilledPiece[]
  readonly bare: readonly SpilledPiece[]
  readonly touched: readonly SpilledPiece[]
  readonly candidates: readonly SpilledPiece[]
  readonly links: SavedLinks
  readonly linked: Piece
  /** Absent: no quota is set. */
  readonly quotas?: Piece
  readonly seen: SavedSeen
  readonly markers: SavedMarkers
  /** Absent: none. */
  readonly foreign?: string
}

const saveQuotas = async (
  pieces: Pieces,
  { quotas }: PlanState,
): Promise<Pick<SavedPlan, 'quotas'>> => {
  const bytes = quotas.bytes()
  return bytes === undefined ? {} : { quotas: await pieces.write(bytes) }
}

/** Writes down how far a plan is; at most ten operations. */
export const savePlan = async (pieces: Pieces, state: PlanState): Promise<SavedPlan> => ({
  phase: state.phase,
  after: state.after,
  litter: state.litter,
  totals: state.totals,
  names: await state.names.save(),
  bare: await state.bare.save(),
  touched: await state.touched.save(),
  candidates: await state.candidates.save(),
  links: await state.links.save(),
  linked: await pieces.write(state.linked.bytes()),
  ...(await saveQuotas(pieces, state)),
  seen: await state.seen.save(),
  markers: await state.markers.save(),
  ...(state.foreign === undefined ? {} : { foreign: state.foreign }),
})

/** All pieces that a plan is in. */
export const piecesOf = (saved: SavedPlan): readonly Piece[] => [
  ...saved.names,
  ...saved.bare,
  ...saved.touched,
  ...saved.candidates,
  ...saved.links.runs,
  saved.linked,
  ...(saved.quotas === undefined ? [] : [saved.quotas]),
]

/** Opens a plan that was written down. @param memory opened with what the plan has saved of it */
export const openPlan = async (
  pieces: Pieces,
  saved: SavedPlan,
  memory = NO_MEMORY,
  quotas?: Quotas,
): Promise<PlanState> => ({
  phase: saved.phase,
  after: saved.after,
  litter: saved.litter,
  totals: saved.totals,
  names: openSpilled(pieces, saved.names),
  bare: openSpilled(pieces, saved.bare),
  touched: openSpilled(pieces, saved.touched),
  links: openLinkRuns(pieces, saved.links),
  linked: openTally(await pieces.read(saved.linked)),
  quotas: openQuotaCount(quotas, saved.quotas && (await pieces.read(saved.quotas))),
  candidates: openCandidates(pieces, saved.candidates),
  ...memory,
  foreign: saved.foreign,
})

export interface PlanOptions {
  readonly terms: Terms
  /** Looks for links of others in repositories that are not known yet. Default: nobody looks. */
  readonly findUnmarked?: FindUnmarked | undefined
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

type Looked = Pick<RepositoryPlan, 'planned' | 'targets' | 'kept' | 'uncounted'>

/** The latest object of a repository that Slipway does not write, if that was within the grace. */
const youngForeign = ({ foreign }: ListedRepository, terms: Terms): string | undefined =>
  foreign !== undefined && !isOld(terms, foreign.modified) ? foreign.key : undefined

/** Reads all repositories, and notes their links. @returns false when it was to stop */
const planRepositories = async (
  store: ObjectStore,
  state: PlanState,
  { terms, findUnmarked, report, note, pause }: PlanOptions,
): Promise<boolean> => {
  const readNeeds = readingNeeds(store)
  const { seen } = state.totals
  const look = async (listed: ListedRepository): Promise<Looked> => {
    const known = await state.seen.find(listed.name)
    if (known !== undefined && holds(known, listed, terms)) {
      await state.seen.add(known)
      const targets = seenTargets(known, listed)
      return { planned: [], targets, kept: undefined, uncounted: uncountedSeen(terms, listed) }
    }
    const decided = await planRepository(store, terms, readNeeds, listed)
    const foreign = youngForeign(listed, terms) ?? (await findUnmarked?.(listed))
    state.foreign ??= foreign
    const found = foreign === undefined ? seenOf(listed, decided, terms) : undefined
    if (found !== undefined) await state.seen.add(found)
    return decided
  }
  const take = async (listed: ListedRepository): Promise<void> => {
    const { name } = listed
    const { planned, targets, kept, uncounted } = await look(listed)
    const number = state.names.count
    const bytes = Buffer.from(name)
    await state.names.push(bytes)
    if (listed.revisions.length + listed.tags.length === 0) await state.bare.push(bytes)
    const uses = usesOf(listed, planned)
    const links = [...listed.layers, ...listed.revisions]
    for (const [at, target] of targets.entries()) {
      await state.links.add(hexOf(target), number, uses[at]!, !uncounted.has(links[at]!.key))
    }
    seen.repositories += 1
    seen.links += listed.layers.length
    seen.manifests += listed.revisions.length
    seen.tags += listed.tags.length
    if (kept !== undefined) note(name, kept)
    if (planned.length > 0) await state.touched.push(bytes)
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

/** Reads the pool beside the links. @returns false when it was to stop */
const planPool = async (
  store: ObjectStore,
  state: PlanState,
  { terms, report, pause, monotonic }: PlanOptions,
): Promise<boolean> => {
  const { data } = state.totals.seen
  const { links, markers, quotas } = state
  await quotas.begin(state.names.read(), (quota) => notedFor(store, quota))
  for await (const page of walkPool(store, links.read(), markers, state.after)) {
    for (const each of page) {
      const planned = planData(store, terms, each, monotonic)
      if (each.data !== undefined) {
        data.things += 1
        data.bytes += each.data.size
        state.linked.add(each.data.size, each.links, useOf(each, planned))
        quotas.add(each.data.size, hexOf(each.digest), each.links)
      }
      if (planned === undefined) {
        if (each.stored !== undefined) await markers.add(hexOf(each.digest), each.stored)
        continue
      }
      count(state.totals, planned.thing)
      report(planned.thing)
      await state.candidates.push(each)
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
  if (state.phase === 'repositories') {
    if (!(await planRepositories(store, state, options))) return false
    await state.seen.end()
    state.phase = 'pool'
    state.after = undefined
  }
  if (state.phase === 'pool') {
    if (!(await planPool(store, state, options))) return false
    await state.markers.end()
    state.phase = 'litter'
    state.after = undefined
  }
  return true
}
