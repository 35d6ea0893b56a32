/**
 * The Node server: the registry on one address.
 *
 * @module
 */

import type { AddressInfo } from 'node:net'
import { openLog } from '../compose/open-log.ts'
import type { Settings } from '../compose/settings.ts'
import { answerHere } from './answering.ts'
import { checkFirstApi, checkOpen, exposedBy } from './check-open.ts'
import { directNote } from './direct-note.ts'
import { createEnds, endServer } from './ends.ts'
import { sendingEvents } from './events.ts'
import { finishingDeletes } from './finish-deletes.ts'
import type { Watched } from './metrics/listener.ts'
import { startNotes } from './notes.ts'
import { startUpkeep } from './upkeep.ts'

/** A server that is listening. */
export interface RunningServer {
  /** Where it listens, as clients name it: `http://127.0.0.1:5000`. */
  readonly url: string
  /** Whether anyone may do anything, as of the start. */
  readonly open: boolean
  /** Whether there were accounts or a policy at the start. */
  readonly setUp: boolean
  /** What the person who started it should know, a sentence or two each. */
  readonly notes: readonly string[]
  /** Where metrics are, as in {@link url}; undefined without `--metrics`. */
  readonly metricsUrl: string | undefined
  /** Looks now whether the files of certificates have changed, as it does every ten seconds. */
  reload(): Promise<void>
  /**
   * Says that it is not ready, and after the delay that is set takes no new connections. Waits for the requests under
   * way, up to the time that is set.
   */
  stop(): Promise<void>
}

const urlOf = (settings: Settings, { address, family, port }: AddressInfo): string => {
  const scheme = settings['tls-cert'] === undefined ? 'http' : 'https'
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

/** Workers are loaded only where there are any. */
const answererOf = async ({ workers }: Settings): Promise<typeof answerHere> =>
  workers === 1 ? answerHere : (await import('./workers/main.ts')).answerByWorkers

/**
 * Opens the store and serves the registry from it.
 *
 * @param listening called as soon as it listens, with what stops it: requests may be under way before the
 *   promise is fulfilled
 * @throws SettingsError, StoreError, StartError
 */
export const startServer = async (
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  listening: (stop: RunningServer['stop']) => void = () => {},
): Promise<RunningServer> => {
  checkFirstApi(settings)
  const exposed = exposedBy(settings)
  const onlyLocal = exposed === undefined
  const notes = await startNotes(settings, env)
  const { logger, traces } = await openLog(settings, env)
  const ends = createEnds()
  const deletes = finishingDeletes(settings['undelete-days'], logger)
  const events = sendingEvents(env, logger)
  const remains = deletes.look
  const answer = await answererOf(settings)
  const eventRecorded = events.wake
  const told = { remains, eventRecorded, pullEvents: events.pulls }
  const parts = { settings, env, logger, traces, onlyLocal, ...told, ends }
  const answering = await answer(parts)
  const { opened, metrics } = answering
  const { open, setUp } = await checkOpen(settings, exposed, opened.isSetUp)
  let watched: Watched | undefined
  if (settings.metrics && answering.watched) {
    const { startWatchListener } = await import('./metrics/listener.ts')
    const { store } = opened
    watched = await startWatchListener(settings.metrics, { ...answering.watched, store })
    // To the end: it is asked how the stop goes.
    ends.last.push(watched.stop)
  }
  const url = urlOf(settings, await answering.listen())
  const stop = () => endServer(ends, answering, settings['stop-delay'])
  listening(stop)
  const { store, audit } = opened
  const ofUpkeep = { settings, store, audit, logger, metrics, deletes, events, ends, url }
  const upkeepNotes = await startUpkeep(ofUpkeep)
  return {
    url,
    metricsUrl: watched?.url,
    open,
    setUp,
    notes: [
      ...notes,
      ...upkeepNotes,
      ...(await directNote(settings, opened.storeHost)),
      ...(await opened.policyNotes()),
    ],
    reload: answering.reload,
    stop,
  }
}
