/**
 * What runs remember of their looks at what costs operations: since when everything was looked at, so that the
 * next run looks at what was written since. Whatever makes such an object litter writes it before: a delete writes
 * the descriptor of a referrer, for one. What went without, such as a mark whose push has died, is found when
 * all are looked at, once a week.
 *
 * @module
 */

import * as z from '../../../shared/schema.ts'
import { readAll } from '../../../storage/bytes.ts'
import type { ObjectStore } from '../../../storage/store.ts'
import { cleanUpKey } from '../../layout.ts'
import { MIN_GRACE } from '../bounds.ts'
import { DAY } from '../terms.ts'

/** Its key. */
export const LOOKED_KEY = cleanUpKey('looked')
const MAX_BYTES = 4096

/** Milliseconds after which all are looked at again. */
const FULL_AFTER = 7 * DAY

/** Milliseconds by which a write may have come into a listing after the time that it bears. */
const MARGIN = MIN_GRACE

/** Times in milliseconds, by the clock of the store. */
export const lookedSchema = z.object({
  version: z.literal(1),
  /** What was written before was looked at, and stays. */
  upTo: z.number(),
  /** When all were looked at. */
  full: z.number(),
})

/** Which objects are to be looked at. */
export interface Looks {
  /** Whether everything is looked at. */
  readonly all: boolean
  /** Whether what was last written then is to be looked at. */
  isDue(modified: Date): boolean
  /**
   * Has the next run go on from this one.
   *
   * @param upTo what was written up to then was looked at, and stays, in milliseconds; undefined: there was no
   *   object at all
   */
  save(upTo: number | undefined): Promise<void>
}

const read = async (store: ObjectStore) => {
  const found = await store.get(LOOKED_KEY)
  if (found === undefined) return undefined
  try {
    return lookedSchema.parse(JSON.parse((await readAll(found.body, MAX_BYTES)).toString()))
  } catch {
    // Another version has written it, or nobody knows who: all are looked at.
    return undefined
  }
}

/**
 * Begins the looks of a run. One operation.
 *
 * @param date of the run, in milliseconds
 */
export const beginLooks = async (store: ObjectStore, date: number): Promise<Looks> => {
  const before = await read(store)
  const full = before === undefined || before.full + FULL_AFTER <= date || before.full > date
  return {
    all: full,
    isDue: (modified) => full || modified.getTime() > before.upTo - MARGIN,
    async save(upTo) {
      if (upTo === undefined) return before === undefined ? undefined : store.delete([LOOKED_KEY])
      const body = { version: 1, upTo: Math.min(upTo, date), full: full ? date : before.full }
      await store.put(LOOKED_KEY, Buffer.from(JSON.stringify(body)))
    },
  }
}
