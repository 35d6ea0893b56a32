/**
 * Digests of which something is to be done, in little memory.
 *
 * @module
 */

import type { Digest } from '../reference.ts'
import type { DataState } from './data.ts'
import type { Pieces } from './pieces.ts'
import { openSpilled, type SpilledPiece } from './spilled.ts'

/** Digest, whether it is linked and there, bytes, time. */
const ENTRY = 32 + 1 + 8 + 8
const LINKED = 1
const THERE = 2

/** What was found of a digest, without its marker. */
export type Candidate = Omit<DataState, 'stored'>

/** A list that only grows. */
export interface Candidates {
  readonly count: number
  push(candidate: Candidate): Promise<void>
  /** In order, from an index on. */
  read(from?: number): AsyncGenerator<Candidate>
  /** Writes down what is in memory. */
  save(): Promise<readonly SpilledPiece[]>
}

const encode = ({ digest, data, linked }: Candidate): Buffer => {
  const entry = Buffer.alloc(ENTRY)
  entry.write(digest.slice('sha256:'.length), 0, 'hex')
  entry[32] = (linked ? LINKED : 0) | (data ? THERE : 0)
  entry.writeDoubleBE(data?.size ?? 0, 33)
  entry.writeDoubleBE(data?.modified.getTime() ?? 0, 41)
  return entry
}

const decode = (entry: Buffer): Candidate => {
  const digest: Digest = `sha256:${entry.toString('hex', 0, 32)}`
  const flags = entry[32]!
  const size = entry.readDoubleBE(33)
  const modified = new Date(entry.readDoubleBE(41))
  const data = (flags & THERE) === 0 ? undefined : { size, modified }
  return { digest, linked: (flags & LINKED) !== 0, data }
}

/** Opens a list. @param saved what an earlier process has saved of it */
export const openCandidates = (pieces: Pieces, saved?: readonly SpilledPiece[]): Candidates => {
  const list = openSpilled(pieces, saved)
  return {
    get count() {
      return list.count
    },
    push: (candidate) => list.push(encode(candidate)),
    async *read(from) {
      for await (const entry of list.read(from)) yield decode(entry)
    },
    save: list.save,
  }
}
