/**
 * What goes wrong while the stack is put together from its context values.
 *
 * @module
 */

/** A context value that cannot be used; its message is for the person who set it. */
export class ContextError extends Error {
  override readonly name = 'ContextError'
}
