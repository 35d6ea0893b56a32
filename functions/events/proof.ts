/**
 * Whether what a record says has happened.
 *
 * @module
 */

import { unreported } from '../registry/damage.ts'
import { readStoredLink } from '../registry/links.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { EventRecord } from './record.ts'

/**
 * What the store shows:
 * - `happened`.
 * - `not`: it has not happened yet, or never will, since its writer was refused or has died. Later it can be dropped;
 *   much later the link may have been deleted since, and swept.
 * - `unknown`: the link may have been deleted since, or deleted and written again. Later it is to be delivered.
 *
 * Later: once no request of then goes on any more.
 */
export type Proved = 'happened' | 'not' | 'unknown'

/** Milliseconds by which the clocks of a writer and of the store may differ. S3 allows no more. */
const CLOCK_MARGIN = 15 * 60_000

/**
 * Looks at the proof of an event. At most one operation.
 *
 * A manifest's link that was deleted is an object still (revisions.ts), so that deletes do not hide pushes. Of a blob's
 * nothing is left. And a link that is there disproves a delete only if it is older.
 */
export const prove = async (
  store: ObjectStore,
  { at, proof }: Pick<EventRecord, 'at' | 'proof'>,
): Promise<Proved> => {
  if (proof === undefined) return 'happened'
  const { key, absent = false, fleeting = false } = proof
  if (!absent) {
    const there = (await store.head(key)) !== undefined
    return there ? 'happened' : fleeting ? 'unknown' : 'not'
  }
  const stored = await readStoredLink(store, key, unreported)
  if (stored?.link === undefined) return 'happened'
  return stored.modified.getTime() < at - CLOCK_MARGIN ? 'not' : 'unknown'
}
