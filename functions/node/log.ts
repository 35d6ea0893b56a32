/**
 * The log of a server, and what follows its requests where that is wanted.
 *
 * @module
 */

import { createLogger, type Logger } from '../compose/logger.ts'
import type { Settings } from '../compose/settings.ts'
import type { Traces } from '../traces/traces.ts'
import { type Environment, tracesWanted } from '../traces/wanted.ts'

export interface ServerLog {
  readonly logger: Logger
  /** Undefined where the environment does not ask for traces: then nothing of them is loaded. */
  readonly traces: Traces | undefined
}

/** Opens both. With traces, each line has the trace that it belongs to. */
export const openLog = async (settings: Settings, env: Environment): Promise<ServerLog> => {
  if (!tracesWanted(env)) return { logger: createLogger(settings), traces: undefined }
  const { openTraces } = await import('../traces/traces.ts')
  let traces: Traces | undefined
  const logger = createLogger(settings, () => traces?.ids() ?? {})
  traces = openTraces(env, logger)
  return { logger, traces }
}
