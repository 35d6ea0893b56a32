/**
 * JSON as Go writes it (encoding/json, with its escapes for HTML, as of Go 1.20): the digest of a converted manifest is
 * that of the bytes, and distribution's are Go's.
 *
 * @module
 */

import { JsonError } from '../registry/json/errors.ts'
import { ARRAY, END, OBJECT, QUOTE, tokensOf } from '../registry/json/tokens.ts'
import { walk } from '../registry/json/walk.ts'
import { atOnce } from '../shared/turns.ts'

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** What Go escapes in strings that already are JSON. */
const FOR_HTML = /[<>&\u2028\u2029]/g

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** A text as a JSON string; half of a surrogate pair becomes U+FFFD. */
export const goString = (text: string): string => {
  const inner = text
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what has to be escaped
    .replaceAll(/["\\\u0000-\u001f<>&\u2028\u2029]/g, (each) => SHORT[each] ?? escaped(each))
  return `"${inner}"`
}

/** A JSON text without space between its tokens; numbers and escapes stay as they are. @throws JsonError */
export const goCompact = (bytes: Uint8Array): string => {
  const tokens = tokensOf(bytes, false)
  let text = ''
  for (let kind = tokens.next(); kind !== END; kind = tokens.next()) {
    text += kind === QUOTE ? tokens.raw().replaceAll(FOR_HTML, escaped) : tokens.raw()
  }
  return text
}

/**
 * The members of a JSON object, each as it stands; of two with one name, the last.
 *
 * @throws JsonError if the text is not a JSON object
 */
export const rawMembers = (bytes: Uint8Array): Map<string, Uint8Array> => {
  const tokens = tokensOf(bytes, false)
  const members = new Map<string, Uint8Array>()
  let depth = 0
  let name = ''
  let start = 0
  const keep = () => members.set(name, bytes.subarray(start, tokens.end()))
  atOnce(
    walk(tokens, {
      key() {
        if (depth === 1) name = tokens.text()
      },
      value(kind) {
        if (depth === 0 && kind !== OBJECT) throw new JsonError('expected a JSON object')
        if (depth === 1) {
          start = tokens.start()
          keep()
        }
        if (kind === OBJECT || kind === ARRAY) depth += 1
      },
      close() {
        depth -= 1
        if (depth === 1) keep()
      },
    }),
  )
  return members
}

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,](\d+))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/**
 * A time of RFC 3339 as Go writes it again: up to nanoseconds, without zeros at the end.
 *
 * @returns undefined for what Go does not read
 */
export const goTime = (text: string): string | undefined => {
  const [, year, month, day, , fraction = '', zone = ''] = TIME.exec(text) ?? []
  if (year === undefined) return undefined
  // Of a year from 2000 to 2399, whose months are as long: Date reads small years otherwise.
  const most = new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate()
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > most)
    return undefined
  const digits = fraction.slice(0, 9).replace(/0+$/, '')
  const rest = digits === '' ? '' : `.${digits}`
  return `${text.slice(0, 19)}${rest}${/^[+-]00:00$/.test(zone) ? 'Z' : zone}`
}
