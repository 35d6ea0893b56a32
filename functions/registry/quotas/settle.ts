/**
 * Sets the counts of quotas right by what a walk has found.
 *
 * @module
 */

import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { QUOTAS_PREFIX, quotaKey } from '../layout.ts'
import type { Found } from './count.ts'
import { type Count, NOTHING, notedIn, settledBy } from './counter.ts'
import { readCount, type StoredCount, writeCount } from './ledger.ts'
import type { Quota } from './quotas.ts'

/** Milliseconds before counts go of which no quota knows: an instance may write one that has just been taken out. */
const DAY = 86_400_000

/** A count that cannot be read is begun anew, by the walk. */
const readOrNothing = async (store: ObjectStore, id: string): Promise<StoredCount> => {
  try {
    return await readCount(store, id)
  } catch (error) {
    const info = await store.head(quotaKey(id))
    if (info === undefined) throw error
    return { count: NOTHING, etag: info.etag }
  }
}

/** What was noted of a quota since the last walk; one operation. */
export const notedFor = async (store: ObjectStore, { id }: Quota): Promise<readonly string[]> =>
  notedIn((await readOrNothing(store, id)).count)

const settle = async (
  store: ObjectStore,
  { quota, bytes, except, seen }: Found,
  date: number,
): Promise<void> => {
  for (;;) {
    const { count, etag } = await readOrNothing(store, quota.id)
    const settled: Count | undefined = settledBy(count, { date, bytes, except }, (noted) =>
      seen.has(noted),
    )
    if (settled === undefined) return
    // Refused, a push was faster: what it has noted stays.
    if ((await writeCount(store, quota.id, settled, etag)) !== undefined) return
  }
}

/**
 * Writes what a walk has found: a read and a conditional write for each quota, and a listing.
 *
 * @param date of the walk, by the clock of the store, in milliseconds
 */
export const settleQuotas = async (
  store: ObjectStore,
  found: readonly Found[],
  date: number,
): Promise<void> => {
  if (found.length === 0) return
  for (const each of found) await settle(store, each, date)
  const known = new Set(found.map(({ quota }) => quotaKey(quota.id)))
  for await (const page of listPages(store, QUOTAS_PREFIX)) {
    const old = page.filter(
      ({ key, modified }) => !known.has(key) && modified.getTime() + DAY < date,
    )
    if (old.length > 0) await store.delete(old.map(({ key }) => key))
  }
}
