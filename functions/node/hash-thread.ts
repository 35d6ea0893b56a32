/**
 * Hashes of uploads outside the thread that serves requests, where there is a processor for it: that
 * thread receives bytes and sends them on meanwhile.
 *
 * @module
 */

import { Worker } from 'node:worker_threads'
import type { Hashes, Hashing, RunningHash } from '../registry/uploads/hash.ts'
import type { HashState } from '../registry/uploads/state.ts'
import type { Order, Reply } from './hash-worker.ts'

/** The worker's code as one script, where everything is bundled into one file; see packaging/bundle.ts. */
declare const SLIPWAY_HASH_WORKER: string | undefined

/** Bytes that go to the thread at once: each message takes some microseconds. */
const BATCH = 256 * 1024

/** Most bytes of one hash that are on their way to the thread; beyond that, its upload waits. */
const AHEAD = 1024 * 1024

const startWorker = (): Worker => {
  const worker =
    typeof SLIPWAY_HASH_WORKER === 'string'
      ? new Worker(SLIPWAY_HASH_WORKER, { eval: true })
      : new Worker(new URL('./hash-worker.ts', import.meta.url))
  // It ends with the process, and does not keep it alive.
  worker.unref()
  return worker
}

/** A hash in the thread, as the other side sees it. */
interface Remote {
  ahead: number
  readonly begun: PromiseWithResolvers<boolean>
  readonly result: PromiseWithResolvers<HashState | Hashes>
  wake: () => void
  failure?: Error
}

/**
 * The memory of a chunk if it has it alone, else a copy: a moved buffer takes all that is in it along. Moved once
 * more, since Node marks buffers of its own as none to be posted.
 */
const owned = (chunk: Uint8Array): Uint8Array<ArrayBuffer> => {
  const { buffer } = chunk
  const alone = buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength
  return alone && !buffer.resizable ? new Uint8Array(buffer.transfer()) : Uint8Array.from(chunk)
}

/** A thread that computes hashes. */
export interface HashThread {
  readonly hashing: Hashing
  /** Ends the thread; hashes under way fail. */
  close(): Promise<void>
}

/** Creates the thread. It starts with the first hash, and again with the next if it has failed. */
export const createHashThread = (start: () => Worker = startWorker): HashThread => {
  const remotes = new Map<number, Remote>()
  let worker: Worker | undefined
  let next = 0

  const heard = (reply: Reply): void => {
    const remote = remotes.get(reply.id)
    if (remote === undefined) return
    if ('begun' in reply) remote.begun.resolve(reply.begun)
    else if ('taken' in reply) {
      remote.ahead -= reply.taken
      remote.wake()
    } else {
      remotes.delete(reply.id)
      remote.result.resolve(reply.result)
    }
  }

  const started = (): Worker => {
    if (worker !== undefined) return worker
    const mine = start()
    const failed = (cause: unknown): void => {
      if (worker !== mine) return
      worker = undefined
      const failure = new Error('the thread that computes hashes has ended', { cause })
      for (const remote of remotes.values()) {
        remote.failure = failure
        remote.begun.reject(failure)
        remote.result.reject(failure)
        remote.wake()
      }
      remotes.clear()
    }
    mine.on('message', heard).on('error', failed).on('exit', failed)
    worker = mine
    return mine
  }

  const open = (order: (id: number) => Order): { begun: Promise<boolean>; hash: RunningHash } => {
    const id = next++
    const thread = started()
    const remote: Remote = {
      ahead: 0,
      begun: Promise.withResolvers(),
      result: Promise.withResolvers(),
      wake: () => {},
    }
    // Each failure is thrown where the next bytes or the result are awaited.
    remote.begun.promise.catch(() => {})
    remote.result.promise.catch(() => {})
    remotes.set(id, remote)
    thread.postMessage(order(id))
    let batch: Uint8Array<ArrayBuffer>[] = []
    let size = 0
    const send = (): void => {
      if (size === 0) return
      remote.ahead += size
      thread.postMessage(
        { id, chunks: batch } satisfies Order,
        batch.map(({ buffer }) => buffer),
      )
      batch = []
      size = 0
    }
    const end = async (how: 'save' | 'finish'): Promise<HashState | Hashes> => {
      send()
      thread.postMessage({ id, end: how } satisfies Order)
      return remote.result.promise
    }
    const hash: RunningHash = {
      async update(bytes) {
        const chunk = owned(bytes)
        batch.push(chunk)
        size += chunk.byteLength
        if (size < BATCH) return
        send()
        while (remote.ahead > AHEAD && remote.failure === undefined) {
          await new Promise<void>((resolve) => {
            remote.wake = resolve
          })
        }
        if (remote.failure !== undefined) throw remote.failure
      },
      save: () => end('save') as Promise<HashState>,
      finish: () => end('finish') as Promise<Hashes>,
      drop() {
        if (remotes.delete(id)) thread.postMessage({ id, drop: true } satisfies Order)
      },
    }
    return { begun: remote.begun.promise, hash }
  }

  return {
    hashing: {
      fast: (algorithms) => open((id) => ({ id, begin: 'fast', algorithms })).hash,
      resumable: async (algorithms) => open((id) => ({ id, begin: 'resumable', algorithms })).hash,
      async resume(saved) {
        if (saved === undefined || !('resumable' in saved)) return undefined
        const { begun, hash } = open((id) => ({ id, resume: saved }))
        if (await begun) return hash
        hash.drop?.()
        return undefined
      },
    },
    async close() {
      await worker?.terminate()
    },
  }
}
