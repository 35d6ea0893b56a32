/**
 * A server writes the pulls that it has noted, every minute and at its end.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import type { PullRecorder } from '../registry/pulls/recorder.ts'
import type { ObjectStore } from '../storage/store.ts'

const EVERY = 60_000
/** Milliseconds that the end of a server waits for the last ones. */
const LAST = 5000

/**
 * Starts writing: at once, since when pulls are recorded. It does not keep the process alive.
 *
 * @returns a function that writes what is left, and stops
 */
export const startWritingPulls = (
  { write }: Pick<PullRecorder, 'write'>,
  store: ObjectStore,
  logger: RequestLogger,
): (() => Promise<void>) => {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const attempt = async (): Promise<void> => {
    try {
      await write(store)
    } catch (error) {
      logger.warn({ err: error }, 'pulls not recorded yet')
    }
  }
  /** One after the other. */
  let running = attempt()
  const plan = (): void => {
    timer = setTimeout(() => {
      running = running.then(attempt)
      running.then(() => stopped || plan())
    }, EVERY).unref()
  }
  plan()
  return async () => {
    stopped = true
    clearTimeout(timer)
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST)
    })
    await Promise.race([running.then(attempt), late])
    clearTimeout(timer)
  }
}
