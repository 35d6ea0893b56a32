/**
 * A server with `gc` on cleans up: for the first time some minutes after its start, and then daily. Of
 * several servers on one store, one does each time.
 *
 * @module
 */

import { type CleanUpOptions, cleanUp } from '../compose/clean-up.ts'
import { INEXACT } from '../registry/clean-up/ready.ts'
import type { ObjectStore } from '../storage/store.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** After the rest of the housekeeping, and not when clients wait for what a server does first. */
const FIRST_AFTER = 20 * MINUTE
/** Random, so that servers which start together do not read the store together. */
const SPREAD = 20 * MINUTE

/**
 * Starts clean-ups, unless the store takes none beside requests. They do not keep the process alive. After
 * a failure the next one is a day later.
 *
 * @returns a function that stops them, soon also one that goes on
 */
export const startCleanUps = (store: ObjectStore, options: CleanUpOptions): (() => void) => {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const run = async (): Promise<void> => {
    try {
      await cleanUp(store, options, () => stopped)
    } catch (error) {
      options.logger.error({ err: error }, 'the clean-up has failed; the next one goes on')
    }
    if (!stopped) plan(DAY)
  }
  const plan = (delay: number): void => {
    timer = setTimeout(run, delay).unref()
  }
  const begin = async (): Promise<void> => {
    // A store that does not say now is asked again in each run.
    const exact = await store.deletesExactly().catch(() => true)
    if (!exact) options.logger.warn({ why: INEXACT }, 'no clean-up by this server')
    else if (!stopped) plan(FIRST_AFTER + Math.random() * SPREAD)
  }
  void begin()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
