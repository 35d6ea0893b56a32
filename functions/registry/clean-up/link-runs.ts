/**
 * Which digests are linked, and by which repositories: more than fit into memory. They are collected,
 * sorted in runs that are written to the store, and read back in order, all runs at once.
 *
 * @module
 */

import { readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'

/** Bytes of an entry: a sha256 digest, and the number of a repository. */
const DIGEST = 32
const ENTRY = DIGEST + 4
/** Entries of a run: sorting them takes a small part of a second. */
const RUN = 65_536
/** Entries of a run that are read at once. */
const BLOCK = 1024

/** Digests in order, each with the repositories that link it. */
export interface LinkedDigests {
  /** Those up to a digest, in hex, that were not given yet; for ever greater digests. */
  upTo(hex: string): Promise<ReadonlyMap<string, readonly number[]>>
}

/** The links of a walk. */
export interface LinkRuns {
  /** Notes that a repository links a digest, in hex. */
  add(hex: string, repository: number): Promise<void>
  /** Writes what is in memory, so that a later process can go on. @returns how many runs there are */
  flush(): Promise<number>
  /** All of them, in order. */
  read(): LinkedDigests
  /** Deletes what was written. */
  remove(): Promise<void>
}

/** Entries in the order of their digests. */
const sorted = (entries: Buffer, count: number): Buffer => {
  // Comparing the first bytes as numbers is enough for almost all.
  const heads = new Float64Array(count)
  for (let at = 0; at < count; at++) heads[at] = entries.readUIntBE(at * ENTRY, 6)
  const order = Uint32Array.from({ length: count }, (_, at) => at).sort(
    (a, b) =>
      heads[a]! - heads[b]! ||
      entries.compare(entries, b * ENTRY, b * ENTRY + ENTRY, a * ENTRY, a * ENTRY + ENTRY),
  )
  const result = Buffer.allocUnsafe(count * ENTRY)
  for (const [to, from] of order.entries()) {
    entries.copy(result, to * ENTRY, from * ENTRY, (from + 1) * ENTRY)
  }
  return result
}

/** One run, read block by block. */
interface Cursor {
  block: Buffer
  /** Of the entry that is next, in the block. */
  at: number
  /** @returns false when there are no more */
  next(): Promise<boolean>
}

const cursorOf = (load: (block: number) => Promise<Buffer | undefined>): Cursor => {
  let blocks = 0
  const cursor: Cursor = {
    block: Buffer.alloc(0),
    at: 0,
    async next() {
      cursor.at += ENTRY
      if (cursor.at < cursor.block.byteLength) return true
      const block = await load(blocks++)
      cursor.block = block ?? Buffer.alloc(0)
      cursor.at = 0
      return cursor.block.byteLength > 0
    },
  }
  return cursor
}

const compare = (a: Cursor, b: Cursor): number =>
  a.block.compare(b.block, b.at, b.at + DIGEST, a.at, a.at + DIGEST)

/** Puts the first of a heap where it belongs. */
const sink = (heap: Cursor[]): void => {
  for (let at = 0; ; ) {
    const [left, right] = [2 * at + 1, 2 * at + 2]
    let least = at
    if (left < heap.length && compare(heap[left]!, heap[least]!) < 0) least = left
    if (right < heap.length && compare(heap[right]!, heap[least]!) < 0) least = right
    if (least === at) return
    ;[heap[at], heap[least]] = [heap[least]!, heap[at]!]
    at = least
  }
}

const merged = (cursors: readonly Cursor[]): LinkedDigests => {
  let heap: Cursor[] | undefined
  const open = async (): Promise<Cursor[]> => {
    const begun: Cursor[] = []
    for (const each of cursors) if (await each.next()) begun.push(each)
    return begun.sort(compare)
  }
  return {
    async upTo(hex) {
      heap ??= await open()
      const end = Buffer.from(hex, 'hex')
      const found = new Map<string, number[]>()
      for (let first = heap[0]; first !== undefined; first = heap[0]) {
        const { block, at } = first
        if (block.compare(end, 0, DIGEST, at, at + DIGEST) > 0) break
        const digest = block.toString('hex', at, at + DIGEST)
        const repository = block.readUInt32BE(at + DIGEST)
        const there = found.get(digest)
        if (there === undefined) found.set(digest, [repository])
        else if (there.at(-1) !== repository) there.push(repository)
        // Waits only where a block ends.
        if (at + ENTRY < block.byteLength) first.at += ENTRY
        else if (!(await first.next())) {
          const last = heap.pop()!
          if (last !== first) heap[0] = last
        }
        sink(heap)
      }
      return found
    },
  }
}

/**
 * Opens the links of a walk.
 *
 * @param prefix where runs are written, ending with `/`
 * @param written how many runs an earlier process has written
 */
export const openLinkRuns = (store: ObjectStore, prefix: string, written = 0): LinkRuns => {
  let entries = Buffer.allocUnsafe(0)
  let [count, runs] = [0, written]
  const keyOf = (run: number): string => `${prefix}${run}`

  const write = async (): Promise<void> => {
    if (count === 0) return
    await store.put(keyOf(runs), sorted(entries, count))
    runs += 1
    count = 0
  }

  const load =
    (run: number) =>
    async (block: number): Promise<Buffer | undefined> => {
      const start = block * BLOCK * ENTRY
      const info = sizes.get(run) ?? (await store.head(keyOf(run)))?.size
      if (info === undefined) throw new Error(`${keyOf(run)} is not there`)
      sizes.set(run, info)
      if (start >= info) return undefined
      const read = await store.get(keyOf(run), { start, end: start + BLOCK * ENTRY - 1 })
      return read && readAll(read.body, BLOCK * ENTRY)
    }
  const sizes = new Map<number, number>()

  return {
    async add(hex, repository) {
      if (count === RUN) await write()
      if (entries.byteLength === 0) entries = Buffer.allocUnsafe(RUN * ENTRY)
      entries.write(hex, count * ENTRY, 'hex')
      entries.writeUInt32BE(repository, count * ENTRY + DIGEST)
      count += 1
    },
    async flush() {
      await write()
      return runs
    },
    read() {
      const inMemory = sorted(entries, count)
      const cursors = Array.from({ length: runs }, (_, run) => cursorOf(load(run)))
      const last = cursorOf(async (block) => (block === 0 ? inMemory : undefined))
      return merged([...cursors, last])
    },
    async remove() {
      await store.delete(Array.from({ length: runs }, (_, run) => keyOf(run)))
    },
  }
}
