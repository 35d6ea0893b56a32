/**
 * A server goes on with deletes of whole repositories: at once with its own, and with those that others have left soon
 * after its start and daily.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import { finishDeletes } from '../compose/clean-up.ts'
import { timesOf } from '../registry/clean-up/terms.ts'
import type { ObjectStore } from '../storage/store.ts'

const MINUTE = 60_000
/** After a failure, and where something has to be looked at again. */
const AGAIN = 10 * MINUTE
const DAILY = 24 * 60 * MINUTE

/** What goes on with deletes. */
export interface FinishingDeletes {
  /** Looks now, or when it has ended what it does. Takes no time. */
  look(): void
  /** Looks soon. It does not keep the process alive. @returns a function that stops it, soon also in the middle */
  start(store: ObjectStore): () => void
}

/** @param undeleteDays days for which deletes can be undone */
export const finishingDeletes = (undeleteDays: number, logger: RequestLogger): FinishingDeletes => {
  const times = timesOf(0, undeleteDays)
  let opened: ObjectStore | undefined
  let timer: NodeJS.Timeout | undefined
  let [running, asked] = [false, false]

  const work = async (store: ObjectStore): Promise<number> => {
    try {
      const finished = await finishDeletes(store, { times, logger }, () => opened === undefined)
      return finished ? DAILY : AGAIN
    } catch (error) {
      logger.warn({ err: error }, 'the delete of a whole repository does not go on')
      return AGAIN
    }
  }
  const run = async (): Promise<void> => {
    if (running || opened === undefined) return
    running = true
    let wait: number
    do {
      asked = false
      wait = await work(opened)
    } while (asked && opened !== undefined)
    running = false
    plan(wait)
  }
  const plan = (wait: number): void => {
    clearTimeout(timer)
    if (opened !== undefined) timer = setTimeout(run, wait).unref()
  }
  return {
    look() {
      asked = true
      void run()
    },
    start(store) {
      opened = store
      plan(MINUTE)
      return () => {
        opened = undefined
        clearTimeout(timer)
      }
    },
  }
}
