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
 * Young is what was written within the length of a push before the date of the run, by the clock of the
 * store. Whoever dies in between leaves a condemned tag, which reads as before and says when it was pushed, and
 * that date; the next run goes by those.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/store.ts'
import { condemnLink, isPlain, makePlain, sweepLink } from '../clean-up/link-object.ts'
import { mayGoOn } from '../clean-up/terms.ts'
import { revisionLinkKey, tagLinkKey } from '../layout.ts'
import { type LinkObject, readLinkObject } from '../links.ts'
import type { TagFacts } from './evaluate.ts'

/** What became of a tag. */
export type Removal =
  | 'removed'
  /** It was set again, deleted, or is damaged. */
  | 'changed'
  /** Its manifest was pushed a moment ago, perhaps with this tag: it stays. */
  | 'pushed'

/** Options of a removal. */
export interface RemoveTagOptions {
  /** Milliseconds by the clock of the store: the tag was read after it. */
  readonly date: number
  /** Work to be done before the tag is gone, such as a note for an undelete. */
  readonly before: () => Promise<void>
}

/** When a link was last pushed, also if it was condemned since. In milliseconds. */
export const pushedAt = ({ body, modified }: LinkObject): number =>
  body?.byRule?.pushed ?? modified.getTime()

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
  { date, before }: RemoveTagOptions,
): Promise<Removal> => {
  const key = tagLinkKey(name, seen.tag)
  const link = await readLinkObject(store, key)
  if (link?.body?.target !== seen.digest || pushedAt(link) > seen.pushed) return 'changed'
  const byRule = { pushed: pushedAt(link), date }
  if (isPlain(link) && !(await condemnLink(store, link, byRule))) return 'changed'
  const condemned = await readLinkObject(store, key)
  if (condemned?.body?.condemned === undefined) return 'changed'
  // Moved, and condemned again.
  if (condemned.body.target !== seen.digest || pushedAt(condemned) > seen.pushed) return 'changed'
  const revision = await store.head(revisionLinkKey(name, seen.digest))
  // Another run may have condemned it, which has died; without its date, nothing is proved.
  const since = condemned.body.byRule?.date ?? 0
  if (revision !== undefined && mayGoOn(revision.modified, since)) {
    await makePlain(store, condemned)
    return 'pushed'
  }
  await before()
  return (await sweepLink(store, condemned)) ? 'removed' : 'changed'
}
