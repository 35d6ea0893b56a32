/**
 * Pins the parts of a multipart upload in the upload's state.
 *
 * An upload's state may be used twice: a client repeats a request whose answer was lost, or two race.
 * Then a part may be replaced by one with other bytes while a hash in some state still speaks of the
 * first. A chained hash over the parts' etags, 43 characters however many parts, lets a commit see
 * that the parts in the store are those its state was made with.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Part } from '../../storage/store.ts'

/** The chain of no parts. */
export const EMPTY_PART_CHAIN = ''

/** Extends a chain by further parts, ascending. */
export const extendPartChain = (chain: string, parts: readonly Part[]): string =>
  parts.reduce(
    (link, { number, etag, size }) =>
      createHash('sha256').update(`${link}\n${number}\n${size}\n${etag}`).digest('base64url'),
    chain,
  )
