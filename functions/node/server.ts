/**
 * The Node server: the registry on one address.
 *
 * @module
 */

import type { Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '../compose/logger.ts'
import { openApp } from '../compose/open-app.ts'
import { serverPulls } from '../compose/pulls.ts'
import type { Settings } from '../compose/settings.ts'
import { timesOf } from '../registry/clean-up/terms.ts'
import { checkOpen, exposedBy } from './check-open.ts'
import { startCleanUps } from './clean-up.ts'
import { directNote } from './direct-note.ts'
import { finishingDeletes } from './finish-deletes.ts'
import { takeRequests } from './hand-over/take.ts'
import { handedOver } from './hand-over/work.ts'
import { createHealth } from './health.ts'
import { startHousekeeping } from './housekeeping.ts'
import { createServerOf } from './http-server.ts'
import { startKeeping } from './keep-fence.ts'
import { listen } from './listen.ts'
import type { Watched } from './metrics/listener.ts'
import type { Metrics } from './metrics/metrics.ts'
import { deleteNotes, startNotes } from './notes.ts'
import { createPasswordThread } from './passwords.ts'
import { announcePresence } from './presence.ts'
import { startWritingPulls } from './pulls.ts'
import { openTls } from './tls/tls.ts'
import { watchFence } from './watch-fence.ts'

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

/** What is loaded only where somebody watches. */
const openMetrics = async (settings: Settings): Promise<Metrics | undefined> =>
  settings.metrics && (await import('./metrics/metrics.ts')).createMetrics()

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
  const exposed = exposedBy(settings)
  const onlyLocal = exposed === undefined
  const notes = await startNotes(settings, env)
  const logger = createLogger(settings)
  const tls = await openTls(settings, logger)
  const passwords = createPasswordThread()
  const pulls = serverPulls(settings)
  const deletes = finishingDeletes(settings['undelete-days'], logger)
  const health = createHealth(logger)
  const metrics = await openMetrics(settings)
  const opened = await openApp(settings, env, {
    logger,
    isReady: health.isReady,
    watch: metrics,
    pulled: pulls?.pulled,
    authorities: tls?.authorities,
    redirectHeads: false,
    verifyPassword: passwords.verify,
    onlyLocal,
    remains: deletes.look,
    directIfNecessary: true,
  })
  await opened.warmUp()
  const { app, store } = opened
  const { open, setUp } = await checkOpen(settings, exposed, opened.isSetUp)
  const { server, stop: stopRequests } = createServerOf(app, settings, { logger, tls })
  /** What else ends: when no new connections are taken any more, and when the last request has ended. */
  const [first, last]: [(() => void)[], (() => Promise<void>)[]] = [[], [passwords.close]]
  let watched: Watched | undefined
  const stop = async (): Promise<void> => {
    health.stop()
    // Balancers see that it is not ready before connections are refused.
    await sleep(settings['stop-delay'] * 1000)
    for (const end of first) end()
    await stopRequests()
    for (const end of last) await end()
  }
  if (settings.metrics && metrics) {
    metrics.requests(server)
    const { startWatchListener } = await import('./metrics/listener.ts')
    watched = await startWatchListener(settings.metrics, {
      metrics,
      store,
      isReady: () => health.isReady(store),
      uploadMemory: () => opened.memory.used,
    })
    // To the end: it is asked how the stop goes.
    last.push(watched.stop)
  }
  await listen(server, settings.listen)
  const url = urlOf(settings, server.address() as AddressInfo)
  listening(stop)
  if (tls) first.push(tls.follow(server as TlsServer))
  if (!settings['read-only']) {
    first.push(startHousekeeping(store, logger, settings['undelete-days']))
    first.push(watchFence(opened.lookForFence, logger))
    first.push(deletes.start(store))
  }
  if (pulls) last.push(startWritingPulls(pulls.recorder, store, logger))
  const cannotUndo = await deleteNotes(settings, store)
  const presence = await announcePresence(settings)
  const times = timesOf(settings['gc-grace'], settings['undelete-days'])
  const cleanUps = { times, logger, audit: opened.audit, ended: metrics?.cleanedUp }
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
  return {
    url,
    metricsUrl: watched?.url,
    open,
    setUp,
    notes: [
      ...notes,
      ...cannotUndo,
      ...presence.notes,
      ...(await directNote(settings, opened.storeHost)),
      ...(await opened.policyNotes()),
    ],
    reload: async () => tls?.reload(),
    stop,
  }
}
