/**
 * Looks for repositories by their names and descriptions.
 *
 * @module
 */

import { inTurns, type Steps } from '../shared/turns.ts'
import { createBest } from './best.ts'
import type { NamedRepository } from './names.ts'

/** Names that are looked at in one step. */
const STEP = 64

/** Whether somebody may see a repository. */
export type Visible = (name: string) => boolean

/** What is listed where there is no index: no more than a name. */
export type Listed = Pick<NamedRepository, 'name'> & Partial<NamedRepository>

/** Repositories in several lists. */
export type Lists<T extends Listed> = Iterable<readonly T[]>

const matches = ({ name, description = '' }: Listed, text: string): boolean =>
  name.includes(text) || (description !== '' && description.toLowerCase().includes(text))

const lastOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/** How well a name fits; 0 is best. */
const rankOf = (name: string, text: string): number => {
  if (name === text) return 0
  const last = lastOf(name)
  if (last === text) return 1
  if (name.startsWith(text)) return 2
  if (last.startsWith(text)) return 3
  return name.includes(text) ? 4 : 5
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** What was found. */
export interface Ranked<T extends Listed> {
  /** Best first, and by name. */
  readonly found: readonly T[]
  /** How many there are, counted up to a bound. */
  readonly count: number
}

function* ranking<T extends Listed>(
  lists: Lists<T>,
  text: string,
  visible: Visible,
  limit: number,
  most: number,
): Steps<Ranked<T>> {
  const best = createBest<{ readonly rank: number; readonly each: T }>(
    limit,
    (a, b) => a.rank - b.rank || byName(a.each.name, b.each.name),
  )
  let count = 0
  for (const list of lists) {
    for (const [at, each] of list.entries()) {
      if (at % STEP === 0) yield
      if (!matches(each, text)) continue
      const ranked = { rank: rankOf(each.name, text), each }
      const enters = best.mayEnter(ranked)
      // Looking at rights takes longest.
      if ((!enters && count >= most) || !visible(each.name)) continue
      if (count < most) count += 1
      if (enters) best.add(ranked)
    }
  }
  return { found: best.all().map(({ each }) => each), count }
}

/**
 * The best that somebody may see.
 *
 * @param limit most of them that are given
 * @param most counted, at least `limit`
 */
export const rankRepositories = <T extends Listed>(
  lists: Lists<T>,
  query: string,
  visible: Visible,
  { limit, most }: { readonly limit: number; readonly most: number },
): Promise<Ranked<T>> =>
  inTurns(ranking(lists, query.toLowerCase(), visible, limit, Math.max(limit, most)))

function* listing<T extends Listed>(
  lists: Lists<T>,
  text: string,
  visible: Visible,
  after: string | undefined,
  limit: number,
): Steps<readonly T[]> {
  const best = createBest<T>(limit, (a, b) => byName(a.name, b.name))
  for (const list of lists) {
    for (const [at, each] of list.entries()) {
      if (at % STEP === 0) yield
      if ((after !== undefined && each.name <= after) || !best.mayEnter(each)) continue
      if (matches(each, text) && visible(each.name)) best.add(each)
    }
  }
  return best.all()
}

/** Those that somebody may see, in the order of names, after one. */
export const listRepositories = <T extends Listed>(
  lists: Lists<T>,
  query: string,
  visible: Visible,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
): Promise<readonly T[]> => inTurns(listing(lists, query.toLowerCase(), visible, after, limit))
