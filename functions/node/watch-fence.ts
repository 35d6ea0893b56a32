/**
 * A server looks from time to time whether a clean-up may run on its store, however it was started.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import { LOOK_AGAIN } from '../registry/clean-up/fence.ts'

/**
 * Looks every {@link LOOK_AGAIN}. It does not keep the process alive.
 *
 * @param look see `OpenApp.lookForFence`
 * @returns a function that stops it
 */
export const watchFence = (look: () => Promise<void>, logger: RequestLogger): (() => void) => {
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      logger.warn({ err: error }, 'not known whether a clean-up may run')
    })
  }, LOOK_AGAIN).unref()
  return () => clearInterval(timer)
}
