/**
 * The structure of a JSON text, without recursion: a text of any depth costs four bytes a level.
 *
 * @module
 */

import type { Steps } from '../../shared/turns.ts'
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

/** Values between two interruptions: some ten microseconds, if they are short. */
const VALUES_A_STEP = 100

/** Bytes of a value that took long to find, and will take as long again to read. */
const LONG = 256 * 1024

/**
 * Goes through a text.
 *
 * @throws JsonError if it is not one JSON value and nothing else, and what the visitor throws
 */
export function* walk(tokens: Tokens, visitor: Visitor): Steps<void> {
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

  let kind = tokens.next()
  for (let left = VALUES_A_STEP; ; left -= 1) {
    if (left === 0) {
      left = VALUES_A_STEP
      yield
    }
    if (tokens.end() - tokens.start() > LONG) yield
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
      if (kind === END) return
      throw new JsonError(`it has more after its end, at ${tokens.start()}`)
    }
    if (kind !== COMMA) throw unexpected(kind)
    kind = item(tokens.next())
  }
}
