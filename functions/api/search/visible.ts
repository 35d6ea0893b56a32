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

/** Names without an index. */
export interface Cataloged {
  readonly names: readonly { readonly name: string }[]
  /** The last name that was listed, where there are more. */
  readonly last: string | undefined
}

/**
 * Names without an index, from the catalog: a listing for each 1000.
 *
 * @param enough stops once there are more
 * @param listings stops after so many
 */
export const cataloged = async (
  catalog: Catalog,
  isWanted: (name: string) => boolean,
  {
    after,
    enough,
    listings = MOST_LISTINGS,
  }: {
    readonly after?: string | undefined
    readonly enough?: number
    readonly listings?: number
  } = {},
): Promise<Cataloged> => {
  const wanted: { readonly name: string }[] = []
  let last = after
  for (let at = 0; at < listings; at++) {
    const { names, more } = await catalog.list(MAX_PAGE, last)
    for (const name of names) if (isWanted(name)) wanted.push({ name })
    last = names.at(-1)
    if (!more) return { names: wanted, last: undefined }
    if (enough !== undefined && wanted.length > enough) break
  }
  return { names: wanted, last }
}
