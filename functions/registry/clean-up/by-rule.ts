/**
 * The two steps in which a manifest without a tag goes by a rule: see rules.ts.
 *
 * @module
 */

import { inTurns } from '../../shared/turns.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { dataKey } from '../layout.ts'
import { type LinkObject, readLinkObject } from '../links.ts'
import { MAX_MANIFEST_BYTES } from '../manifests.ts'
import type { Digest } from '../reference.ts'
import { putDoubt } from '../referrer-entry.ts'
import { storedReferrer } from '../stored-referrer.ts'
import { condemnLink, deleteLink, isPlain, makePlain } from './link-object.ts'
import { mayGoOn } from './terms.ts'

/**
 * Condemns a manifest's link. Four operations.
 *
 * @param seen when it had last been written, as the rules saw it
 * @param date of the run
 * @returns false when it has changed, or may have been pushed again meanwhile
 */
export const condemnByRule = async (
  store: ObjectStore,
  key: string,
  target: Digest,
  seen: Date,
  date: number,
): Promise<boolean> => {
  const link = await readLinkObject(store, key)
  if (link === undefined || !isPlain(link) || link.modified > seen) return false
  if (!(await condemnLink(store, link, { pushed: link.modified.getTime(), date }))) return false
  const data = await store.head(dataKey(target))
  if (data === undefined || !mayGoOn(data.modified, date)) return true
  const condemned = await readLinkObject(store, key)
  if (condemned?.body?.condemned !== undefined) await makePlain(store, condemned)
  return false
}

/** Has the list of a manifest's subject look whether it is there. */
const doubt = async (
  store: ObjectStore,
  name: string,
  digest: Digest,
  target: Digest,
): Promise<void> => {
  const read = await store.get(dataKey(target))
  if (read === undefined) return
  if (read.info.size > MAX_MANIFEST_BYTES) return discard(read.body)
  const bytes = await readAll(read.body, MAX_MANIFEST_BYTES)
  const found = await inTurns(storedReferrer(bytes, digest))
  if (found !== undefined) await putDoubt(store, name, found.subject, found.referrer)
}

/**
 * Turns a condemned link into a deleted one.
 *
 * @param link as the rules saw it
 * @returns false when it has changed
 */
export const deleteByRule = async (
  store: ObjectStore,
  name: string,
  digest: Digest,
  link: LinkObject,
  { date, refers }: { readonly date: number; readonly refers: boolean },
): Promise<boolean> => {
  const target = link.body?.target
  if (target === undefined) return false
  if (refers) await doubt(store, name, digest, target)
  return deleteLink(store, link, date)
}
