/**
 * Compares passwords in a thread of its own; see passwords.ts, which starts it.
 *
 * @module
 */

import { parentPort } from 'node:worker_threads'
import { verifyPassword } from '../auth/accounts/bcrypt.ts'

/** A comparison that is asked for. */
export interface Question {
  readonly id: number
  readonly password: string
  readonly hash: string
}

/** Its result, or why there is none. */
export type Reply =
  | { readonly id: number; readonly right: boolean }
  | { readonly id: number; readonly error: unknown }

parentPort?.on('message', async ({ id, password, hash }: Question) => {
  const reply = await verifyPassword(password, hash).then(
    (right): Reply => ({ id, right }),
    (error: unknown): Reply => ({ id, error }),
  )
  parentPort?.postMessage(reply)
})
