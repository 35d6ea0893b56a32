/**
 * The cookies of people.
 *
 * @module
 */

import { getCookie, setCookie } from 'hono/cookie'
import { LOG_IN_LIFE } from '../../auth/people/begun.ts'
import type { AppContext } from '../env.ts'

/**
 * What the browser keeps during a log-in. Lax: the issuer's page sends the browser back here, which is a request from
 * another site.
 */
export const LOG_IN = { name: 'slipway-log-in', sameSite: 'Lax' } as const

/**
 * A session. Strict: only the page of this registry uses it, by requests of its own, so that it need not come along
 * when somebody follows a link to here.
 */
export const SESSION = { name: 'slipway-session', sameSite: 'Strict' } as const

/**
 * A session of an account at the page. It comes along to /api alone, so that no other endpoint ever sees it.
 */
export const PAGE = { name: 'slipway-page', sameSite: 'Strict', path: '/api' } as const

type Cookie = typeof LOG_IN | typeof SESSION | typeof PAGE

/**
 * How cookies of an origin are marked. `__Host-` keeps others of the domain from setting them. Over http there is no
 * such mark, and browsers keep no Secure cookie everywhere: on this machine alone, where nobody is on the way.
 */
const marks = (origin: string, cookie: Cookie) => {
  if (!origin.startsWith('https:')) return undefined
  // `__Host-` is for all paths.
  return 'path' in cookie
    ? ({ prefix: 'secure', secure: true, path: cookie.path } as const)
    : ({ prefix: 'host' } as const)
}

/** The value of a cookie, if the browser sent it. */
export const readCookie = (c: AppContext, origin: string, cookie: Cookie): string | undefined => {
  const { prefix } = marks(origin, cookie) ?? {}
  return prefix === undefined ? getCookie(c, cookie.name) : getCookie(c, cookie.name, prefix)
}

/** Has the browser keep a cookie. @param maxAge seconds */
export const keepCookie = (
  c: AppContext,
  origin: string,
  cookie: Cookie,
  value: string,
  maxAge: number = LOG_IN_LIFE,
): void => {
  const { name, sameSite } = cookie
  const path = 'path' in cookie ? cookie.path : '/'
  setCookie(c, name, value, { httpOnly: true, sameSite, path, maxAge, ...marks(origin, cookie) })
}

/** Has the browser forget a cookie. */
export const dropCookie = (c: AppContext, origin: string, cookie: Cookie): void =>
  keepCookie(c, origin, cookie, '', 0)
