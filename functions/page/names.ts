/**
 * Names of all repositories where there is no index, remembered for a moment: somebody who searches or turns pages asks again
 * and again.
 *
 * @module
 */

import type { Catalog } from '../registry/catalog.ts'
import { cached } from '../shared/cached.ts'

/** Milliseconds. */
const MAX_AGE = 10_000
/** Names of a listing, and most listings: 100,000 repositories. */
const LISTED = 1000
const MOST_LISTINGS = 100

/** Names in order. */
export type Names = () => Promise<readonly { readonly name: string }[]>

const read = async (catalog: Pick<Catalog, 'list'>): Promise<{ readonly name: string }[]> => {
  const all: { readonly name: string }[] = []
  let last: string | undefined
  for (let listings = 0; listings < MOST_LISTINGS; listings++) {
    const { names, more } = await catalog.list(LISTED, last)
    all.push(...names.map((name) => ({ name })))
    last = names.at(-1)
    if (!more) break
  }
  return all
}

/** A listing for each 1000 names. @param now clock in milliseconds */
export const createNames = (catalog: Pick<Catalog, 'list'>, now: () => number): Names => {
  const names = cached(() => read(catalog), { now, maxAge: MAX_AGE })
  return () => names.get()
}
