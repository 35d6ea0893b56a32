/**
 * Removing a tag because a rule says so, beside pushes of the same digest.
 *
 * A push of what the tag says already changes neither its bytes nor, where a version is a sum of them, its
 * version: a delete by the version that was seen would take the tag of a push that was just acknowledged. But
 * a push writes the link of its manifest first, always, and the tag within bounds after it. So:
 *
 * 1. The tag is condemned, by the version that was read: its bytes have a nonce now. Readers take it for the
 *    tag that it is. Any push from here on gives it another version.
 * 2. The manifest's link is looked at. If it is young, a push may have set the tag between the read and the
 *    first step; then the tag is made plain again, and counts as pushed.
 * 3. The tag is deleted, by the version of the first step.
 *
 * Whoever dies in between leaves a condemned tag, which reads as before; the next run begins with that.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { LANDING, REQUEST } from '../clean-up/bounds.ts'
import { condemnLink, isPlain, makePlain, sweepLink } from '../clean-up/link-object.ts'
import { revisionLinkKey, tagLinkKey } from '../layout.ts'
import { readLinkObject } from '../links.ts'
import type { TagFacts } from './evaluate.ts'

/** What became of a tag. */
export type Removal =
  | 'removed'
  /** It was set again, deleted, or is damaged. */
  | 'changed'
  /** Its manifest was pushed a moment ago, perhaps with this tag: it stays. */
  | 'pushed'

/**
 * Milliseconds by which the write of a tag may follow that of its manifest's link. Younger links are those of
 * a push that may have set the tag; clocks may differ by a part of this.
 */
const YOUNG = REQUEST + LANDING

/** Options of a removal. */
export interface RemoveTagOptions {
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Work to be done before the tag is gone, such as a note for an undelete. */
  readonly before: () => Promise<void>
}

/**
 * Removes a tag that the rules let go, if it is still as they saw it. Five operations. Only for stores that
 * delete exactly.
 *
 * @param seen the tag as the rules saw it
 */
export const removeTag = async (
  store: ObjectStore,
  name: string,
  seen: TagFacts,
  { now, before }: RemoveTagOptions,
): Promise<Removal> => {
  const key = tagLinkKey(name, seen.tag)
  const since = now() - YOUNG
  const link = await readLinkObject(store, key)
  if (link?.body?.target !== seen.digest || link.modified.getTime() > seen.pushed) return 'changed'
  if (isPlain(link) && !(await condemnLink(store, link))) return 'changed'
  const condemned = await readLinkObject(store, key)
  if (condemned?.body?.condemned === undefined) return 'changed'
  const revision = await store.head(revisionLinkKey(name, seen.digest))
  if (revision !== undefined && revision.modified.getTime() >= since) {
    await makePlain(store, condemned)
    return 'pushed'
  }
  await before()
  return (await sweepLink(store, condemned)) ? 'removed' : 'changed'
}
