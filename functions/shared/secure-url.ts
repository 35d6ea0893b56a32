/**
 * URLs whose responses nobody on the way can substitute.
 *
 * @module
 */

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** A URL that is https, or http to loopback. @returns undefined for any other text */
export const secureUrl = (text: string): URL | undefined => {
  const url = URL.parse(text)
  const safe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
  return url !== null && safe ? url : undefined
}
