/**
 * The log of a host, and what follows its requests where that is wanted.
 *
 * @module
 */

import { readingSecrets } from '../shared/secrets.ts'
import type { Traces } from '../traces/traces.ts'
import { type Environment, tracesWanted } from '../traces/wanted.ts'
import { createLogger, type Logger } from './logger.ts'
import type { Settings } from './settings.ts'

/** Names where the headers are that a collector asks for, if not in `OTEL_EXPORTER_OTLP_HEADERS`. */
export const TRACE_HEADERS = 'SLIPWAY_TRACE_HEADERS'

export interface OpenLog {
  readonly logger: Logger
  /** Undefined where the environment does not ask for traces: then nothing of them is loaded. */
  readonly traces: Traces | undefined
}

/** Loaded only where the headers are in AWS Secrets Manager; each is read once a minute at most. */
const secretOf = (env: Environment): (() => Promise<string>) | undefined => {
  if (!env[TRACE_HEADERS]) return undefined
  let stored: ((arn: string) => Promise<string>) | undefined
  const read = readingSecrets(env, async (arn) => {
    stored ??= (await import('./aws/stored-secrets.ts')).storedSecrets()
    return stored(arn)
  })
  return () => read(`env:${TRACE_HEADERS}`)
}

/** Opens both. With traces, each line has the trace that it belongs to. */
export const openLog = async (settings: Settings, env: Environment): Promise<OpenLog> => {
  if (!tracesWanted(env)) return { logger: createLogger(settings), traces: undefined }
  const { openTraces } = await import('../traces/traces.ts')
  let traces: Traces | undefined
  const logger = createLogger(settings, () => traces?.ids() ?? {})
  traces = openTraces(env, logger, { headers: secretOf(env) })
  return { logger, traces }
}
