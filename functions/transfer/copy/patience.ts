/**
 * Attempts that servers and networks need.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { BusyError, RefusedError, TransferError } from '../errors.ts'
import type { Deliver } from '../sender.ts'

const ATTEMPTS = 6
/** Longest wait before an attempt, in milliseconds, where the server says nothing. */
const LONGEST = 8_000
/** Longest that a server is waited for because it says so, in milliseconds. */
const LONGEST_ASKED = 120_000
/** Statuses that may be others next time. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
/** What becomes of connections. */
const NETWORK =
  /^(?:ECONN(?:RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|ERR_STREAM_PREMATURE_CLOSE)$/

/** Whether another attempt may end otherwise. */
export const isPassing = (error: unknown): boolean => {
  if (error instanceof RefusedError) return PASSING.has(error.status)
  if (error instanceof TransferError || !(error instanceof Error)) return false
  return 'code' in error && NETWORK.test(String(error.code))
}

/** What waits are made with. */
export interface Patience {
  /** Is told of a wait that a server asks for, and of attempts that failed. */
  readonly waiting: (error: unknown, milliseconds: number) => void
  readonly sleep?: (milliseconds: number) => Promise<unknown>
}

/** Milliseconds until the next attempt. @throws the error where that is not worth waiting for */
export const waitAfter = (error: unknown, attempt: number): number => {
  if (!isPassing(error) || attempt >= ATTEMPTS) throw error
  const after = error instanceof RefusedError ? error.after : undefined
  if (after !== undefined && after > LONGEST_ASKED) {
    const seconds = Math.ceil(after / 1000)
    const { message } = error as Error
    const advice = `it asks to be left alone for ${seconds} s: try again then`
    throw new BusyError(`${message}; ${advice}`, after)
  }
  const own = Math.min(LONGEST, 200 * 2 ** attempt) * (0.5 + Math.random() / 2)
  return Math.max(own, after ?? 0)
}

/** Does something until it works, some times, as long as its failures are such that pass. */
export const patiently = async <T>(
  work: () => Promise<T>,
  { waiting, sleep: wait = sleep }: Patience,
): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const milliseconds = waitAfter(error, attempt)
      waiting(error, milliseconds)
      await wait(milliseconds)
    }
  }
}

/** Delivers until it works; bytes that have to be sent again are taken back. */
export const patientDeliver =
  (deliver: Deliver, patience: Patience): Deliver =>
  async (blob, delivery) => {
    let passed = 0
    const sent = (bytes: number): void => {
      passed += bytes
      delivery.sent(bytes)
    }
    return patiently(() => {
      if (passed !== 0) sent(-passed)
      return deliver(blob, { ...delivery, sent })
    }, patience)
  }
