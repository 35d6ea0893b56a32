/**
 * Which version this is.
 *
 * @module
 */

/** The version in package.json, as a test has it; a bundle has no such file beside it. */
export const VERSION = '1.0.0'
