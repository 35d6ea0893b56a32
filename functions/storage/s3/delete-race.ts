/**
 * Whether a service looks and deletes in one step, found out by a race: deletes with a condition beside
 * writes with the same one. Of the two, a store that is exact refuses one.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { inBatches } from '../../shared/parallel.ts'
import { tookPlace } from '../errors.ts'
import type { ObjectStore } from '../store.ts'

/** Pairs of a delete and a write. Of those on versitygw 1.8.0, one in ten both take place. */
const PAIRS = 300
/** Pairs under way at once. */
const AT_ONCE = 16
/** Milliseconds, up to which writes begin later than deletes: what matters is a write right after the look. */
const LATER = 3

/**
 * Lets deletes and writes race, until a pair of them both take place; some 1200 requests where none does.
 *
 * @param prefix where it may write, ending with `/`; nothing is left there
 * @throws StoreError when the store fails
 */
export const losesWrites = async (
  store: Pick<ObjectStore, 'put' | 'deleteIf' | 'delete'>,
  prefix: string,
): Promise<boolean> => {
  let lost = false
  const race = async (pair: number): Promise<void> => {
    if (lost) return
    const key = `${prefix}${randomUUID()}`
    const { etag } = await store.put(key, Buffer.from('before'))
    const write = async () => {
      const later = pair % (LATER + 1)
      if (later > 0) await delay(later)
      return tookPlace(store.put(key, Buffer.from('after'), { condition: { ifMatch: etag } }))
    }
    const remove = () => tookPlace(store.deleteIf(key, etag))
    try {
      const both = await Promise.all([remove(), write()])
      lost ||= both.every(Boolean)
    } finally {
      await store.delete([key])
    }
  }
  await inBatches([...Array(PAIRS).keys()], race, AT_ONCE)
  return lost
}
