/**
 * What a run notes that does not fit into memory, in pieces under a prefix of its own. A piece is written
 * once, under a name that no other process has: of two processes that both go on with a run, since one has
 * slept, neither changes what the other has written.
 *
 * @module
 */

import { readAll } from '../../storage/bytes.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { newNonce } from './marker.ts'

/** A piece that was written. */
export interface Piece {
  /** Its key, without the prefix. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Its version: another one is not what was written. */
  readonly etag: string
}

/** The pieces of a run. */
export interface Pieces {
  /** Writes a piece; one operation. */
  write(bytes: Uint8Array): Promise<Piece>
  /**
   * Reads a piece; one operation.
   *
   * @param start first byte
   * @param end last byte; may be beyond the last one
   * @throws Error when it is not there as it was written
   */
  read(piece: Piece, start?: number, end?: number): Promise<Buffer>
  /** Whether all these are there as they were written; a listing for each 1000 that there are. */
  has(pieces: readonly Piece[]): Promise<boolean>
  /** Deletes all there are under the prefix, whoever wrote them, but for these. */
  remove(but?: readonly Piece[]): Promise<void>
}

/**
 * Opens pieces.
 *
 * @param prefix ends with `/`
 * @param others whether other processes may have written there
 */
export const openPieces = (store: ObjectStore, prefix: string, others = false): Pieces => {
  const own = newNonce()
  let written = 0
  return {
    async write(bytes) {
      const name = `${own}-${written++}`
      const { etag } = await store.put(prefix + name, bytes)
      return { name, size: bytes.byteLength, etag }
    },

    async read({ name, size, etag }, start = 0, end = size - 1) {
      if (start >= size) return Buffer.alloc(0)
      const read = await store.get(prefix + name, { start, end: Math.min(end, size - 1) })
      const bytes = read && (await readAll(read.body, size))
      if (bytes === undefined || read?.info.etag !== etag) {
        throw new Error(`${prefix + name} is not as this run has written it: run it again`)
      }
      return bytes
    },

    async has(pieces) {
      if (pieces.length === 0) return true
      const left = new Map(pieces.map((piece) => [prefix + piece.name, piece]))
      for await (const page of listPages(store, prefix)) {
        for (const { key, size, etag } of page) {
          const piece = left.get(key)
          // Not every service lists versions.
          const same = piece?.size === size && (etag ?? piece.etag) === piece.etag
          if (same) left.delete(key)
        }
      }
      return left.size === 0
    },

    async remove(but = []) {
      if (written === 0 && !others) return
      const kept = new Set(but.map(({ name }) => prefix + name))
      for await (const page of listPages(store, prefix)) {
        const keys = page.map(({ key }) => key).filter((key) => !kept.has(key))
        if (keys.length > 0) await store.delete(keys)
      }
    },
  }
}
