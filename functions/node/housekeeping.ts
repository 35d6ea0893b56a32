/**
 * Housekeeping of a server: it deletes stale uploads, notes of deletes that can no longer be undone, forgiven
 * log-ins, events of a month ago, and what killed processes have left in the store, soon after its start and then daily.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import { expireFailures } from '../auth/throttle/expire.ts'
import { EVENT_LIFE, EVENTS_PREFIX } from '../events/keys.ts'
import { expireDeletions } from '../registry/deleted/deletions.ts'
import { REFERRER_PAGES_PREFIX } from '../registry/layout.ts'
import { REFERRER_PAGE_LIFE } from '../registry/referrer-pages.ts'
import { expireUploads } from '../registry/uploads/expire.ts'
import { deleteOlder } from '../storage/pages.ts'
import type { ObjectStore } from '../storage/store.ts'

const DAY = 24 * 60 * 60 * 1000
/** Not at once, when clients wait for what a server does first. */
const FIRST_AFTER = 5 * 60 * 1000
/**
 * Milliseconds after which what a process has not touched is left over. Processes write for seconds; a
 * day covers clocks that differ, and copies between file systems.
 */
const SAFE_AGE = DAY
/** Random, so that servers which start together do not list the store together. */
const SPREAD = 10 * 60 * 1000

/**
 * Starts housekeeping. It does not keep the process alive. After a failure it tries again a day later.
 *
 * @param undeleteDays days for which deletes can be undone
 * @returns a function that stops it
 */
export const startHousekeeping = (
  store: ObjectStore,
  logger: RequestLogger,
  undeleteDays: number,
): (() => void) => {
  let timer: NodeJS.Timeout
  /** Whatever fails, the rest is done. */
  const attempt = async (work: () => Promise<void>, failure: string): Promise<void> => {
    try {
      await work()
    } catch (error) {
      logger.warn({ err: error }, failure)
    }
  }
  const sweep = () =>
    attempt(async () => {
      const leftovers = await store.sweep?.(new Date(Date.now() - SAFE_AGE))
      if (leftovers) logger.info({ leftovers }, 'leftovers of killed processes removed')
    }, 'leftovers of killed processes not removed')
  const run = async () => {
    await attempt(async () => {
      const expired = await expireUploads(store, Date.now())
      if (expired.objects + expired.multiparts > 0) logger.info(expired, 'stale uploads cleared')
    }, 'stale uploads not cleared')
    await attempt(async () => {
      const notes = await expireDeletions(store, new Date(Date.now() - undeleteDays * DAY))
      if (notes > 0) logger.info({ notes }, 'old notes of deletes removed')
    }, 'old notes of deletes not removed')
    await attempt(async () => {
      await expireFailures(store, Date.now())
    }, 'failed log-ins of days ago not cleared')
    await attempt(async () => {
      await deleteOlder(store, REFERRER_PAGES_PREFIX, new Date(Date.now() - REFERRER_PAGE_LIFE))
    }, 'old pages of referrers not removed')
    await attempt(async () => {
      await deleteOlder(store, EVENTS_PREFIX, new Date(Date.now() - EVENT_LIFE))
    }, 'old events not removed')
    await sweep()
    plan(DAY)
  }
  const plan = (delay: number) => {
    timer = setTimeout(run, delay).unref()
  }
  // At once: it looks into two directories that are almost empty.
  void sweep()
  plan(FIRST_AFTER + Math.random() * SPREAD)
  return () => clearTimeout(timer)
}
