/**
 * Bodies of responses.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { translate } from '../service-errors.ts'

/**
 * Makes a body fail as the port says. It remains the same stream: another one around it would
 * double the cost of passing the bytes on.
 */
export const namingFailures = (body: Readable, key: string): Readable => {
  const destroy = body.destroy.bind(body)
  body.destroy = (error) => destroy(error && (translate(error, `read ${key}`) as Error))
  return body
}
