/**
 * The index for search, where the document of receivers wants one.
 *
 * @module
 */

import { readDocument } from '../auth/document.ts'
import { EVENT_RECEIVERS_KEY } from '../registry/layout.ts'
import type { Mended } from '../search/mend.ts'
import type { ObjectStore } from '../storage/store.ts'

/**
 * Whether there is to be an index. One operation.
 *
 * @throws DocumentError when the document is damaged
 */
export const wantsIndex = async (store: ObjectStore): Promise<boolean> => {
  const text = await readDocument(store, EVENT_RECEIVERS_KEY)
  if (text === undefined) return false
  const { isIndex, parseReceivers } = await import('../events/receivers.ts')
  return parseReceivers(text).some(isIndex)
}

/**
 * Mends the index, or takes away what is left of one.
 *
 * @param isOver says whether to stop
 * @param progress see `mend`
 * @returns undefined where there is to be none
 * @throws StoreError, DocumentError
 */
export const settleIndex = async (
  store: ObjectStore,
  isOver?: () => boolean,
  progress?: (listed: number, stale: number) => void,
): Promise<Mended | undefined> => {
  const wanted = await wantsIndex(store)
  const { mend, removeIndex } = await import('../search/mend.ts')
  if (wanted) return mend(store, isOver, progress)
  await removeIndex(store)
  return undefined
}
