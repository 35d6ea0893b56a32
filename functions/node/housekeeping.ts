/**
 * Housekeeping of a server: it deletes stale uploads, soon after its start and then daily.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import { expireUploads } from '../registry/uploads/expire.ts'
import type { ObjectStore } from '../storage/store.ts'

const DAY = 24 * 60 * 60 * 1000
/** Not at once, when clients wait for what a server does first. */
const FIRST_AFTER = 5 * 60 * 1000
/** Random, so that servers which start together do not list the store together. */
const SPREAD = 10 * 60 * 1000

/**
 * Starts housekeeping. It does not keep the process alive. After a failure it tries again a day later.
 *
 * @returns a function that stops it
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
  plan(FIRST_AFTER + Math.random() * SPREAD)
  return () => clearTimeout(timer)
}
