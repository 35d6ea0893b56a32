/**
 * How many bytes each repository has, as the last walk of the clean-up found it.
 *
 * @module
 */

import { discard, readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import {
  MAX_HEAD_BYTES,
  MAX_PART_BYTES,
  placeOf,
  USAGE_KEY,
  usageHeadSchema,
  usageLineSchema,
  usagePartKey,
} from './document.ts'
import type { PoolBytes, RepositoryBytes } from './tally.ts'

/** The bytes of a repository. */
export interface RepositoryUsage extends RepositoryBytes {
  readonly name: string
}

/** What the last walk found. */
export interface Usage {
  /** The date of the walk, by the store's clock: whatever was there before is counted. */
  readonly date: Date
  /** How many repositories there were. */
  readonly count: number
  /** Bytes of the whole pool. */
  readonly pool: Readonly<PoolBytes>
  /** What the run that walked took away for good since; undefined when it changed nothing. */
  readonly removed: { readonly things: number; readonly bytes: number } | undefined
  /**
   * All repositories in the order of the walk; one operation for each 10,000.
   *
   * @throws UsageChanged when a newer walk has ended meanwhile
   */
  repositories(): AsyncGenerator<RepositoryUsage>
  /**
   * One repository, in one operation at most; undefined when the walk saw none of this name.
   *
   * @throws UsageChanged when a newer walk has ended meanwhile
   */
  of(name: string): Promise<RepositoryUsage | undefined>
}

/** A newer walk has ended: what is to be read is there no more, or is damaged. Read the usage again. */
export class UsageChanged extends Error {}

const readStored = async (
  store: ObjectStore,
  key: string,
  limit: number,
): Promise<{ readonly etag: string; readonly text: string | undefined } | undefined> => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { etag, size } = read.info
  if (size > limit) {
    discard(read.body)
    return { etag, text: undefined }
  }
  return { etag, text: (await readAll(read.body, limit)).toString() }
}

const readWhole = async (
  store: ObjectStore,
  key: string,
  limit: number,
): Promise<string | undefined> => (await readStored(store, key, limit))?.text

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads a part. @returns undefined when it is not there, or damaged */
export const readUsagePart = async (
  store: ObjectStore,
  id: string,
  part: number,
): Promise<readonly RepositoryUsage[] | undefined> => {
  const text = await readWhole(store, usagePartKey(id, part), MAX_PART_BYTES)
  const lines = text?.trimEnd().split('\n')
  const parsed = lines?.map((line) => usageLineSchema.safeParse(parseJson(line)).data)
  if (parsed === undefined || parsed.includes(undefined)) return undefined
  return parsed.flatMap((line) => {
    if (line === undefined) return []
    const [name, own, shared, condemned, reclaimable] = line
    return [{ name, own, shared, condemned, reclaimable }]
  })
}

/** Reads the head. @returns undefined when there is none that this version can read */
export const readUsageHead = async (store: ObjectStore) => {
  const text = await readWhole(store, USAGE_KEY, MAX_HEAD_BYTES)
  return text === undefined ? undefined : usageHeadSchema.safeParse(parseJson(text)).data
}

/**
 * Whether the usage is there as it was written, be it by a later version: then no more is known of it. One operation,
 * and one for each 10,000 repositories.
 *
 * @returns undefined when there is none
 */
export const usageIsWhole = async (
  store: ObjectStore,
): Promise<{ readonly etag: string; readonly whole: boolean } | undefined> => {
  const stored = await readStored(store, USAGE_KEY, MAX_HEAD_BYTES)
  if (stored === undefined) return undefined
  const { etag, text = '' } = stored
  const document = parseJson(text)
  const head = usageHeadSchema.safeParse(document).data
  if (head === undefined) {
    const { version } = (document ?? {}) as { readonly version?: unknown }
    return { etag, whole: typeof version === 'number' && version !== 1 }
  }
  for (const part of head.parts.keys()) {
    if ((await readUsagePart(store, head.id, part)) === undefined) return { etag, whole: false }
  }
  return { etag, whole: true }
}

/** Reads the usage of a store, in one operation. @returns undefined when no walk has ended that is known */
export const readUsage = async (store: ObjectStore): Promise<Usage | undefined> => {
  const head = await readUsageHead(store)
  if (head === undefined) return undefined
  const { id, parts, pool, removed } = head
  const read = async (part: number): Promise<readonly RepositoryUsage[]> => {
    const found = await readUsagePart(store, id, part)
    if (found === undefined)
      throw new UsageChanged(`${usagePartKey(id, part)} is not there, or damaged`)
    return found
  }
  return {
    date: new Date(head.date),
    count: head.repositories,
    pool,
    removed,
    async *repositories() {
      for (const part of parts.keys()) yield* await read(part)
    },
    async of(name) {
      const place = placeOf(name)
      const part = parts.findLastIndex((first) => placeOf(first) <= place)
      return part === -1 ? undefined : (await read(part)).find((each) => each.name === name)
    },
  }
}
