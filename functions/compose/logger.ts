/**
 * The log.
 *
 * @module
 */

import { type Logger, pino, stdTimeFunctions } from 'pino'
import type { Settings } from './settings.ts'

export type { Logger } from 'pino'

/** Writes log lines to standard output. */
export const createLogger = (settings: Pick<Settings, 'log-level'>): Logger =>
  pino({
    level: settings['log-level'],
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  })
