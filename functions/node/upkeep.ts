/**
 * What a server does beside requests, in one process however many answer them: it says that it is there, keeps house,
 * and cleans up.
 *
 * @module
 */

import { hostname } from 'node:os'
import type { RequestLogger } from '../api/env.ts'
import type { OpenApp } from '../compose/open-app.ts'
import type { Settings } from '../compose/settings.ts'
import { timesOf } from '../registry/clean-up/terms.ts'
import { startCleanUps } from './clean-up.ts'
import type { Ends } from './ends.ts'
import type { SendingEvents } from './events.ts'
import type { FinishingDeletes } from './finish-deletes.ts'
import { takeRequests } from './hand-over/take.ts'
import { handedOver } from './hand-over/work.ts'
import { startHousekeeping } from './housekeeping.ts'
import { startKeeping } from './keep-fence.ts'
import type { Metrics } from './metrics/metrics.ts'
import { deleteNotes } from './notes.ts'
import { announcePresence } from './presence.ts'

/** What it needs. */
export interface UpkeepOptions extends Pick<OpenApp, 'store' | 'audit'> {
  readonly settings: Settings
  readonly logger: RequestLogger
  readonly metrics: Metrics | undefined
  readonly deletes: FinishingDeletes
  readonly events: SendingEvents
  readonly ends: Ends
  /** Where the server listens, as clients name it. */
  readonly url: string
}

/** Starts it. @returns what the person who started the server should know */
export const startUpkeep = async ({
  settings,
  store,
  audit,
  logger,
  metrics,
  deletes,
  events,
  ends: { first, last },
  url,
}: UpkeepOptions): Promise<readonly string[]> => {
  if (!settings['read-only']) {
    first.push(startHousekeeping(store, logger, settings['undelete-days']))
    first.push(deletes.start(store))
    last.push(events.start(store, { publicUrl: settings['public-url'], url }))
  }
  const cannotUndo = await deleteNotes(settings, store)
  const presence = await announcePresence(settings)
  const times = timesOf(settings['gc-grace'], settings['undelete-days'])
  const cleanUps = { times, logger, audit, ended: metrics?.cleanedUp }
  // On files one process collects at a time.
  if (settings.gc && !settings['read-only'] && presence.notes.length === 0) {
    first.push(startCleanUps(store, cleanUps))
    if (settings.store.kind !== 'file')
      last.push(startKeeping(store, `${url} on ${hostname()}`, logger))
  }
  if (presence.alone !== undefined) {
    const work = handedOver(store, settings.gc, cleanUps)
    const end = await takeRequests(presence.alone, { logger, work })
    first.push(() => void end())
    last.push(end)
  }
  last.push(presence.end)
  return [...cannotUndo, ...presence.notes]
}
