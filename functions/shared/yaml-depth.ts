/**
 * How deeply a YAML text is nested, found by its tokens alone: a parser takes minutes for a megabyte of brackets.
 *
 * @module
 */

import { Lexer } from 'yaml'

/** Far more than any document has. */
const MOST = 100

/** Characters that a parser deals with at once, however they are nested. */
const SMALL = 10_000

/** Before the text of a plain scalar: lex-scalar in the documentation of `yaml`. */
const SCALAR = '\u001f'

/** Whether a text has more than 100 lists and maps inside each other, or lines that begin as far in. */
export const isTooDeep = (text: string): boolean => {
  if (text.length <= SMALL) return false
  let flow = 0
  /** Of this line: how far it is in, and lists that begin in it. */
  let depth = 0
  let isScalar = false
  let atStart = true
  for (const token of new Lexer().lex(text)) {
    if (isScalar) isScalar = false
    else if (token === SCALAR) isScalar = true
    else if (token === '[' || token === '{') flow += 1
    else if (token === ']' || token === '}') flow -= 1
    else if (token.startsWith('\n') || token.startsWith('\r')) {
      depth = 0
      atStart = true
      continue
    } else if (atStart && token.startsWith(' ')) depth = token.length
    else if (flow === 0 && (token === '-' || token === '?')) depth += 2
    if (flow > MOST || depth > 2 * MOST) return true
    atStart = false
  }
  return false
}
