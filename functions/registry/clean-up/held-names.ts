/**
 * The repositories in which a walk has listed a manifest or a tag, in little memory: a number each.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Spilled } from './spilled.ts'

/** Whether the walk has listed a manifest or a tag of a repository. */
export type Holds = (repository: string) => boolean

/** Bytes of a hash: of a million names two have the same one in one of 500 stores, and then a mark stays. */
const HASH = 6

const hashOf = (name: string | Uint8Array): number =>
  createHash('sha256').update(name).digest().readUIntBE(0, HASH)

const readHashes = async (names: Spilled): Promise<Float64Array> => {
  const hashes = new Float64Array(names.count)
  let at = 0
  for await (const name of names.read()) hashes[at++] = hashOf(name)
  return hashes.sort()
}

const has = (sorted: Float64Array, hash: number): boolean => {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < hash) low = middle + 1
    else high = middle
  }
  return sorted[low] === hash
}

/**
 * Reads them.
 *
 * @param names of all repositories
 * @param bare of those that have neither
 */
export const readHolds = async (names: Spilled, bare: Spilled): Promise<Holds> => {
  const [all, without] = [await readHashes(names), await readHashes(bare)]
  return (repository) => {
    const hash = hashOf(repository)
    return has(all, hash) && !has(without, hash)
  }
}
