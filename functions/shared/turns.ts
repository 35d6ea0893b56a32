/**
 * Long computations in turns of milliseconds, and between them everything else that is ready. However many
 * there are at once, and however long they take, nobody else waits for more than a few turns.
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises'

/** A computation that can be interrupted at each `yield`, which should be after some microseconds. */
export type Steps<T> = Generator<undefined, T>

/** Milliseconds of a turn. */
const TURN = 5

/** Computes for a turn. @returns undefined when it is not done */
const turn = <T>(steps: Steps<T>): { readonly value: T } | undefined => {
  const end = performance.now() + TURN
  do {
    const step = steps.next()
    if (step.done) return step
  } while (performance.now() < end)
  return undefined
}

/** Milliseconds of first turns since the event loop last came round. */
let spent = 0

/** The first turn of a computation: all such take one turn of the event loop's together. */
const firstTurn = async <T>(steps: Steps<T>): Promise<{ readonly value: T } | undefined> => {
  while (spent >= TURN) await setImmediate()
  if (spent === 0) void setImmediate().then(() => (spent = 0))
  const began = performance.now()
  try {
    return turn(steps)
  } finally {
    spent += performance.now() - began
  }
}

/** The end of the long computation that is the last in the queue. */
let last: Promise<unknown> = Promise.resolve()

/**
 * Computes in turns. What is done within its first turn waits for no long computation; of these, one goes
 * on at a time.
 */
export const inTurns = async <T>(steps: Steps<T>): Promise<T> => {
  const short = await firstTurn(steps)
  if (short) return short.value
  const before = last
  const done = Promise.withResolvers<void>()
  last = done.promise
  try {
    await before
    for (;;) {
      await setImmediate()
      const result = turn(steps)
      if (result) return result.value
    }
  } finally {
    done.resolve()
  }
}

/** Computes in one turn, beside no other's: what takes milliseconds and cannot be interrupted. */
export const inOneTurn = <T>(compute: () => T): Promise<T> =>
  inTurns(
    // biome-ignore lint/correctness/useYield: one step
    (function* () {
      return compute()
    })(),
  )

/** Computes all at once. */
export const atOnce = <T>(steps: Steps<T>): T => {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
