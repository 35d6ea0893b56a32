/**
 * The structure of a JSON text, without recursion: a text of any depth costs four bytes a level.
 *
 * @module
 */

import { JsonError } from './errors.ts'
import {
  ARRAY,
  ARRAY_END,
  COLON,
  COMMA,
  END,
  OBJECT,
  OBJECT_END,
  QUOTE,
  type Tokens,
} from './tokens.ts'

/** What is told of the text, in its order; the tokens stand at what is told. */
export interface Visitor {
  /** A value begins, a member's or an element's or the whole. @param kind of its first token */
  value(kind: number): void
  /** The name of a member. */
  key(): void
  /** An array or object ends. */
  close(): void
}

const isEnd = (kind: number): boolean => kind === ARRAY_END || kind === OBJECT_END

/**
 * A way through a text that can be interrupted.
 *
 * @returns a function that visits about this many more values, and tells whether that was the end.
 *   @throws JsonError if it is not one JSON value and nothing else, and what the visitor throws
 */
export const walkOf = (tokens: Tokens, visitor: Visitor): ((values: number) => boolean) => {
  /** The ends of the arrays and objects that are open. */
  const open: number[] = []

  const unexpected = (kind: number): JsonError =>
    kind === END
      ? new JsonError('it is not JSON: it is cut short')
      : new JsonError(
          `it is not JSON: unexpected ${tokens.raw().slice(0, 20)} at ${tokens.start()}`,
        )

  /** A member's name and colon, of which `kind` is the first token; returns the value's. */
  const member = (kind: number): number => {
    if (kind !== QUOTE) throw unexpected(kind)
    visitor.key()
    const colon = tokens.next()
    if (colon !== COLON) throw unexpected(colon)
    return tokens.next()
  }

  /** The first token of what the innermost array or object contains next. */
  const item = (kind: number): number => (open.at(-1) === OBJECT_END ? member(kind) : kind)

  const close = (): void => {
    visitor.close()
    open.pop()
  }

  let kind: number | undefined
  return (values) => {
    kind ??= tokens.next()
    for (let left = values; left > 0; left -= 1) {
      if (kind === END || kind === COMMA || kind === COLON || isEnd(kind)) throw unexpected(kind)
      visitor.value(kind)
      if (kind === ARRAY || kind === OBJECT) {
        open.push(kind === ARRAY ? ARRAY_END : OBJECT_END)
        kind = tokens.next()
        if (kind !== open.at(-1)) {
          kind = item(kind)
          continue
        }
        close()
      }
      kind = tokens.next()
      while (isEnd(kind) && kind === open.at(-1)) {
        close()
        kind = tokens.next()
      }
      if (open.length === 0) {
        if (kind === END) return true
        throw new JsonError(`it has more after its end, at ${tokens.start()}`)
      }
      if (kind !== COMMA) throw unexpected(kind)
      kind = item(tokens.next())
    }
    return false
  }
}

/** Goes through a text at once; see {@link walkOf}. */
export const walk = (tokens: Tokens, visitor: Visitor): void => {
  walkOf(tokens, visitor)(Number.POSITIVE_INFINITY)
}
