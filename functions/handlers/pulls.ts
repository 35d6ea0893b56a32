/**
 * The function that records pulls: it gets lines of the registry's logs, and a call of a schedule, at which it says
 * that recording goes on where nobody pulls.
 *
 * @module
 */

import type { CloudWatchLogsEvent, ScheduledEvent } from 'aws-lambda'
import { createLoggedPulls } from '../compose/aws/logged-pulls.ts'
import { readLambdaSettings } from '../compose/aws/read-settings.ts'
import { createLogger } from '../compose/logger.ts'
import { openStore } from '../compose/open-store.ts'
import { once } from '../shared/once.ts'

/** What Lambda calls for each event. */
export type PullsHandler = (event: CloudWatchLogsEvent | ScheduledEvent | object) => Promise<void>

const open = async (env: NodeJS.ProcessEnv) => {
  const settings = readLambdaSettings(env)
  const pulls = createLoggedPulls(createLogger(settings))
  return { pulls, store: await openStore(settings, env) }
}

/**
 * Creates a handler.
 *
 * @param env holds the settings
 * @returns a handler that throws when the store fails, so that Lambda tries again
 */
export const createHandler = (env: NodeJS.ProcessEnv): PullsHandler => {
  const opened = once(() => open(env))
  return async (event) => {
    const { pulls, store } = await opened()
    if (!('awslogs' in event)) return pulls.sayRecorded(store)
    await pulls.record(store, (event.awslogs as { data?: unknown } | null)?.data)
  }
}

/** The handler that the function's configuration names. */
export const handler = createHandler(process.env)
