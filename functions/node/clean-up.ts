/**
 * A server with `gc` on cleans up: for the first time some minutes after its start, and then daily. Of
 * several servers on one store, one does each time.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import type { Audit } from '../auth/audit.ts'
import { type Collected, collect } from '../registry/clean-up/collect.ts'
import type { Times } from '../registry/clean-up/terms.ts'
import { removes, type Thing } from '../registry/clean-up/thing.ts'
import type { ObjectStore } from '../storage/store.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** After the rest of the housekeeping, and not when clients wait for what a server does first. */
const FIRST_AFTER = 20 * MINUTE
/** Random, so that servers which start together do not read the store together. */
const SPREAD = 20 * MINUTE

export interface CleanUpOptions {
  readonly times: Times
  readonly logger: RequestLogger
  readonly audit: Audit
}

const whatOf = ({ repository, tag, digest, key }: Thing): string => {
  if (repository === undefined) return digest ?? key
  return tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`
}

const TOO_MUCH =
  'no clean-up: it would take more than half; if that is right, run slipway gc --run --force (on files, with the server stopped)'

/** Logs how a run has ended. */
const tell = (logger: RequestLogger, ended: Collected): void => {
  if (ended.outcome === 'busy') {
    logger.info({ since: ended.since }, 'no clean-up: another one goes on')
  } else if (ended.outcome === 'not-ready') {
    logger.warn({ why: ended.why }, 'no clean-up')
  } else if (ended.outcome === 'refused') {
    logger.error({ why: ended.why, planned: ended.planned.steps }, TOO_MUCH)
  } else {
    const { outcome, planned, done } = ended
    logger.info({ outcome, seen: planned.seen, done: done.steps }, 'clean-up')
  }
}

/**
 * Starts clean-ups. They do not keep the process alive. After a failure the next one is a day later.
 *
 * @returns a function that stops them, soon also one that goes on
 */
export const startCleanUps = (
  store: ObjectStore,
  { times, logger, audit }: CleanUpOptions,
): (() => void) => {
  let timer: NodeJS.Timeout
  let stopped = false
  const run = async (): Promise<void> => {
    try {
      const ended = await collect(store, {
        times,
        run: true,
        force: false,
        report: (thing) => {
          const what = whatOf(thing)
          if (removes(thing))
            audit({ event: 'delete', who: 'clean-up', what, outcome: 'ok', why: thing.why })
        },
        note: (repository, why) => logger.warn({ repository }, why),
        progress: () => {},
        isOver: () => stopped,
        monotonic: () => performance.now(),
      })
      tell(logger, ended)
    } catch (error) {
      logger.error({ err: error }, 'the clean-up has failed; the next one goes on')
    }
    if (!stopped) plan(DAY)
  }
  const plan = (delay: number): void => {
    timer = setTimeout(run, delay).unref()
  }
  plan(FIRST_AFTER + Math.random() * SPREAD)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
