/**
 * Where the next page of a search begins, as text that means nothing to clients.
 *
 * @module
 */

import { BUCKETS } from '../../search/keys.ts'
import * as z from '../../shared/schema.ts'
import type { AppContext } from '../env.ts'
import { RequestError } from '../errors.ts'

/** Most characters of a cursor: of names and digests none has as many. */
const MAX_LENGTH = 1000

/** A name or a digest; nothing else is to become part of a key. */
const name = z.string().check(z.regex(/^[!-~]{0,512}$/))

const schema = z.union([
  z.strictObject({ after: name }),
  z.strictObject({
    bucket: z.int().check(z.nonnegative(), z.lt(BUCKETS)),
    repository: z.optional(name),
    digest: z.optional(name),
  }),
])

/** After a name, or at a place among manifests. */
export type Cursor = z.output<typeof schema>

/** The text of a cursor. */
export const writeCursor = (cursor: Cursor): string =>
  Buffer.from(JSON.stringify(cursor)).toString('base64url')

/** The cursor of a request. @throws RequestError PARAMETER_INVALID */
export const readCursor = (c: AppContext): Cursor | undefined => {
  const text = c.req.query('cursor')
  if (text === undefined || text === '') return undefined
  try {
    if (text.length > MAX_LENGTH) throw new RangeError(`${text.length} characters`)
    return schema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch (cause) {
    throw new RequestError('PARAMETER_INVALID', 'invalid cursor: expected that of a page before', {
      cause,
    })
  }
}
