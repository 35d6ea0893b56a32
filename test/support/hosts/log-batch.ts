/**
 * Batches of log lines as CloudWatch Logs hands them to a function that has subscribed.
 *
 * @module
 */

import { gzipSync } from 'node:zlib'

/** A document as it is packed, or a text that may be none. */
export const packed = (document: unknown): string =>
  gzipSync(typeof document === 'string' ? document : JSON.stringify(document)).toString('base64')

/** A batch of lines: gzip, base64. */
export const batchOf = (lines: readonly string[]): string =>
  packed({
    messageType: 'DATA_MESSAGE',
    owner: '123456789012',
    logGroup: 'slipway-RegistryApiLog',
    logStream: '2026/11/27/[$LATEST]0123456789abcdef',
    subscriptionFilters: ['slipway-RegistryPullsLines0'],
    logEvents: lines.map((message, at) => ({
      id: String(at),
      timestamp: 1_795_000_000_000,
      message,
    })),
  })
