/**
 * Hashes of an upload's bytes as they pass.
 *
 * node:crypto is about eight times as fast as the WebAssembly hash but cannot save its state, so it
 * serves where one request carries the whole blob, and the other where chunks span requests.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { IHasher } from 'hash-wasm'
import type { ByteSource } from '../../storage/bytes.ts'
import { type Algorithm, CANONICAL } from '../reference.ts'
import type { HashState } from './state.ts'

/** Hex hashes by algorithm. */
export type Hashes = Partial<Record<Algorithm, string>>

/** A hash under way. */
export interface RunningHash {
  update(bytes: Uint8Array): void
  /** Finishes: what the next request may know. Call once, last. */
  save(): HashState
  /** Finishes: the hex hashes. Call once, last. */
  finish(): Hashes
}

/** Algorithms to run so that data can be kept under sha256 and the client's digest be checked. */
export const algorithmsFor = (algorithm: Algorithm): readonly Algorithm[] => [
  ...new Set([CANONICAL, algorithm]),
]

/** A fast hash whose state cannot be saved: of what it has seen, only the result can. */
export const fastHash = (algorithms: readonly Algorithm[]): RunningHash => {
  const running = algorithms.map((algorithm) => ({ algorithm, hash: createHash(algorithm) }))
  const finish = (): Hashes =>
    Object.fromEntries(running.map(({ algorithm, hash }) => [algorithm, hash.digest('hex')]))
  return {
    update: (bytes) => {
      for (const { hash } of running) hash.update(bytes)
    },
    save: () => ({ final: finish() }),
    finish,
  }
}

const create = async (algorithm: Algorithm): Promise<IHasher> => {
  // Loaded only where chunks span requests: a cold start should not read it.
  const { createSHA256, createSHA512 } = await import('./wasm.ts')
  return { sha256: createSHA256, sha512: createSHA512 }[algorithm]()
}

const running = (entries: readonly (readonly [Algorithm, IHasher])[]): RunningHash => ({
  update: (bytes) => {
    for (const [, hash] of entries) hash.update(bytes)
  },
  save: () => ({
    resumable: Object.fromEntries(
      entries.map(([algorithm, hash]) => [
        algorithm,
        Buffer.from(hash.save()).toString('base64url'),
      ]),
    ),
  }),
  finish: () => Object.fromEntries(entries.map(([algorithm, hash]) => [algorithm, hash.digest()])),
})

/** A hash that can be saved and resumed. */
export const resumableHash = async (algorithms: readonly Algorithm[]): Promise<RunningHash> =>
  running(
    await Promise.all(algorithms.map(async (each) => [each, (await create(each)).init()] as const)),
  )

/**
 * Continues the hashes that an earlier request saved.
 *
 * @returns undefined when none could be continued, or of this version: the bytes must be read back
 */
export const resumeHash = async (
  saved: HashState | undefined,
): Promise<RunningHash | undefined> => {
  if (saved === undefined || !('resumable' in saved)) return undefined
  try {
    const entries = Object.entries(saved.resumable) as [Algorithm, string][]
    return running(
      await Promise.all(
        entries.map(async ([algorithm, state]) => {
          const hash = await create(algorithm)
          return [algorithm, hash.load(Buffer.from(state, 'base64url'))] as const
        }),
      ),
    )
  } catch {
    return undefined
  }
}

/** Hashes a source whole. */
export const hashAll = async (
  source: ByteSource,
  algorithms: readonly Algorithm[],
): Promise<Hashes> => {
  const hash = fastHash(algorithms)
  for await (const chunk of source) hash.update(chunk)
  return hash.finish()
}
