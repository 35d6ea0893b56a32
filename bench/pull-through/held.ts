/**
 * The process of an upstream that is held to a rate, from outside.
 *
 * @module
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Held } from './upstream.ts'

/** An upstream at work. */
export interface HeldUpstream {
  /** `host:port`, plain HTTP. */
  readonly address: string
  /** What it was asked since the last time, as `GET /v2/`. */
  asked(): Promise<readonly string[]>
  close(): void
}

/** Starts one. */
export const startHeld = async (held: Held): Promise<HeldUpstream> => {
  const child = fork(join(import.meta.dirname, 'upstream.ts'), { serialization: 'advanced' })
  const ask = async <T>(message: Held | 'asked'): Promise<T> => {
    const answered = once(child, 'message')
    child.send(message)
    return (await answered)[0] as T
  }
  const port = await ask<number>(held)
  return {
    address: `127.0.0.1:${port}`,
    asked: () => ask('asked'),
    close: () => void child.kill(),
  }
}
