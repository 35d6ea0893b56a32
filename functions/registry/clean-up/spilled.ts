/**
 * Lists that grow with the store: what does not fit into a small part of memory is written down.
 *
 * @module
 */

import type { Piece, Pieces } from './pieces.ts'

/** Bytes of a list that are in memory. */
const IN_MEMORY = 1024 * 1024
/** Bytes before each entry, for its length. */
const LENGTH = 4

/** Entries of a list that were written down. */
export interface SpilledPiece extends Piece {
  /** Entries. */
  readonly count: number
}

/** A list of entries of bytes that only grows. */
export interface Spilled {
  /** How many entries there are. */
  readonly count: number
  push(entry: Uint8Array): Promise<void>
  /**
   * The entries, in order; one operation for each megabyte that was written down. What is pushed
   * meanwhile may or may not be among them.
   *
   * @param from index of the first
   */
  read(from?: number): AsyncGenerator<Buffer>
  /** Writes down what is in memory. @returns all that is needed to open the list again */
  save(): Promise<readonly SpilledPiece[]>
}

/** The entries of a piece. */
function* entriesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.byteLength; ) {
    const end = at + LENGTH + bytes.readUInt32BE(at)
    yield bytes.subarray(at + LENGTH, end)
    at = end
  }
}

/** Opens a list. @param saved what an earlier process has saved of it */
export const openSpilled = (pieces: Pieces, saved: readonly SpilledPiece[] = []): Spilled => {
  const written = [...saved]
  let count = written.reduce((sum, each) => sum + each.count, 0)
  let buffer = Buffer.alloc(0)
  /** Bytes in memory, and their entries. */
  let [used, held] = [0, 0]

  const spill = async (): Promise<void> => {
    if (held === 0) return
    const piece = await pieces.write(buffer.subarray(0, used))
    written.push({ ...piece, count: held })
    used = 0
    held = 0
  }

  const makeRoom = async (bytes: number): Promise<void> => {
    if (used + bytes <= buffer.byteLength) return
    if (used + bytes > IN_MEMORY) await spill()
    const wanted = Math.max(
      used + bytes,
      Math.min(IN_MEMORY, Math.max(4096, buffer.byteLength * 2)),
    )
    if (wanted <= buffer.byteLength) return
    const grown = Buffer.alloc(wanted)
    buffer.copy(grown, 0, 0, used)
    buffer = grown
  }

  return {
    get count() {
      return count
    },

    async push(entry) {
      await makeRoom(LENGTH + entry.byteLength)
      buffer.writeUInt32BE(entry.byteLength, used)
      buffer.set(entry, used + LENGTH)
      used += LENGTH + entry.byteLength
      held += 1
      count += 1
    },

    async *read(from = 0) {
      let skip = from
      for (const piece of [...written]) {
        if (skip < piece.count) {
          for (const entry of entriesOf(await pieces.read(piece))) if (skip-- <= 0) yield entry
          skip = 0
        } else skip -= piece.count
      }
      for (const entry of entriesOf(Buffer.from(buffer.subarray(0, used)))) {
        if (skip-- <= 0) yield entry
      }
    },

    async save() {
      await spill()
      return [...written]
    },
  }
}
