/**
 * What is wrong with a text that is no YAML, without any of the text: a password that begins with `!` or `*` would
 * otherwise be in a message, and so in logs.
 *
 * @module
 */

import type { ErrorCode, YAMLError } from 'yaml'

/** In place of messages that repeat the text. */
const WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_ALIAS: 'an alias or anchor of YAML that cannot be one',
  BAD_DIRECTIVE: 'a directive that YAML does not have',
  BAD_DQ_ESCAPE: 'an escape sequence that YAML does not have',
  TAG_RESOLVE_FAILED: 'a tag of YAML that cannot be one',
}

/** The words for a problem; its place is for the caller to say. */
export const wordsOf = ({ code, message }: YAMLError): string =>
  // What was found stands after a colon.
  WORDS[code] ?? (code === 'UNEXPECTED_TOKEN' ? (message.split(': ', 1)[0] ?? '') : message)
