/**
 * Why a text is not the JSON that is expected.
 *
 * @module
 */

/** The message follows on "invalid manifest: ". */
export class JsonError extends Error {
  override readonly name = 'JsonError'
}
