/**
 * Bodies as they are received.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { translate } from '../service-errors.ts'

/**
 * Makes a body fail in the words of the port. It stays the stream it is: one around it would cost as
 * much again as everything else that is done for the bytes.
 */
export const namingFailures = (body: Readable, key: string): Readable => {
  const destroy = body.destroy.bind(body)
  body.destroy = (error) => destroy(error && (translate(error, `read ${key}`) as Error))
  return body
}
