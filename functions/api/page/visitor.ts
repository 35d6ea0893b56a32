/**
 * Who looks at the page, by the cookies of its sessions. They count for requests of the page alone: those to /api of
 * which the browser says so, with a header that no other site can make it send. At /v2 they mean nothing.
 *
 * @module
 */

import { AccessError } from '../../auth/errors.ts'
import type { PageVisitor } from '../../auth/people/account-session.ts'
import type { AppContext, PageDesk } from '../env.ts'
import { originOf } from '../middleware/permit.ts'
import { dropCookie, PAGE, readCookie, SESSION } from '../people/cookies.ts'
import { isFromOwnPage } from '../people/own-page.ts'

/** Requests of the page have it. */
export const HEADER = 'X-Slipway-Page'

/** Whether the page of this registry has sent a request. */
export const isOfPage = (c: AppContext): boolean =>
  c.req.header(HEADER) !== undefined && isFromOwnPage(c, originOf(c))

/** Who has logged in at an issuer. */
const personOf = async (
  c: AppContext,
  { sessions, people }: PageDesk,
): Promise<PageVisitor | undefined> => {
  const cookie = readCookie(c, originOf(c), SESSION)
  const open = cookie === undefined ? undefined : await people()
  if (cookie === undefined || open === undefined) return undefined
  try {
    return await (await sessions()).ofPerson(await open.session(cookie))
  } catch (error) {
    if (!(error instanceof AccessError && error.code === 'UNAUTHORIZED')) throw error
    dropCookie(c, originOf(c), SESSION)
    return undefined
  }
}

/** Who looks at the page; undefined if nobody is signed in. */
export const visitorOf = async (
  c: AppContext,
  desk: PageDesk,
): Promise<PageVisitor | undefined> => {
  const cookie = readCookie(c, originOf(c), PAGE)
  const account = cookie === undefined ? undefined : await (await desk.sessions()).read(cookie)
  if (account !== undefined) return account
  // Of no use any more.
  if (cookie !== undefined) dropCookie(c, originOf(c), PAGE)
  return personOf(c, desk)
}
