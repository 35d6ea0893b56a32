/**
 * The function that a schedule calls every hour: the clean-up of the stack. It alone may remove the bytes of blobs.
 *
 * @module
 */

import type { Context } from 'aws-lambda'
import { auditLog } from '../api/middleware/log.ts'
import { readLambdaSettings } from '../compose/aws/read-settings.ts'
import { scheduledCleanUp } from '../compose/aws/scheduled-clean-up.ts'
import { createLogger } from '../compose/logger.ts'
import { openStore } from '../compose/open-store.ts'
import { timesOf } from '../registry/clean-up/terms.ts'
import { once } from '../shared/once.ts'

/** An event: that of the schedule, or of a person. */
export interface CleanUpEvent {
  /** Whether to clean up although it is not time for it. */
  readonly now?: boolean
}

/** Milliseconds before its end at which an invocation stops: for the largest step, and for what it writes down. */
const STOP_BEFORE = 2 * 60_000

/** What calls of one process have in common, such as what it has found out about the store. */
const open = async (env: NodeJS.ProcessEnv) => {
  const settings = readLambdaSettings(env)
  const logger = createLogger(settings)
  const times = timesOf(settings['gc-grace'], settings['undelete-days'])
  const options = { times, logger, audit: auditLog(logger) }
  return { store: await openStore(settings, env), options }
}

/**
 * Creates a handler.
 *
 * @param env holds the settings
 * @returns a handler that throws when there is no clean-up and should be one, so that Lambda counts an error
 */
export const createHandler = (env: NodeJS.ProcessEnv) => {
  const opened = once(() => open(env))
  return async (
    event: CleanUpEvent,
    context: Pick<Context, 'functionName' | 'getRemainingTimeInMillis'>,
  ): Promise<void> => {
    const { store, options } = await opened()
    await scheduledCleanUp(store, options, {
      name: context.functionName,
      now: event.now === true,
      isOver: () => context.getRemainingTimeInMillis() < STOP_BEFORE,
      clock: Date.now,
    })
  }
}

/** The handler that the function's configuration names. */
export const handler = createHandler(process.env)
