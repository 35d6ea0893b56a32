/**
 * Regular expressions of tags as patterns that match at least as much.
 *
 * @module
 */

/** What a regular expression is here. */
export interface Converted {
  /** Matches whatever the expression matches. */
  readonly pattern: string
  /** Whether it matches nothing else. */
  readonly exact: boolean
}

/** A bracket, an escape, a dot or a character; and how often. */
const ATOM = /(\[\^?\]?(?:\\.|[^\]\\])*\]|\\.|[^\\[\]])([*+?]|\{\d+(?:,\d*)?\})?\??/gsy

/** What tags are made of; an escape of any other may be a class of characters. */
const LITERAL = /^(?:[A-Za-z0-9_-]|\\[.\-_])$/

/** Converts one expression without alternatives; Go's are found anywhere in a text. */
const convertOne = (text: string): Converted => {
  const begins = text.startsWith('^')
  const ends = text.endsWith('$') && !text.endsWith('\\$')
  const body = text.slice(begins ? 1 : 0, ends ? -1 : undefined)
  let pattern = ''
  let exact = true
  let at = 0
  for (const { 0: all, 1: atom = '', 2: times, index } of body.matchAll(ATOM)) {
    if (index !== at || /^[()|^$]$/.test(atom)) return { pattern: '*', exact: false }
    at = index + all.length
    if (times === undefined && LITERAL.test(atom) && all === atom) {
      pattern += atom.replace('\\', '')
      continue
    }
    pattern += '*'
    exact &&= atom === '.' && times === '*'
  }
  if (at !== body.length) return { pattern: '*', exact: false }
  const whole = `${begins ? '' : '*'}${pattern}${ends ? '' : '*'}`.replaceAll(/\*+/g, '*')
  return { pattern: whole === '' ? '*' : whole, exact }
}

/**
 * Converts an expression of Go's syntax, as zot has them: found anywhere in a tag. What a pattern cannot say, such
 * as a digit, becomes `*`.
 */
export const convertRegex = (text: string): Converted[] => {
  // Groups, flags and alternatives in them are more than a pattern can say.
  if (/[()]/.test(text)) return [{ pattern: '*', exact: false }]
  const inBrackets = /\[[^\]]*\|/.test(text)
  return inBrackets ? [{ pattern: '*', exact: false }] : text.split('|').map(convertOne)
}
