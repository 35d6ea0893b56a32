/**
 * Hashes of an upload's bytes as they pass.
 *
 * node:crypto is about eight times as fast as the WebAssembly hash but cannot save its state. So it is
 * used where one request carries the whole blob, and WebAssembly where chunks span requests.
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

/** A running hash. */
export interface RunningHash {
  /** Takes bytes, and their memory: nobody may read them any more. */
  update(bytes: Uint8Array): void | Promise<void>
  /** Ends the hash with what the next request can use. Call it once, last. */
  save(): HashState | Promise<HashState>
  /** Ends the hash with its result in hex. Call it once, last. */
  finish(): Hashes | Promise<Hashes>
  /** Gives it up, if it has not ended. */
  drop?(): void
}

/** Where the hashes of uploads are computed. */
export interface Hashing {
  /** See {@link fastHash}. */
  fast(algorithms: readonly Algorithm[]): RunningHash
  /** See {@link resumableHash}. */
  resumable(algorithms: readonly Algorithm[]): Promise<RunningHash>
  /** See {@link resumeHash}. */
  resume(saved: HashState | undefined): Promise<RunningHash | undefined>
}

/** The algorithms needed to store data under sha256 and to check the client's digest. */
export const algorithmsFor = (algorithm: Algorithm): readonly Algorithm[] => [
  ...new Set([CANONICAL, algorithm]),
]

/** One that is computed here, at once. */
interface HashHere extends RunningHash {
  update(bytes: Uint8Array): void
  save(): HashState
  finish(): Hashes
}

/** A fast hash; only its result can be saved, not its state. */
export const fastHash = (algorithms: readonly Algorithm[]): HashHere => {
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
  // Loaded only when chunks span requests, to keep cold starts short.
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

/** A hash whose state can be saved and resumed. */
export const resumableHash = async (algorithms: readonly Algorithm[]): Promise<RunningHash> =>
  running(
    await Promise.all(algorithms.map(async (each) => [each, (await create(each)).init()] as const)),
  )

/**
 * Continues the hashes that an earlier request saved.
 *
 * @returns undefined when none can be continued by this version: the bytes must be read back
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

/** On the thread that receives the bytes. */
export const hashingHere: Hashing = {
  fast: fastHash,
  resumable: resumableHash,
  resume: resumeHash,
}

/** Bytes that take less time to hash than to hand to another thread. */
const SMALL = 256 * 1024

/** Where to compute the hash of a body, of this length if that is known. */
export const hashingOf = (hashing: Hashing, length: number | undefined): Hashing =>
  length !== undefined && length < SMALL ? hashingHere : hashing

/** The hashes of a whole source. */
export const hashAll = async (
  source: ByteSource,
  algorithms: readonly Algorithm[],
): Promise<Hashes> => {
  const hash = fastHash(algorithms)
  for await (const chunk of source) hash.update(chunk)
  return hash.finish()
}
