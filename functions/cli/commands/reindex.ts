/**
 * `slipway reindex`.
 *
 * @module
 */

import { reindex } from '../../registry/reindex.ts'
import type { StoreIo } from '../command.ts'

/** Builds the lists of repositories and referrers anew. @throws StoreError */
export const rebuild = async ({ store, say }: StoreIo): Promise<void> => {
  const { repositories, manifests, referrers } = await reindex(store)
  say(`Indexed ${repositories} repositories, ${manifests} manifests, ${referrers} referrers.`)
}
