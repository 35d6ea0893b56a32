/**
 * Small files are written by a thread of its own. For each there are some twenty calls of the system, most of which take
 * a microsecond or two; to have one of Node's own threads do each takes ten times as long, most of it in the thread that
 * serves requests. Only flushes, which wait for the disk, are left to those.
 *
 * @module
 */

import { Worker } from 'node:worker_threads'
import { type NewFiles, newFiles, nextStamp } from '../disk.ts'
import type { Order, Reply } from './worker.ts'

/** The worker's code as one script, where everything is bundled into one file; see packaging/bundle.ts. */
declare const SLIPWAY_DISK_WORKER: string | undefined

/** Files after which a process is one that goes on writing, for which it is worth to start a thread. */
const MANY = 100

/** Most bytes of a file that is small: they are copied on their way. */
const SMALL = 128 * 1024

/** What the thread is asked for at once: each takes some of its memory, which ends at some 6000, and the thread with it. */
const MOST = 1000

const startWorker = (): Worker => {
  const options = {
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    // What the process was started with may be for its own code alone.
    execArgv: [],
  }
  return typeof SLIPWAY_DISK_WORKER === 'string'
    ? new Worker(SLIPWAY_DISK_WORKER, { ...options, eval: true })
    : new Worker(new URL('./worker.ts', import.meta.url), options)
}

/**
 * New files by way of the thread, for those of up to 128 KiB, once there have been many and it has started. It ends with the
 * process, which it keeps alive only while something is written. What is beyond its strength is written without it. If it
 * fails, so does what it was to write, and everything is written without it from then on.
 */
export const newFilesByThread = (start: () => Worker = startWorker, many = MANY): NewFiles => {
  const waiting = new Map<number, PromiseWithResolvers<string | undefined>>()
  let worker: Worker | undefined
  let [next, written] = [0, 0]

  const heard = (thread: Worker, reply: Reply): void => {
    if (reply === 'started') {
      worker = thread
      return
    }
    const asked = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (waiting.size === 0) thread.unref()
    if ('failure' in reply) {
      const { message, ...rest } = reply.failure
      asked?.reject(Object.assign(new Error(message), rest))
    } else asked?.resolve(reply.etag)
  }

  const failed = (cause: unknown): void => {
    worker = undefined
    for (const { reject } of waiting.values()) {
      reject(new Error('the thread that writes files has ended', { cause }))
    }
    waiting.clear()
  }

  const startThread = (): void => {
    let thread: Worker
    try {
      thread = start()
    } catch {
      // There may be no room for one, as where processes are bounded.
      return
    }
    thread.on('message', (reply: Reply) => heard(thread, reply))
    thread.on('error', failed).on('exit', failed).unref()
  }

  const free = (): Worker | undefined => (waiting.size < MOST ? worker : undefined)

  const ask = (
    thread: Worker,
    order: Order,
    moved: ArrayBuffer[] = [],
  ): Promise<string | undefined> => {
    if (waiting.size === 0) thread.ref()
    const id = next++
    const asked = Promise.withResolvers<string | undefined>()
    waiting.set(id, asked)
    thread.postMessage({ id, ...order }, moved)
    return asked.promise
  }

  return {
    async write(path, bytes, mode) {
      written += 1
      if (written === many) startThread()
      const thread = free()
      if (thread === undefined || bytes.byteLength > SMALL) return newFiles.write(path, bytes, mode)
      // Of an array, `from` takes five times as long.
      const copy = new Uint8Array(bytes)
      const etag = await ask(thread, { write: [path, copy, mode, nextStamp()] }, [copy.buffer])
      return etag as string
    },
    async place(tree, from, to, inTime) {
      const thread = free()
      if (thread === undefined) return newFiles.place(tree, from, to, inTime)
      inTime()
      await ask(thread, { place: [tree, from, to] })
      return true
    },
  }
}
