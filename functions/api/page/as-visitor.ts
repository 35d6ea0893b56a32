/**
 * Requests of the page to the API are those of whoever is signed in.
 *
 * @module
 */

import type { AppContext, PageDesk } from '../env.ts'
import { isOfPage, visitorOf } from './visitor.ts'

/**
 * Lets a request of the page go on as that of its visitor. Where it is refused, the browser is not told to ask for a password:
 * the page does.
 */
export const asVisitor = async (
  c: AppContext,
  desk: PageDesk,
  next: () => Promise<void>,
): Promise<void> => {
  const counts = !desk.open && c.req.header('Authorization') === undefined
  if (counts && isOfPage(c)) {
    const visitor = await visitorOf(c, desk)
    if (visitor !== undefined) c.set('caller', visitor.caller)
  }
  await next()
  for (const name of ['WWW-Authenticate', 'X-Registry-Challenge']) c.res.headers.delete(name)
}
