/**
 * The log.
 *
 * @module
 */

import { type Logger, pino, stdTimeFunctions } from 'pino'
import type { Settings } from './settings.ts'

export type { Logger } from 'pino'

/**
 * Writes log lines to standard output.
 *
 * @param more what every line has as well, asked for each
 */
export const createLogger = (
  settings: Pick<Settings, 'log-level'>,
  more?: (() => object) | undefined,
): Logger =>
  pino({
    ...(more === undefined ? {} : { mixin: () => more() }),
    level: settings['log-level'],
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
  })
