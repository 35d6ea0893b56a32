/**
 * Names of entries in documents that administrators write, such as receivers and upstreams.
 *
 * @module
 */

import * as z from './schema.ts'

/** A name of an entry: up to 63 small letters, digits and dashes, of which the first is no dash. */
export const entryName = z
  .string()
  .check(
    z.regex(/^[a-z0-9](?:[a-z0-9-]{0,62})$/, 'expected small letters, digits and - (at most 63)'),
  )
