/**
 * `slipway reindex`.
 *
 * @module
 */

import { type Reindexed, reindex } from '../../registry/reindex.ts'
import type { StoreIo } from '../command.ts'

const counted = ({ repositories, manifests, referrers }: Reindexed): string =>
  `${repositories} repositories, ${manifests} manifests, ${referrers} referrers`

/** Builds the lists of repositories and referrers anew. @throws StoreError */
export const rebuild = async ({ store, say, progress }: StoreIo): Promise<void> => {
  const line = progress()
  try {
    const found = await reindex(store, (each) => line.show(`Indexing: ${counted(each)}`))
    line.end()
    say(`Indexed ${counted(found)}.`)
  } finally {
    line.end()
  }
}
