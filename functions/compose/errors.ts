/**
 * Errors of composing the app from its settings.
 *
 * @module
 */

/** A setting that cannot be used. The message is for the person who set it. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}
