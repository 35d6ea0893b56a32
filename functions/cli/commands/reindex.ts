/**
 * `slipway reindex`.
 *
 * @module
 */

import { type Reindexed, reindex } from '../../registry/reindex.ts'
import { keepReferrerPages } from '../../registry/reindex-pages.ts'
import type { StoreIo } from '../command.ts'
import { CommandError } from '../errors.ts'

const counted = ({ repositories, manifests, referrers }: Reindexed): string =>
  `${repositories} repositories, ${manifests} manifests, ${referrers} referrers`

/**
 * Adds what is missing to the lists of repositories and referrers.
 *
 * @throws CommandError where there are no repositories, StoreError
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
    line.end()
    if (found.repositories === 0) {
      throw new CommandError(`there are no repositories at ${location}: nothing was indexed`)
    }
    say(`Indexed ${counted(found)}.`)
  } finally {
    line.end()
  }
}
