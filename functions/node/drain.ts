/**
 * Reads what is left of a body that nobody wants, where the client is told so only after its last byte.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http'
import { type BodyOptions, bodyOf } from './body.ts'

/**
 * Reads a request to its end and drops it, chunk by chunk: it takes nothing of the memory of uploads.
 *
 * @param count is told of each chunk's bytes
 * @returns whether the end was reached: not if the connection was closed or the client sends next to nothing
 */
export const drain = async (
  incoming: IncomingMessage,
  options: BodyOptions,
  count: (bytes: number) => void,
): Promise<boolean> => {
  // Whatever had begun to read it reads no more.
  incoming.removeAllListeners('data')
  try {
    for await (const { byteLength } of bodyOf(incoming, options)) count(byteLength)
    return true
  } catch {
    return false
  }
}
