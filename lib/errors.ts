/**
 * Errors of composing the stack from its context values.
 *
 * @module
 */

/** A context value that cannot be used. The message is for the person who set it. */
export class ContextError extends Error {
  override readonly name = 'ContextError'
}
