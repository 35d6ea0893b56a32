/**
 * Refusals of registries, in their own words.
 *
 * @module
 */

import { retryAfterOf } from '../../shared/retry-after.ts'
import * as z from '../../shared/schema.ts'
import { RefusedError } from '../errors.ts'
import type { Reply } from './http.ts'

/** As the specification has them; the first alone is read. */
const errors = z.object({
  errors: z.tuple([z.object({ code: z.string(), message: z.optional(z.string()) })], z.unknown()),
})

/** Without what would do something to a terminal. */
const inOneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, 500)

/** What a registry says of an error, its code first; undefined where it is not in the specification's form. */
export const wordsOf = ({ body }: Reply): string | undefined => {
  try {
    const [{ code, message }] = errors.parse(JSON.parse(body.toString())).errors
    return inOneLine(message === undefined ? code : `${code}: ${message}`)
  } catch {
    return undefined
  }
}

/** A response that is not what it should be. @param what was tried, as in `no upload could be started` */
export const refused = (what: string, reply: Reply): RefusedError =>
  new RefusedError(
    `${what}: ${`${reply.status} ${wordsOf(reply) ?? inOneLine(reply.body.toString())}`.trim()}`,
    reply.status,
    retryAfterOf(reply.headers['retry-after'], Date.now()),
  )
