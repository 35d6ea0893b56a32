/**
 * What answers the requests of a server, in one process: the app on a listener, and what goes with it.
 *
 * @module
 */

import type { Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Logger } from '../compose/logger.ts'
import { type HostOptions, type OpenApp, openApp } from '../compose/open-app.ts'
import { openUpstreams } from '../compose/open-upstreams.ts'
import { serverPulls } from '../compose/pulls.ts'
import type { Settings } from '../compose/settings.ts'
import type { Traces } from '../traces/traces.ts'
import type { Ends, Stoppable } from './ends.ts'
import type { CountedPullEvents } from './events.ts'
import { createFetching } from './fetching.ts'
import { createHealth } from './health.ts'
import { createServerOf } from './http-server.ts'
import { listen } from './listen.ts'
import type { WatchOptions } from './metrics/listener.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { Values } from './metrics/sum.ts'
import { createPasswordThread } from './passwords.ts'
import { startWritingPulls } from './pulls.ts'
import { openTls } from './tls/tls.ts'
import { watchFence } from './watch-fence.ts'

/** What answers the requests of a server. */
export interface Answering extends Stoppable {
  /** The app, or one like it in another process. */
  readonly opened: OpenApp
  /** What this process counts; undefined where nobody watches. */
  readonly metrics: Metrics | undefined
  /** What watchers are told. */
  readonly watched: Pick<WatchOptions, 'metrics' | 'isReady'> | undefined
  /** What this process has counted, to be added to what others have. */
  readonly counted: () => Promise<Values | undefined>
  /** Listens, and answers from then on. @throws StartError */
  listen(): Promise<AddressInfo>
  /** Looks now whether the files of certificates have changed. */
  reload(): Promise<void>
}

/** What it needs. */
export interface AnsweringOptions {
  readonly settings: Settings
  readonly env: Readonly<Record<string, string | undefined>>
  readonly logger: Logger
  readonly traces: Traces | undefined
  /** Whether only this machine can reach it. */
  readonly onlyLocal: boolean
  /** Is told that the delete of a whole repository is not done yet. */
  readonly remains: () => void
  /** Is told that an event waits to be sent. */
  readonly eventRecorded: () => void
  readonly pullEvents: CountedPullEvents
  readonly ends: Ends
  /** What the workers of a server do together. Default: this process is the only one. */
  readonly shared?: Required<Pick<HostOptions, 'verifyPassword' | 'attempt' | 'linkChanged'>>
}

/** What is loaded only where somebody watches. */
export const openMetrics = async (settings: Settings): Promise<Metrics | undefined> =>
  settings.metrics && (await import('./metrics/metrics.ts')).createMetrics()

/** Milliseconds between looks for upstreams; their document is read again less often. */
const LOOK_FOR_UPSTREAMS = 5_000

/**
 * Answers requests in this process. It does not listen yet.
 *
 * @throws SettingsError, StoreError
 */
export const answerHere = async ({
  settings,
  env,
  logger,
  traces,
  onlyLocal,
  remains,
  eventRecorded,
  pullEvents,
  ends,
  shared,
}: AnsweringOptions): Promise<Answering> => {
  const tls = await openTls(settings, logger)
  const passwords = createPasswordThread()
  ends.last.push(passwords.close)
  const pulls = serverPulls(settings)
  const health = createHealth(logger)
  const metrics = await openMetrics(settings)
  if (metrics) pullEvents.dropped = metrics.eventDropped
  const fetching = createFetching()
  ends.last.push(fetching.end)
  const opened = await openApp(settings, env, {
    logger,
    openUpstreams: (parts) =>
      openUpstreams({ ...parts, fetching, watch: metrics?.upstreams ?? parts.watch }),
    isReady: health.isReady,
    watch: metrics,
    traces,
    pulled: pulls?.pulled,
    pullEvents,
    authorities: tls?.authorities,
    redirectHeads: false,
    verifyPassword: passwords.verify,
    hashPassword: passwords.hash,
    adminApi: true,
    page: true,
    ...shared,
    onlyLocal,
    remains,
    eventRecorded,
    directIfNecessary: true,
  })
  await opened.warmUp()
  const { app, store } = opened
  const { server, stop } = createServerOf(app, settings, { logger, tls })
  metrics?.requests(server)
  const isReady = () => health.isReady(store)
  const readings = { isReady, uploadMemory: () => opened.memory.used }
  return {
    opened,
    metrics,
    watched: metrics && {
      isReady,
      metrics: {
        contentType: metrics.contentType,
        text: () => metrics.text(readings),
      },
    },
    counted: async () => metrics?.values(readings),
    async listen() {
      await listen(server, settings.listen)
      if (tls) ends.first.push(tls.follow(server as TlsServer))
      if (!settings['read-only']) ends.first.push(watchFence(opened.lookForFence, logger))
      const looking = setInterval(opened.lookForUpstreams, LOOK_FOR_UPSTREAMS).unref()
      ends.first.push(() => clearInterval(looking))
      if (pulls) ends.last.push(startWritingPulls(pulls.recorder, store, logger))
      if (traces) ends.last.push(traces.stop)
      return server.address() as AddressInfo
    },
    reload: async () => tls?.reload(),
    stopSoon: health.stop,
    stop,
  }
}
