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

type Cookie = typeof LOG_IN | typeof SESSION

/**
 * How cookies of an origin are marked. `__Host-` keeps others of the domain from setting them. Over http there is no
 * such mark, and browsers keep no Secure cookie everywhere: on this machine alone, where nobody is on the way.
 */
const marks = (origin: string) =>
  origin.startsWith('https:') ? ({ prefix: 'host' } as const) : undefined

/** The value of a cookie, if the browser sent it. */
export const readCookie = (c: AppContext, origin: string, { name }: Cookie): string | undefined => {
  const { prefix } = marks(origin) ?? {}
  return prefix === undefined ? getCookie(c, name) : getCookie(c, name, prefix)
}

/** Has the browser keep a cookie. @param maxAge seconds */
export const keepCookie = (
  c: AppContext,
  origin: string,
  { name, sameSite }: Cookie,
  value: string,
  maxAge: number = LOG_IN_LIFE,
): void =>
  setCookie(c, name, value, { httpOnly: true, sameSite, path: '/', maxAge, ...marks(origin) })

/** Has the browser forget a cookie. */
export const dropCookie = (c: AppContext, origin: string, cookie: Cookie): void =>
  keepCookie(c, origin, cookie, '', 0)
