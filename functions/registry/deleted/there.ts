/**
 * Whether what was deleted is there now.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { revisionLinkKey, tagLinkKey } from '../layout.ts'
import { readLink } from '../links.ts'
import type { Deletion } from './deletions.ts'

/** Looks for the tags and manifests of deletes. One read for each that differs. */
export const areThere = async (
  store: ObjectStore,
  name: string,
  deletions: readonly Pick<Deletion, 'tag' | 'digest'>[],
): Promise<boolean[]> => {
  const keys = deletions.map(({ tag, digest }) =>
    tag === undefined ? revisionLinkKey(name, digest) : tagLinkKey(name, tag),
  )
  const different = [...new Set(keys)]
  const found = await inBatches(
    different,
    async (key) => (await readLink(store, key)) !== undefined,
  )
  const there = new Set(different.filter((_, place) => found[place]))
  return keys.map((key) => there.has(key))
}
