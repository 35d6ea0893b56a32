/**
 * What the terminal is shown, which may be what somebody else says: a registry, a receiver of events, a token.
 *
 * @module
 */

import type { Io } from './io.ts'

/** A text of which nothing but tabs and ends of lines does anything to a terminal. */
export const harmless = (text: string): string =>
  text.replaceAll(/(?![\t\n]|\r\n)\p{Cc}/gu, '\u{fffd}')

/** The same surroundings, with nothing in their lines that does anything to a terminal. */
export const withHarmlessLines = (io: Io): Io => ({
  ...io,
  print: (line) => io.print(harmless(line)),
  say: (line) => io.say(harmless(line)),
})
