/**
 * Addresses that a registry names.
 *
 * @module
 */

/** Whether a request can be sent there. */
export const isHttp = (url: string): boolean =>
  /^https?:$/.test((URL.canParse(url) && new URL(url).protocol) || '')

/** What an URL may look like in messages: its query may authorize whoever reads it. */
export const shown = (url: string): string => url.replace(/\?.*/, '')
