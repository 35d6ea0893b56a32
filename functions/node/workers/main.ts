/**
 * A server's main process where workers answer the requests: it does what is done once, and what they have to do
 * together.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { createThrottle } from '../../auth/throttle/failures.ts'
import { divideStamps } from '../../compose/file-store.ts'
import { openApp } from '../../compose/open-app.ts'
import { type Answering, type AnsweringOptions, openMetrics } from '../answering.ts'
import { createHealth } from '../health.ts'
import { CLEAN_UP } from '../http-server.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { createPasswordThread } from '../passwords.ts'
import { openTls } from '../tls/tls.ts'
import { type Crew, createCrew } from './crew.ts'
import { createLogIns } from './log-ins.ts'
import type { ToWorker } from './questions.ts'

/** Milliseconds for which a worker is waited for that does not answer. What it is not told it finds out. */
const PATIENCE = 1000

/** Asks all workers, but for one. @returns what those have answered that did so in time */
const askAll = async (
  crew: Crew,
  question: ToWorker,
  but?: number,
): Promise<readonly (readonly [number: number, answer: unknown])[]> => {
  const asked = crew
    .members()
    .filter(({ number }) => number !== but)
    .map(async ({ number, line }) => [number, await line.ask(question)] as const)
  const late = sleep(PATIENCE, undefined, { ref: false })
  const settled = await Promise.allSettled(asked.map((each) => Promise.race([each, late])))
  return settled.flatMap((each) =>
    each.status === 'fulfilled' && each.value !== undefined ? [each.value] : [],
  )
}

/** What is loaded only where somebody watches. */
const openSum = async (metrics: Metrics | undefined) =>
  metrics && (await import('../metrics/sum.ts')).createSum()

/**
 * Prepares workers, and opens the store for all else. None is started yet.
 *
 * @throws SettingsError, StoreError
 */
export const answerByWorkers = async ({
  settings,
  env,
  logger,
  traces,
  onlyLocal,
  remains,
  eventRecorded,
  pullEvents,
  ends,
}: AnsweringOptions): Promise<Answering> => {
  divideStamps(0, settings.workers + 1)
  // Its mistakes are the person's, and are said before any worker starts.
  await openTls(settings, logger)
  const passwords = createPasswordThread()
  ends.last.push(passwords.close)
  const health = createHealth(logger)
  const metrics = await openMetrics(settings)
  if (metrics) pullEvents.dropped = metrics.eventDropped
  const sum = await openSum(metrics)
  const opened = await openApp(settings, env, {
    logger,
    watch: metrics,
    traces,
    redirectHeads: false,
    onlyLocal,
    directIfNecessary: true,
  })
  await opened.warmUp()
  const throttle = createThrottle(Date.now)

  const crew: Crew = createCrew({
    settings,
    logger,
    ended: (number) => sum?.ended(number),
    answering: (number) => {
      const logIns = createLogIns(throttle)
      return (question) => {
        switch (question.what) {
          case 'verify':
            return passwords.verify(question.password, question.hash)
          case 'attempt':
            return logIns.begin(question.account, question.address)
          case 'attempted':
            return logIns.end(question.id, question.how)
          case 'forget':
            return askAll(crew, question, number).then(() => undefined)
          case 'remains':
            return remains()
          case 'eventRecorded':
            return eventRecorded()
          case 'pullsWanted':
            return pullEvents.tell !== undefined
          case 'pulled':
            return pullEvents.tell?.(() => question.pull)
        }
      }
    },
  })

  /** By all that run, of which there must be one. */
  const isReady = () => health.isReady(opened.store) && crew.members().length > 0
  return {
    opened,
    metrics,
    watched: metrics &&
      sum && {
        isReady,
        metrics: {
          contentType: metrics.contentType,
          async text() {
            const own = await metrics.values({ isReady, uploadMemory: () => 0 })
            return sum.text(own, await askAll(crew, { what: 'metrics' }))
          },
        },
      },
    counted: async () => undefined,
    async listen() {
      const address = await crew.start()
      if (traces) ends.last.push(traces.stop)
      return address
    },
    async reload() {
      await askAll(crew, { what: 'reload' })
    },
    stopSoon() {
      health.stop()
      void askAll(crew, { what: 'stop soon' })
    },
    // A worker ends by itself in this time.
    stop: () => crew.stop(settings['stop-timeout'] * 1000 + 2 * CLEAN_UP),
  }
}
