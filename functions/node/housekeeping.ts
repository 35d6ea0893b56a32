/**
 * What a server does unasked: clears stale uploads away, soon after its start and then daily.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import { expireUploads } from '../registry/uploads/expire.ts'
import type { ObjectStore } from '../storage/store.ts'

const DAY = 24 * 60 * 60 * 1000
/** Servers that start together should not list together. */
const FIRST_WITHIN = 10 * 60 * 1000

/**
 * Begins housekeeping. It keeps no process alive, and a failure waits for the next day.
 *
 * @returns a function that ends it
 */
export const startHousekeeping = (store: ObjectStore, logger: RequestLogger): (() => void) => {
  let timer: NodeJS.Timeout
  const run = async () => {
    try {
      const expired = await expireUploads(store, Date.now())
      if (expired.objects + expired.multiparts > 0) logger.info(expired, 'stale uploads cleared')
    } catch (error) {
      logger.warn({ err: error }, 'stale uploads not cleared')
    }
    plan(DAY)
  }
  const plan = (delay: number) => {
    timer = setTimeout(run, delay).unref()
  }
  plan(Math.random() * FIRST_WITHIN)
  return () => clearTimeout(timer)
}
