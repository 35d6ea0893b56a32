/**
 * Tells which manifests of a repository have a link, by listings where those cost less than a look at each.
 *
 * @module
 */

import type { ObjectStore } from '../../../storage/store.ts'
import { revisionLinkKey, revisionOf, revisionsPrefix } from '../../layout.ts'

/** A listing costs on AWS as much as so many looks. */
const LOOKS_A_LISTING = 13

/** Whether there is a link to a manifest, however it stands. */
export type IsLinked = (digest: string) => Promise<boolean>

/**
 * Looks at the links of some manifests: by a listing for each 1000 links of the repository as long as that costs no more
 * than a look at each. So all of it costs no more than that, and a listing.
 *
 * @param digests in byte order
 */
export const lookAtLinks = async (
  store: ObjectStore,
  name: string,
  digests: readonly string[],
): Promise<IsLinked> => {
  const links = new Set<string>()
  let told = 0
  while (digests.length - told >= LOOKS_A_LISTING) {
    const startAfter = revisionLinkKey(name, digests[told]!).replace(/\/link$/, '')
    const { objects, truncated } = await store.list(revisionsPrefix(name), { startAfter })
    for (const { key } of objects) links.add(revisionOf(name, key) ?? '')
    const last = truncated ? (objects.at(-1)?.key ?? startAfter) : undefined
    const before = told
    while (
      told < digests.length &&
      (last === undefined || revisionLinkKey(name, digests[told]!) <= last)
    ) {
      told += 1
    }
    // The repository has many more manifests than these.
    if (told - before < LOOKS_A_LISTING) break
  }
  const listed = new Set(digests.slice(0, told))
  return async (digest) =>
    listed.has(digest)
      ? links.has(digest)
      : (await store.head(revisionLinkKey(name, digest))) !== undefined
}
