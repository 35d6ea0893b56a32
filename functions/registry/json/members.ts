/**
 * Single members of a JSON object, without parsing the rest.
 *
 * @module
 */

import type { Steps } from '../../shared/turns.ts'
import { JsonError } from './errors.ts'
import { ARRAY, OBJECT, tokensOf } from './tokens.ts'
import { walk } from './walk.ts'

/** Where a value stands in the bytes. */
interface Place {
  readonly start: number
  end: number
}

/** The members of an object that were looked for. */
export interface Members {
  has(name: string): boolean
  /** The parsed value; undefined if there is none. */
  value(name: string): unknown
}

/**
 * Finds members of the object that a text is, as JSON.parse would: of two with one name the last.
 * Whatever else there is costs no memory.
 *
 * @throws JsonError if the text is not a JSON object
 */
export function* readMembers(bytes: Uint8Array, names: readonly string[]): Steps<Members> {
  const tokens = tokensOf(bytes, false)
  const places = new Map<string, Place>()
  let depth = 0
  let wanted: string | undefined
  let place: Place | undefined
  yield* walk(tokens, {
    key() {
      if (depth !== 1) return
      const name = tokens.text()
      wanted = names.includes(name) ? name : undefined
    },
    value(kind) {
      if (depth === 0 && kind !== OBJECT) throw new JsonError('expected a JSON object')
      if (depth === 1) {
        place = { start: tokens.start(), end: tokens.end() }
        if (wanted !== undefined) places.set(wanted, place)
      }
      if (kind === OBJECT || kind === ARRAY) depth += 1
    },
    close() {
      depth -= 1
      if (depth === 1 && place) place.end = tokens.end()
    },
  })
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    has: (name) => places.has(name),
    value(name) {
      const found = places.get(name)
      return found && JSON.parse(text.toString('utf8', found.start, found.end))
    },
  }
}
