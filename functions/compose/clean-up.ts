/**
 * A clean-up that nobody watches, as on a server or in a function on a schedule: its log says what became of it,
 * and the audit trail what it has removed.
 *
 * @module
 */

import type { RequestLogger } from '../api/env.ts'
import type { Audit } from '../auth/audit.ts'
import { type Collected, type CollectOptions, collect } from '../registry/clean-up/collect.ts'
import type { Times } from '../registry/clean-up/terms.ts'
import { removes, type Thing } from '../registry/clean-up/thing.ts'
import type { ObjectStore } from '../storage/store.ts'
import { evictedOf } from './evicted.ts'
import { openEvents } from './open-events.ts'
import { settleIndex } from './search-index.ts'

export interface CleanUpOptions {
  readonly times: Times
  readonly logger: RequestLogger
  readonly audit: Audit
  /** Is told how a run has ended: `failed`, or as {@link Collected} says. */
  readonly ended?: ((outcome: string) => void) | undefined
}

const whatOf = ({ repository, tag, digest, key }: Thing): string => {
  if (repository === undefined) return digest ?? key
  return tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`
}

const TOO_MUCH =
  'no clean-up: it would take more than half; if that is right, run slipway gc --run --force'

const FOREIGN =
  'no clean-up: distribution or Slipway 1.0 has written to this store within the grace; stop them, or run slipway gc --run --force if that was the last of it'

/** Logs how a run has ended. */
const tell = (logger: RequestLogger, ended: Collected): void => {
  if (ended.outcome === 'busy') {
    logger.info({ since: ended.since }, 'no clean-up: another one goes on')
  } else if (ended.outcome === 'not-ready') {
    logger.warn({ why: ended.why }, 'no clean-up')
  } else if (ended.outcome === 'refused') {
    const { why, planned, foreign } = ended
    logger.error({ why, planned: planned.steps }, foreign ? FOREIGN : TOO_MUCH)
  } else {
    const { outcome, planned, done } = ended
    const { steps, changed } = done
    logger.info({ outcome, seen: planned.seen, done: steps, changed }, 'clean-up')
  }
}

/**
 * Goes on with deletes of whole repositories that are not done.
 *
 * @throws StoreError when the store fails, DocumentError when the rules on tags cannot be read
 */
export const finishDeletes = async (
  store: ObjectStore,
  { times, logger }: Pick<CleanUpOptions, 'times' | 'logger'>,
  isOver: () => boolean,
): Promise<boolean> => {
  const { finishWhole } = await import('../registry/whole/finish.ts')
  return finishWhole(store, {
    undelete: times.undelete,
    isOver,
    report: (repository, { deleted, remaining }) =>
      logger.info({ repository, deleted, remaining }, 'the delete of a whole repository goes on'),
  })
}

/** Mends the index for search, after events that were lost: nothing else depends on it. */
const mendIndex = async (
  store: ObjectStore,
  logger: RequestLogger,
  isOver: () => boolean,
): Promise<void> => {
  try {
    const mended = await settleIndex(store, isOver)
    if (mended !== undefined)
      logger.info(mended, 'the index for search was compared with the store')
  } catch (err) {
    logger.warn({ err }, 'the index for search could not be mended; the next clean-up goes on')
  }
}

/** For somebody who watches a clean-up after all. */
export type Watching = Pick<CollectOptions, 'force' | 'report' | 'note' | 'progress'>

const UNWATCHED: Watching = { force: false, report: () => {}, note: () => {}, progress: () => {} }

/**
 * Cleans up.
 *
 * @param isOver says whether to stop, to go on another time
 * @param watching is told what the log says, and how far it is
 * @throws StoreError when the store fails; what was done is done, and the next run goes on
 */
export const cleanUp = async (
  store: ObjectStore,
  { times, logger, audit, ended: noteEnd }: CleanUpOptions,
  isOver: () => boolean,
  watching: Watching = UNWATCHED,
): Promise<Collected> => {
  const ended = await collect(store, {
    times,
    run: true,
    force: watching.force,
    report: (thing) => {
      watching.report(thing)
      const what = whatOf(thing)
      if (!removes(thing)) return
      const why = thing.rule === undefined ? thing.why : `rule ${thing.rule}: ${thing.why}`
      audit({ event: 'delete', who: 'clean-up', what, outcome: 'ok', why })
    },
    note: (repository, why) => {
      watching.note(repository, why)
      logger.warn({ repository }, why)
    },
    progress: watching.progress,
    isOver,
    monotonic: () => performance.now(),
    events: openEvents(store, { logger, audit }),
    findEvicted: evictedOf(store),
  }).catch((error: unknown) => {
    noteEnd?.('failed')
    throw error
  })
  noteEnd?.(ended.outcome)
  tell(logger, ended)
  if (ended.outcome === 'done') await mendIndex(store, logger, isOver)
  return ended
}
