/**
 * What goes wrong in the credential helper.
 *
 * @module
 */

/** Credentials that cannot be had; its message is one line for the person who wanted them. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
}
