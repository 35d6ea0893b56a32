/**
 * Comparisons and hashes of passwords outside the thread that serves requests: bcrypt takes 60 ms and more each,
 * and anyone can have passwords compared.
 *
 * @module
 */

import { Worker } from 'node:worker_threads'
import type { VerifyPassword } from '../auth/accounts/bcrypt.ts'
import type { Question, Reply } from './password-worker.ts'

/** The worker's code as one script, where everything is bundled into one file; see packaging/bundle.ts. */
declare const SLIPWAY_PASSWORD_WORKER: string | undefined

const startWorker = (): Worker => {
  const limits = { resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 } }
  const worker =
    typeof SLIPWAY_PASSWORD_WORKER === 'string'
      ? new Worker(SLIPWAY_PASSWORD_WORKER, { ...limits, eval: true })
      : new Worker(new URL('./password-worker.ts', import.meta.url), limits)
  // It ends with the process, and does not keep it alive.
  worker.unref()
  return worker
}

/** A thread that compares passwords, and hashes new ones. */
export interface PasswordThread {
  readonly verify: VerifyPassword
  /** Hashes a new password that can be used. */
  readonly hash: (password: string) => Promise<string>
  /** Ends the thread; comparisons under way fail. */
  close(): Promise<void>
}

type Waiting = PromiseWithResolvers<boolean | string>

/** Creates the thread. It starts with the first comparison, and again with the next if it has failed. */
export const createPasswordThread = (start: () => Worker = startWorker): PasswordThread => {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let next = 0

  const started = (): Worker => {
    if (worker !== undefined) return worker
    const mine = start()
    const failed = (cause: unknown): void => {
      // Its end comes after its failure, when another may have started: what that was asked is not lost.
      if (worker !== mine) return
      worker = undefined
      for (const { reject } of waiting.values()) {
        reject(new Error('the thread that compares passwords has ended', { cause }))
      }
      waiting.clear()
    }
    mine.on('message', (reply: Reply) => {
      const asked = waiting.get(reply.id)
      waiting.delete(reply.id)
      if ('result' in reply) asked?.resolve(reply.result)
      else asked?.reject(reply.error)
    })
    mine.on('error', failed)
    mine.on('exit', failed)
    worker = mine
    return mine
  }

  const ask = (question: Omit<Question, 'id'>): Promise<boolean | string> => {
    const asked: Waiting = Promise.withResolvers()
    const id = next++
    const thread = started()
    waiting.set(id, asked)
    thread.postMessage({ id, ...question })
    return asked.promise
  }

  return {
    verify: async (password, hash) => (await ask({ password, hash })) === true,
    hash: async (password) => String(await ask({ password })),
    async close() {
      await worker?.terminate()
    },
  }
}
