/**
 * Addresses that a registry names.
 *
 * @module
 */

/** Whether a request can be sent there. */
export const isHttp = (url: string): boolean =>
  /^https?:$/.test((URL.canParse(url) && new URL(url).protocol) || '')

/** The host of an origin as it was written, as in `registry.example:443`: docker knows its credentials by that. */
export const hostIn = (origin: string): string => origin.replace(/^https?:\/\//, '')

/** What an URL may look like in messages: its query may authorize whoever reads it. */
export const shown = (url: string): string => url.replace(/\?.*/, '')
