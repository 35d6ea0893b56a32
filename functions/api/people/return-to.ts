/**
 * Where a browser goes after it has logged in: it comes with a link that anyone may have made.
 *
 * @module
 */

/** Most characters of a path: it is in a cookie until the end of the log-in. */
const MAX_PATH = 512

/**
 * Printable ASCII that begins with one slash. Browsers take `//host`, `/\host` and, as they drop tabs and line ends,
 * `/<tab>/host` for another host. Anything else is escaped where a page makes the link.
 */
const LOCAL = /^\/(?!\/)[!-[\]-~]*$/

/** Whether a text is a path of this registry, and of no other host. */
export const isLocalPath = (text: string): boolean => {
  if (text.length > MAX_PATH || !LOCAL.test(text)) return false
  // As browsers resolve it, in case that they see more in it than is seen here.
  return URL.parse(text, 'https://registry.invalid')?.origin === 'https://registry.invalid'
}
