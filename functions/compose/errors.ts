/**
 * What goes wrong while the app is put together from its settings.
 *
 * @module
 */

/** A setting that cannot be used; its message is for the person who set it. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}
