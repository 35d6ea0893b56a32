/**
 * What a caller finds: repositories that it may pull from, by their names.
 *
 * @module
 */

import type { Caller } from '../../auth/authorizer.ts'
import type { Catalog } from '../../registry/catalog.ts'
import type { Visible } from '../../search/repositories.ts'
import { MAX_PAGE } from '../paging.ts'

/** Most listings of the catalog for one request: 100,000 repositories. */
const MOST_LISTINGS = 100

/** What a caller sees. */
export interface Seen {
  readonly visible: Visible
  /** Whether that is everything. No may be wrong. */
  readonly all: boolean
}

/**
 * What a caller sees. A token of another issuer that itself says what it grants may let its bearer list all names; what
 * is in the repositories is for whom it lets pull.
 */
export const seenBy = (caller: Caller): Seen =>
  caller.identity.kind === 'token' && caller.identity.claims.access !== undefined
    ? { visible: (name) => caller.allows(name, 'pull'), all: false }
    : { visible: caller.lists, all: caller.listsAll() }

/** Names without an index, from the catalog: a listing for each 1000. @param isEnough asked after each */
export const cataloged = async (
  catalog: Catalog,
  after: string | undefined,
  isEnough: (names: readonly string[]) => boolean,
): Promise<readonly { readonly name: string }[]> => {
  const all: { readonly name: string }[] = []
  let last = after
  for (let listings = 0; listings < MOST_LISTINGS; listings++) {
    const { names, more } = await catalog.list(MAX_PAGE, last)
    all.push(...names.map((name) => ({ name })))
    last = names.at(-1)
    if (!more || isEnough(names)) break
  }
  return all
}
