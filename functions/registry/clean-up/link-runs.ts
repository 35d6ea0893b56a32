/**
 * Which digests are linked, and by which repositories: more than fit into memory. They are collected,
 * sorted in runs that are written to the store, and read back in order, all runs at once.
 *
 * @module
 */

import { asOne, type NumberedLink, numberedLink, repositoryIn, type Use } from '../usage/tally.ts'
import type { Piece, Pieces } from './pieces.ts'

/** Bytes of an entry: a sha256 digest, and the number of a repository with how the link stands. */
const DIGEST = 32
const ENTRY = DIGEST + 4
/** Entries of a run: sorting them takes a small part of a second. */
const RUN = 65_536
/** Bytes of all runs together that are in memory while they are read. */
const IN_MEMORY = 16 * 1024 * 1024
/** The least and the most entries of a run that are read at once. */
const LEAST_BLOCK = 128
const MOST_BLOCK = 4096

/** Digests in order, each with the repositories that link it. */
export interface LinkedDigests {
  /** Those up to a digest, in hex, that were not given yet, a link each; for ever greater digests. */
  upTo(hex: string): Promise<ReadonlyMap<string, readonly NumberedLink[]>>
}

/** The links of a walk, as far as they were written down. */
export interface SavedLinks {
  readonly runs: readonly Piece[]
  /** How many entries of each run were given; absent while none was. */
  readonly given?: readonly number[]
}

/** The links of a walk. */
export interface LinkRuns {
  /**
   * Notes that a repository links a digest, in hex, and how the link stands.
   *
   * @param counts whether quotas count it
   */
  add(hex: string, repository: number, use: Use, counts?: boolean): Promise<void>
  /** All of them, in order; once. */
  read(): LinkedDigests
  /** Writes what is in memory, so that a later process can go on. */
  save(): Promise<SavedLinks>
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
  /** Entries of the run that were given. */
  given: number
  /** Goes on to the next entry. @returns false when there are no more */
  next(): Promise<boolean>
}

/**
 * @param load reads up to a block of entries from one on; none after the last
 * @param given entries that are not to be given again
 */
const cursorOf = (load: (entry: number) => Promise<Buffer>, given: number): Cursor => {
  const cursor: Cursor = {
    block: Buffer.alloc(0),
    at: 0,
    given,
    async next() {
      if (cursor.block.byteLength > 0) cursor.given += 1
      cursor.at += ENTRY
      if (cursor.at < cursor.block.byteLength) return true
      cursor.block = await load(cursor.given)
      cursor.at = 0
      return cursor.block.byteLength > 0
    },
  }
  return cursor
}

/** By digest, then by repository, then by how the link stands. */
const compare = (a: Cursor, b: Cursor): number =>
  a.block.compare(b.block, b.at, b.at + ENTRY, a.at, a.at + ENTRY)

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
      const found = new Map<string, NumberedLink[]>()
      for (let first = heap[0]; first !== undefined; first = heap[0]) {
        const { block, at } = first
        if (block.compare(end, 0, DIGEST, at, at + DIGEST) > 0) break
        const digest = block.toString('hex', at, at + DIGEST)
        const link = block.readUInt32BE(at + DIGEST)
        const there = found.get(digest)
        if (there === undefined) found.set(digest, [link])
        else if (repositoryIn(there.at(-1)!) !== repositoryIn(link)) there.push(link)
        else there.push(asOne(there.pop()!, link))
        // Waits only where a block ends.
        if (at + ENTRY < block.byteLength) {
          first.at += ENTRY
          first.given += 1
        } else if (!(await first.next())) {
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
 * @param saved what an earlier process has saved of it
 */
export const openLinkRuns = (pieces: Pieces, saved: SavedLinks = { runs: [] }): LinkRuns => {
  const runs = [...saved.runs]
  let entries = Buffer.allocUnsafe(0)
  let count = 0
  let cursors: readonly Cursor[] | undefined

  const write = async (): Promise<void> => {
    if (count === 0) return
    runs.push(await pieces.write(sorted(entries, count)))
    count = 0
  }

  return {
    async add(hex, repository, use, counts) {
      if (count === RUN) await write()
      if (entries.byteLength === 0) entries = Buffer.allocUnsafe(RUN * ENTRY)
      entries.write(hex, count * ENTRY, 'hex')
      entries.writeUInt32BE(numberedLink(repository, use, counts), count * ENTRY + DIGEST)
      count += 1
    },

    read() {
      const share = Math.floor(IN_MEMORY / ENTRY / Math.max(1, runs.length))
      const block = Math.min(MOST_BLOCK, Math.max(LEAST_BLOCK, share))
      const last = sorted(entries, count)
      const loads = runs.map(
        (run) => (entry: number) => pieces.read(run, entry * ENTRY, (entry + block) * ENTRY - 1),
      )
      loads.push(async (entry) => last.subarray(entry * ENTRY))
      cursors = loads.map((load, at) => cursorOf(load, saved.given?.[at] ?? 0))
      return merged(cursors)
    },

    async save() {
      // Sorted as it is read: what was given of it is a part of what is written.
      await write()
      const given = cursors?.slice(0, runs.length).map((each) => each.given) ?? saved.given
      return { runs: [...runs], ...(given === undefined ? {} : { given }) }
    },
  }
}
