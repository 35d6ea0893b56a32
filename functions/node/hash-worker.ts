/**
 * Computes hashes in a thread of its own; see hash-thread.ts, which starts it.
 *
 * @module
 */

import { parentPort } from 'node:worker_threads'
import type { Algorithm } from '../registry/reference.ts'
import {
  fastHash,
  type Hashes,
  type RunningHash,
  resumableHash,
  resumeHash,
} from '../registry/uploads/hash.ts'
import type { HashState } from '../registry/uploads/state.ts'
import { release } from '../storage/bytes.ts'

/** What is asked of the thread, about the hash of a number; in the order in which it is sent. */
export type Order = { readonly id: number } & (
  | { readonly begin: 'fast' | 'resumable'; readonly algorithms: readonly Algorithm[] }
  | { readonly resume: HashState | undefined }
  | { readonly chunks: readonly Uint8Array[] }
  | { readonly end: 'save' | 'finish' }
  | { readonly drop: true }
)

/** What it says: that it has begun, that it has taken bytes, or the result. */
export type Reply = { readonly id: number } & (
  | { readonly begun: boolean }
  | { readonly taken: number }
  | { readonly result: HashState | Hashes }
)

const running = new Map<number, RunningHash>()

const begin = async (order: Order): Promise<RunningHash | undefined> => {
  if ('resume' in order) return resumeHash(order.resume)
  if (!('begin' in order)) return undefined
  const { algorithms } = order
  return order.begin === 'fast' ? fastHash(algorithms) : resumableHash(algorithms)
}

const take = (hash: RunningHash, chunks: readonly Uint8Array[]): number => {
  let taken = 0
  for (const chunk of chunks) {
    taken += chunk.byteLength
    hash.update(chunk)
    release(chunk)
  }
  return taken
}

const carryOut = async (order: Order): Promise<void> => {
  const { id } = order
  const hash = running.get(id)
  const reply = (said: Reply): void => parentPort?.postMessage(said)
  if ('drop' in order) running.delete(id)
  else if (hash === undefined) {
    const begun = await begin(order)
    if (begun !== undefined) running.set(id, begun)
    reply({ id, begun: begun !== undefined })
  } else if ('chunks' in order) reply({ id, taken: take(hash, order.chunks) })
  else if ('end' in order) {
    running.delete(id)
    reply({ id, result: await hash[order.end]() })
  }
}

let queue = Promise.resolve()
parentPort?.on('message', (order: Order) => {
  // What throws here ends the thread, which is told to all who wait for it.
  queue = queue.then(() => carryOut(order))
})
