/**
 * Whether a request comes from a page of this registry. Any page on the web can make a browser send requests here; the
 * headers below are the browser's own, and no page can set them.
 *
 * @module
 */

import type { AppContext } from '../env.ts'

/**
 * Whether a browser says that a page of this registry sent the request. It must say so: without either header, no.
 *
 * @param origin scheme and host of this registry, as the browser sees them
 */
export const isFromOwnPage = (c: AppContext, origin: string): boolean => {
  const site = c.req.header('Sec-Fetch-Site')
  const sent = c.req.header('Origin')
  // Another port or name of the same domain is another's page, too.
  if (site !== undefined && site !== 'same-origin') return false
  // A page without referrers sends `null` with its forms.
  if (sent === undefined || sent === 'null') return site === 'same-origin'
  return sent === origin
}
