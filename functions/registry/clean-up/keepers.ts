/**
 * Who keeps the fence up: whatever runs with `gc` on says so from time to time, so that nobody takes the fence down
 * under it. A server says it while it runs; a function that runs on a schedule, until it runs again.
 *
 * On files the directory itself tells who uses it, and nothing is written.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { cleanUpKey } from '../layout.ts'
import { LOOK_AGAIN } from './fence.ts'

/** What the keys of all words begin with. */
export const KEEPERS_PREFIX = cleanUpKey('keeper-')

/** Milliseconds for which a server's word counts: it gives it every {@link LOOK_AGAIN}. */
export const SERVER_KEEPS = 2.5 * LOOK_AGAIN

/** A word's schema. */
export const keeperSchema = z.object({
  version: z.literal(1),
  /** For people. */
  name: z.string().check(z.maxLength(200)),
  /** Milliseconds for which it counts. */
  for: z.int().check(z.nonnegative()),
})

/** Most bytes of a word. */
const MAX_BYTES = 1024

/** Who keeps the fence up, and until when that counts. */
export interface Keeper {
  readonly name: string
  readonly until: Date
}

/** Gives its word. @param id tells it from others; as in a file name */
export const keepUp = async (
  store: ObjectStore,
  id: string,
  name: string,
  span: number,
): Promise<void> => {
  const body = JSON.stringify({ version: 1, name: name.slice(0, 200), for: span })
  await store.put(KEEPERS_PREFIX + id, Buffer.from(body))
}

/** Takes its word back. */
export const keepNoLonger = (store: ObjectStore, id: string): Promise<void> =>
  store.delete([KEEPERS_PREFIX + id])

const readKeeper = async (store: ObjectStore, key: string): Promise<Keeper | undefined> => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { size, modified } = read.info
  const small = size <= MAX_BYTES
  if (!small) discard(read.body)
  let given: z.output<typeof keeperSchema> | undefined
  try {
    given = small
      ? keeperSchema.safeParse(JSON.parse((await readAll(read.body, MAX_BYTES)).toString())).data
      : undefined
  } catch {
    given = undefined
  }
  // What a later version says counts as long as a server's word.
  const span = given?.for ?? SERVER_KEEPS
  return { name: given?.name ?? key, until: new Date(modified.getTime() + span) }
}

/** Who keeps the fence up at this date, in milliseconds by the clock of the store. */
export const findKeepers = async (store: ObjectStore, date: number): Promise<readonly Keeper[]> => {
  const found: Keeper[] = []
  for await (const page of listPages(store, KEEPERS_PREFIX)) {
    for (const { key } of page) {
      const keeper = await readKeeper(store, key)
      if (keeper !== undefined && keeper.until.getTime() > date) found.push(keeper)
    }
  }
  return found
}
