/**
 * Repositories in the order in which somebody looks at them.
 *
 * @module
 */

import { createBest } from '../search/best.ts'
import type { Listed, Lists, Visible } from '../search/repositories.ts'
import { inTurns, type Steps } from '../shared/turns.ts'

/** Orders of repositories. */
export const ORDERS = ['name', 'pushed', 'size'] as const

export type Order = (typeof ORDERS)[number]

/** A repository in the list. */
export interface ShownRepository extends Listed {
  /** Bytes, by the last clean-up. */
  readonly size?: number | undefined
}

/** What is looked for. */
export interface CatalogWanted {
  readonly query: string
  readonly order: Order
  readonly limit: number
  readonly page: number
}

/** A page of repositories. */
export interface CatalogPage {
  readonly found: readonly ShownRepository[]
  /** How many there are, whoever sees them. */
  readonly count: number
}

/** Names that are looked at in one step. */
const STEP = 64

const byName = (a: Listed, b: Listed): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** The latest and the largest first; what is not known comes last. */
const COMPARE: Readonly<Record<Order, (a: ShownRepository, b: ShownRepository) => number>> = {
  name: byName,
  pushed: (a, b) => (b.pushed ?? 0) - (a.pushed ?? 0) || byName(a, b),
  size: (a, b) => (b.size ?? -1) - (a.size ?? -1) || byName(a, b),
}

function* choosing(
  lists: Lists<Listed>,
  sizes: ReadonlyMap<string, number>,
  visible: Visible,
  { query, order, limit, page }: CatalogWanted,
): Steps<CatalogPage> {
  const text = query.toLowerCase()
  const best = createBest<ShownRepository>(limit * page, COMPARE[order])
  let count = 0
  for (const list of lists) {
    for (const [at, each] of list.entries()) {
      if (at % STEP === 0) yield
      const { name, description = '' } = each
      const fits = text === '' || name.includes(text) || description.toLowerCase().includes(text)
      if (!fits || !visible(name)) continue
      count += 1
      best.add({ ...each, size: sizes.get(name) })
    }
  }
  return { found: best.all().slice(limit * (page - 1)), count }
}

/** A page of those that somebody may see. Other requests go on meanwhile. */
export const catalogPage = (
  lists: Lists<Listed>,
  sizes: ReadonlyMap<string, number>,
  visible: Visible,
  wanted: CatalogWanted,
): Promise<CatalogPage> => inTurns(choosing(lists, sizes, visible, wanted))
