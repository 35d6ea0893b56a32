/**
 * Refusals of registries, in their own words.
 *
 * @module
 */

import { TransferError } from '../errors.ts'
import type { Reply } from './http.ts'

/** What a registry says of an error, as far as it says anything. */
const wordsOf = ({ body }: Reply): string => {
  try {
    const [first] = JSON.parse(body.toString()).errors
    return `${first.code}: ${first.message}`
  } catch {
    return body.toString().replaceAll(/\s+/g, ' ').slice(0, 200)
  }
}

/** A response that is not what it should be. @param what was tried, as in `no upload could be started` */
export const refused = (what: string, reply: Reply): TransferError =>
  new TransferError(`${what}: ${`${reply.status} ${wordsOf(reply)}`.trim()}`)
