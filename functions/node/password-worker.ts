/**
 * Compares and hashes passwords in a thread of its own; see passwords.ts, which starts it.
 *
 * @module
 */

import { parentPort } from 'node:worker_threads'
import { hashPassword, verifyPassword } from '../auth/accounts/bcrypt.ts'

/** A comparison that is asked for, or without `hash` the hash of a new password. */
export interface Question {
  readonly id: number
  readonly password: string
  readonly hash?: string
}

/** Its result, or why there is none. */
export type Reply =
  | { readonly id: number; readonly result: boolean | string }
  | { readonly id: number; readonly error: unknown }

parentPort?.on('message', async ({ id, password, hash }: Question) => {
  const work: Promise<boolean | string> =
    hash === undefined ? hashPassword(password) : verifyPassword(password, hash)
  const reply = await work.then(
    (result): Reply => ({ id, result }),
    (error: unknown): Reply => ({ id, error }),
  )
  parentPort?.postMessage(reply)
})
