/**
 * What goes wrong on the command line.
 *
 * @module
 */

/** A command that cannot do what it was asked to; its message is one line for the person who asked. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
}

/** A command line that makes no sense: an unknown word or flag, a value that is wrong or missing. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
}
