/**
 * Pins the parts of a multipart upload in the upload's state.
 *
 * An upload's state may be used twice: a client repeats a request whose response was lost, or two
 * requests race. Then a part may be replaced by one with other bytes while the hash in a state still
 * covers the first. A chained hash over the parts' etags, 43 characters however many parts there are,
 * lets a commit check that the parts in the store are those its state was made with.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import type { Part } from '../../storage/store.ts'

/** The part chain of no parts. */
export const EMPTY_PART_CHAIN = ''

/** Extends a part chain by further parts, in ascending order. */
export const extendPartChain = (chain: string, parts: readonly Part[]): string =>
  parts.reduce(
    (link, { number, etag, size }) =>
      createHash('sha256').update(`${link}\n${number}\n${size}\n${etag}`).digest('base64url'),
    chain,
  )
