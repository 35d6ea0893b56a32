/**
 * What keeps a server from starting, apart from its settings.
 *
 * @module
 */

/** A server that cannot start; the message is for the person who starts it. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
