/**
 * Writes what a walk has found of the usage of a store.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { PART, USAGE_KEY, USAGE_PARTS_PREFIX, type UsageHead, usagePartKey } from './document.ts'
import type { Tally } from './tally.ts'

/** What a walk has found. */
export interface Walked {
  /** Milliseconds, by the clock of the store. */
  readonly date: number
  /** Repositories by their number, in the order of the walk. */
  readonly names: AsyncIterable<Uint8Array>
  readonly tally: Tally
}

const writeHead = async (store: ObjectStore, head: UsageHead): Promise<void> => {
  await store.put(USAGE_KEY, Buffer.from(JSON.stringify(head)))
}

/** Removes the parts of other walks; the head no longer names them. */
const removeOthers = async (store: ObjectStore, id: string): Promise<void> => {
  const mine = usagePartKey(id, 0).slice(0, -1)
  for await (const page of listPages(store, USAGE_PARTS_PREFIX)) {
    const others = page.filter(({ key }) => !key.startsWith(mine))
    if (others.length > 0) await store.delete(others.map(({ key }) => key))
  }
}

/** What was written, to be completed when the run that walked has ended. */
export interface Written {
  /** Notes what the run took away for good since. One operation. */
  removed(sum: { readonly things: number; readonly bytes: number }): Promise<void>
}

/** Writes it in place of what an earlier walk has found: two operations, and one for each 10,000 repositories. */
export const writeUsage = async (
  store: ObjectStore,
  { date, names, tally }: Walked,
): Promise<Written> => {
  const id = randomBytes(8).toString('hex')
  const parts: string[] = []
  let [count, first]: [number, string | undefined] = [0, undefined]
  let lines: string[] = []
  const writePart = async (): Promise<void> => {
    if (first === undefined) return
    await store.put(usagePartKey(id, parts.length), Buffer.from(`${lines.join('\n')}\n`))
    parts.push(first)
    first = undefined
    lines = []
  }
  for await (const bytes of names) {
    const name = Buffer.from(bytes).toString()
    first ??= name
    const { own, shared, condemned, reclaimable } = tally.of(count++)
    lines.push(JSON.stringify([name, own, shared, condemned, reclaimable]))
    if (lines.length === PART) await writePart()
  }
  await writePart()
  const head: UsageHead = {
    version: 1,
    date: new Date(date).toISOString(),
    id,
    repositories: count,
    parts,
    pool: tally.pool,
  }
  await writeHead(store, head)
  await removeOthers(store, id)
  return { removed: (sum) => writeHead(store, { ...head, removed: { ...sum } }) }
}
