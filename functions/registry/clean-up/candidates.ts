/**
 * Digests of which something is to be done, in little memory.
 *
 * @module
 */

import type { Digest } from '../reference.ts'
import type { DataState } from './data.ts'

/** Digest, whether it is linked and there, bytes, time. */
const ENTRY = 32 + 1 + 8 + 8
const LINKED = 1
const THERE = 2

/** What was found of a digest, without its marker. */
export type Candidate = Omit<DataState, 'stored'>

/** A list that only grows. */
export interface Candidates {
  readonly count: number
  push(candidate: Candidate): void
  at(index: number): Candidate
  /** All of it. */
  bytes(): Buffer
}

/** Opens a list. @param from what an earlier one gave as its bytes */
export const openCandidates = (from: Buffer = Buffer.alloc(0)): Candidates => {
  let buffer = from
  let count = from.byteLength / ENTRY
  return {
    get count() {
      return count
    },
    push({ digest, data, linked }) {
      const start = count * ENTRY
      if (start + ENTRY > buffer.byteLength) {
        const grown = Buffer.alloc(Math.max(64 * ENTRY, buffer.byteLength * 2))
        buffer.copy(grown)
        buffer = grown
      }
      buffer.write(digest.slice('sha256:'.length), start, 'hex')
      buffer[start + 32] = (linked ? LINKED : 0) | (data ? THERE : 0)
      buffer.writeDoubleBE(data?.size ?? 0, start + 33)
      buffer.writeDoubleBE(data?.modified.getTime() ?? 0, start + 41)
      count += 1
    },
    at(index) {
      const start = index * ENTRY
      const digest: Digest = `sha256:${buffer.toString('hex', start, start + 32)}`
      const flags = buffer[start + 32]!
      const size = buffer.readDoubleBE(start + 33)
      const modified = new Date(buffer.readDoubleBE(start + 41))
      const data = (flags & THERE) === 0 ? undefined : { size, modified }
      return { digest, linked: (flags & LINKED) !== 0, data }
    },
    bytes: () => buffer.subarray(0, count * ENTRY),
  }
}
