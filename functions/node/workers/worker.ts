/**
 * A worker of a server: a process that answers requests, and leaves to the main process what is done once.
 *
 * @module
 */

import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { divideStamps } from '../../compose/file-store.ts'
import { openLog } from '../../compose/open-log.ts'
import { shareOfUploadMemory } from '../../compose/process-memory.ts'
import type { Settings } from '../../compose/settings.ts'
import { type Answering, answerHere } from '../answering.ts'
import { exposedBy } from '../check-open.ts'
import { createEnds, type Ends } from '../ends.ts'
import { createLine, type Line } from './line.ts'
import { attemptOver } from './log-ins.ts'
import { pullEventsOver } from './pull-events.ts'
import type { Place, ToMain, ToWorker } from './questions.ts'

/** Milliseconds for which a delete waits until the other workers know of it. What they are not told they find out. */
const PATIENCE = 1000

/** Whether this process is a worker. */
export const isWorker = (): boolean => cluster.isWorker

/** Answers the main process. @param stop ends this one, soon */
const answerMain =
  ({ opened, reload, stopSoon, counted }: Answering, stop: () => void) =>
  (question: ToWorker): unknown => {
    switch (question.what) {
      case 'metrics':
        return counted()
      case 'forget':
        return opened.dropLink(question.key)
      case 'reload':
        return reload()
      case 'stop soon':
        return stopSoon()
      case 'stop':
        return stop()
    }
  }

const open = async (
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  line: Line<ToMain>,
  ends: Ends,
): Promise<Answering> => {
  const { number, of, listen } = (await line.ask({ what: 'hello' })) as Place
  divideStamps(number, of + 1)
  const { logger, traces } = await openLog(settings, env)
  const tell = (told: ToMain): Promise<unknown> => line.ask(told).catch(() => {})
  return answerHere({
    settings: {
      ...settings,
      listen,
      'upload-memory': shareOfUploadMemory(of, settings['upload-memory']),
    },
    env,
    logger: logger.child({ worker: number }),
    traces,
    onlyLocal: exposedBy(settings) === undefined,
    remains: () => void tell({ what: 'remains' }),
    eventRecorded: () => void tell({ what: 'eventRecorded' }),
    pullEvents: pullEventsOver(line),
    ends,
    shared: {
      verifyPassword: async (password, hash) =>
        (await line.ask({ what: 'verify', password, hash })) === true,
      attempt: attemptOver(line),
      async linkChanged(key) {
        await Promise.race([
          tell({ what: 'forget', key }),
          sleep(PATIENCE, undefined, { ref: false }),
        ])
      },
    },
  })
}

/**
 * Runs this process as a worker, until the main process has it end, or has ended itself: Node ends a worker whose
 * channel is closed.
 *
 * @param exit ends this process
 */
export const work = async (
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  exit: (code: number) => void,
): Promise<void> => {
  const ends = createEnds()
  let answer: (question: ToWorker) => unknown = () => {}
  const line = createLine<ToMain, ToWorker>(
    (message) => void process.send?.(message, () => {}),
    (question: ToWorker) => answer(question),
  )
  process.on('message', line.hear)
  try {
    const answering = await open(settings, env, line, ends)
    const stop = async (): Promise<void> => {
      for (const end of ends.first) end()
      await answering.stop()
      for (const end of ends.last) await end()
      exit(0)
    }
    answer = answerMain(answering, () => void stop())
    const address = await answering.listen()
    await line.ask({ what: 'listening', address })
  } catch (error) {
    await line.ask({ what: 'failed', why: error instanceof Error ? error.message : String(error) })
    exit(1)
  }
}
