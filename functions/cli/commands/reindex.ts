/**
 * `slipway reindex`.
 *
 * @module
 */

import { settleIndex } from '../../compose/search-index.ts'
import { type Reindexed, reindex } from '../../registry/reindex.ts'
import { keepReferrerPages } from '../../registry/reindex-pages.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'

const counted = ({ repositories, manifests, referrers }: Reindexed): string =>
  `${repositories} repositories, ${manifests} manifests, ${referrers} referrers`

/**
 * Adds what is missing to the lists of repositories and referrers, and makes the index for search right, where there is
 * to be one.
 *
 * @throws CommandError where there are no repositories, DocumentError, StoreError
 */
export const rebuild = async ({ store, location, say, progress }: StoreIo): Promise<void> => {
  const line = progress()
  try {
    const found = await reindex(store, (each) => line.show(`Indexing: ${counted(each)}`))
    let lists = 0
    await keepReferrerPages(store, () => {
      lists += 1
      line.show(`Indexing: ${counted(found)}; pages of ${lists} long lists of referrers`)
    })
    const index = await settleIndex(store, undefined, (listed, stale) =>
      line.show(`Indexing for search: ${listed} repositories, ${stale} of them anew`),
    )
    line.end()
    if (found.repositories === 0) {
      throw new CommandError(`there are no repositories at ${location}: nothing was indexed`)
    }
    say(`Indexed ${counted(found)}.`)
    if (index !== undefined) {
      say(
        `The index for search has ${index.repositories} repositories, ${index.stale} of them anew.`,
      )
    }
  } finally {
    line.end()
  }
}
