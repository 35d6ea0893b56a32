/**
 * What the errors of the layers have in common, and how values of clients stand in their messages.
 *
 * @module
 */

export interface CodedErrorOptions extends ErrorOptions {
  /** What a program may want to read besides the message; clients see it as the error's `detail`. */
  readonly detail?: Readonly<Record<string, unknown>>
  /** Seconds after which it is worth trying again. */
  readonly retryAfter?: number
}

/**
 * A failure that the client is told of: what was wrong, with which value, and what would be right.
 * Each layer has a class of its own with the codes it may throw; `api/errors.ts` says what goes over
 * the wire for each code.
 */
export abstract class CodedError<Code extends string> extends Error {
  readonly code: Code
  readonly detail: Readonly<Record<string, unknown>> | undefined
  /** Seconds. */
  readonly retryAfter: number | undefined

  constructor(code: Code, message: string, options: CodedErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.detail = options.detail
    this.retryAfter = options.retryAfter
  }
}

/** A document of an administrator that cannot be used; the message is for the person who wrote it. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
}

/** A text without the user and password that a URL in it may have. */
export const withoutUser = (text: string): string => text.replace(/\/\/.*@/s, '//…@')

/** A client's value as it may stand in a message: quoted, printable, at most 80 characters. */
export const quoted = (value: string): string =>
  JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)
