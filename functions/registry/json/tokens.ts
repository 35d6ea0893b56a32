/**
 * The tokens of a JSON text (RFC 8259), read from its bytes one after the other: nothing is decoded,
 * and no memory is needed.
 *
 * @module
 */

import { isUtf8 } from 'node:buffer'
import { JsonError } from './errors.ts'

export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const ARRAY = 0x5b
export const ARRAY_END = 0x5d
export const OBJECT = 0x7b
export const OBJECT_END = 0x7d
export const NUMBER = 0x30
export const TRUE = 0x74
export const FALSE = 0x66
export const NULL = 0x6e
/** After the last token. */
export const END = -1

const BACKSLASH = 0x5c
const MINUS = 0x2d
const LITERALS: ReadonlyMap<number, Buffer> = new Map([
  [TRUE, Buffer.from('true')],
  [FALSE, Buffer.from('false')],
  [NULL, Buffer.from('null')],
])
/** 1 for each byte that is an escape after a backslash. */
const SHORT_ESCAPES = new Uint8Array(256)
for (const byte of Buffer.from('"\\/bfnrt')) SHORT_ESCAPES[byte] = 1
const BOM = Buffer.from('\uFEFF')

export interface Tokens {
  /**
   * Goes to the next token and returns its kind: one of the constants above, which is also its first
   * byte, for numbers the digit 0.
   *
   * @throws JsonError if no token of JSON begins here
   */
  next(): number
  /** Where the token begins in the bytes, in strings with the quote. */
  start(): number
  /** Where it ends, exclusive. */
  end(): number
  /** The token as it stands. */
  raw(): string
  /** The value of a string. */
  text(): string
}

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x30 && byte <= 0x39

/** The value of a hex digit, or -1. */
const hexValue = (byte: number): number => {
  if (isDigit(byte)) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/**
 * The tokens of a text.
 *
 * @param strict whether a byte order mark and escaped surrogates without their other half are refused:
 *   readers drop them, replace them, or refuse all
 * @throws JsonError if it is not UTF-8
 */
export const tokensOf = (bytes: Uint8Array, strict: boolean): Tokens => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { length } = buffer
  if (!isUtf8(bytes)) throw new JsonError('it is not JSON in UTF-8')
  const marked = buffer.subarray(0, BOM.length).equals(BOM)
  if (marked && strict) throw new JsonError('it begins with a byte order mark: expected {')
  let from = 0
  let to = marked ? BOM.length : 0
  let backslash = false

  const unexpected = (at: number): JsonError =>
    new JsonError(`it is not JSON: ${at < length ? `unexpected byte at ${at}` : 'it is cut short'}`)

  /** The four hex digits of a `\u` whose backslash is at `at`. */
  const codeUnit = (at: number): number => {
    let unit = 0
    for (let digit = at + 2; digit < at + 6; digit += 1) {
      const value = hexValue(buffer[digit] ?? 0)
      if (value < 0) throw unexpected(at)
      unit = unit * 16 + value
    }
    return unit
  }

  /** Checks an escape, and returns where it ends. */
  const escapeEnd = (at: number): number => {
    backslash = true
    const kind = buffer[at + 1]
    if (kind !== 0x75) {
      if (kind === undefined || SHORT_ESCAPES[kind] !== 1) throw unexpected(at + 1)
      return at + 2
    }
    const unit = codeUnit(at)
    if (!strict || unit < 0xd800 || unit > 0xdfff) return at + 6
    const paired =
      unit < 0xdc00 && buffer[at + 6] === BACKSLASH && buffer[at + 7] === 0x75
        ? codeUnit(at + 6)
        : 0
    if (paired < 0xdc00 || paired > 0xdfff) {
      throw new JsonError(
        `half a surrogate pair at ${at}: ${buffer.toString('latin1', at, at + 6)}`,
      )
    }
    return at + 12
  }

  const string = (begin: number): number => {
    backslash = false
    for (let at = begin + 1; ; ) {
      const byte = buffer[at]
      if (byte === QUOTE) return at + 1
      if (byte === undefined || byte < 0x20) throw unexpected(at)
      at = byte === BACKSLASH ? escapeEnd(at) : at + 1
    }
  }

  const digits = (begin: number): number => {
    let at = begin
    while (isDigit(buffer[at])) at += 1
    if (at === begin) throw unexpected(at)
    return at
  }

  const number = (begin: number): number => {
    let at = buffer[begin] === MINUS ? begin + 1 : begin
    at = buffer[at] === NUMBER ? at + 1 : digits(at)
    if (buffer[at] === 0x2e) at = digits(at + 1)
    if (buffer[at] === 0x65 || buffer[at] === 0x45) {
      const sign = buffer[at + 1] === MINUS || buffer[at + 1] === 0x2b
      at = digits(at + (sign ? 2 : 1))
    }
    return at
  }

  const literal = (begin: number, byte: number): number => {
    const word = LITERALS.get(byte)
    const end = begin + (word?.length ?? 0)
    if (!word || !buffer.subarray(begin, end).equals(word)) throw unexpected(begin)
    return end
  }

  return {
    next() {
      from = to
      let byte = buffer[from]
      while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
        from += 1
        byte = buffer[from]
      }
      switch (byte) {
        case undefined:
          to = from
          return END
        case QUOTE:
          to = string(from)
          return byte
        case COMMA:
        case COLON:
        case ARRAY:
        case ARRAY_END:
        case OBJECT:
        case OBJECT_END:
          to = from + 1
          return byte
        case MINUS:
          to = number(from)
          return NUMBER
        default:
          if (isDigit(byte)) {
            to = number(from)
            return NUMBER
          }
          to = literal(from, byte)
          return byte
      }
    },
    start: () => from,
    end: () => to,
    raw: () => buffer.toString('utf8', from, to),
    text: () =>
      backslash
        ? JSON.parse(buffer.toString('utf8', from, to))
        : buffer.toString('utf8', from + 1, to - 1),
  }
}
