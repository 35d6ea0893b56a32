/**
 * Writes small files in a thread of its own; see thread.ts, which starts it.
 *
 * @module
 */

import { parentPort } from 'node:worker_threads'
import { place, writeFlushed } from '../disk.ts'
import type { Tree } from '../paths.ts'
import { atOnce } from './at-once.ts'

/** What is asked of the thread. */
export type Order =
  | {
      readonly write: readonly [path: string, bytes: Uint8Array, mode: number, seconds: number]
    }
  | { readonly place: readonly [tree: Tree, from: string, to: string] }

/** What it says: that it has started, the version of the file that was written, nothing, or how it failed. */
export type Reply =
  | 'started'
  | { readonly id: number; readonly etag?: string }
  | { readonly id: number; readonly failure: Failure }

/** An error, whose code does not survive the way from a thread to another by itself. */
export interface Failure {
  readonly message: string
  readonly code?: unknown
  readonly path?: unknown
}

const carryOut = async (order: Order): Promise<string | undefined> => {
  if ('write' in order) return writeFlushed(...order.write, atOnce)
  const [tree, from, to] = order.place
  await place(tree, from, to, atOnce)
  await atOnce.unlink(from)
  return undefined
}

const failureOf = (error: unknown): Failure => {
  const { message, code, path } = error as NodeJS.ErrnoException
  return { message, code, path }
}

const reply = (said: Reply): void => parentPort?.postMessage(said)

parentPort?.on('message', async ({ id, ...order }: Order & { readonly id: number }) => {
  try {
    const etag = await carryOut(order as Order)
    reply(etag === undefined ? { id } : { id, etag })
  } catch (error) {
    reply({ id, failure: failureOf(error) })
  }
})
reply('started')
