/**
 * Errors of composing the app from its settings.
 *
 * @module
 */

/** A setting that cannot be used. The message is for the person who set it. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** What an edge keeps could not be changed. */
export class EdgeCacheError extends Error {
  override readonly name = 'EdgeCacheError'
  /** Of the answer. */
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}
