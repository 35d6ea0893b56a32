/**
 * What the endpoints below /auth/ do. Loaded with the first request to one of them, where people log in.
 *
 * The cookie of a session opens nothing but these endpoints, and reads of /api for requests of the registry's own page: see
 * ../page/visitor.ts. For the registry itself a page gets access tokens, as every client has them. So a request that
 * another site makes a browser send finds nothing to do at /v2/.
 *
 * @module
 */

import { AccessError } from '../../auth/errors.ts'
import type { People } from '../../auth/people/people.ts'
import type { Session } from '../../auth/people/session.ts'
import type { TokenService } from '../../auth/token-service.ts'
import type { UploadMemory } from '../../registry/uploads/memory.ts'
import { quoted } from '../../shared/errors.ts'
import { secureUrl } from '../../shared/secure-url.ts'
import { readBody } from '../body.ts'
import type { AppContext } from '../env.ts'
import { RequestError } from '../errors.ts'
import { addressOf, originOf } from '../middleware/permit.ts'
import { dropCookie, keepCookie, LOG_IN, readCookie, SESSION } from './cookies.ts'
import { isFromOwnPage } from './own-page.ts'
import { isLocalPath } from './return-to.ts'

/** What the endpoints stand on. */
export interface LogIn {
  readonly people: People
  readonly tokens: TokenService
  /** For what clients send. */
  readonly memory: UploadMemory
}

type Endpoint = (c: AppContext, logIn: LogIn) => Promise<Response>

/** Most bytes of a form with scopes. */
const MAX_FORM = 64 * 1024

const redirectUri = (c: AppContext): string => `${originOf(c)}/auth/callback`

/** Refuses requests that other sites make a browser send. @throws RequestError DENIED */
const demandOwnPage = (c: AppContext): void => {
  if (isFromOwnPage(c, originOf(c))) return
  throw new RequestError('DENIED', `only pages of ${originOf(c)} may send this request`)
}

const isUnauthorized = (error: unknown): error is AccessError =>
  error instanceof AccessError && error.code === 'UNAUTHORIZED'

/** Who is logged in, if anybody is. */
const sessionOf = async (c: AppContext, people: People): Promise<Session | undefined> => {
  const cookie = readCookie(c, originOf(c), SESSION)
  if (cookie === undefined) return undefined
  try {
    return await people.session(cookie)
  } catch (error) {
    if (!isUnauthorized(error)) throw error
    // Of no use any more.
    dropCookie(c, originOf(c), SESSION)
    return undefined
  }
}

const begin: Endpoint = async (c, { people }) => {
  const origin = originOf(c)
  if (secureUrl(origin) === undefined) {
    throw new RequestError(
      'PARAMETER_INVALID',
      'people log in over https, or http on loopback: a browser keeps no session otherwise',
    )
  }
  const returnTo = c.req.query('return_to') ?? '/'
  if (!isLocalPath(returnTo)) {
    throw new RequestError(
      'PARAMETER_INVALID',
      `return_to is ${quoted(returnTo)}: expected a path of this registry, as in /page`,
    )
  }
  const { url, sealed } = await people.begin(returnTo, redirectUri(c))
  keepCookie(c, origin, LOG_IN, sealed)
  return c.redirect(url, 303)
}

const finish: Endpoint = async (c, { people }) => {
  const origin = originOf(c)
  const sealed = readCookie(c, origin, LOG_IN)
  // Good for one response, whatever that is.
  dropCookie(c, origin, LOG_IN)
  const [state, code, iss, error] = ['state', 'code', 'iss', 'error'].map((name) =>
    c.req.query(name),
  )
  try {
    const back = { returned: { state, code, iss, error }, sealed, address: addressOf(c) }
    const { session, returnTo } = await people.finish({ ...back, redirectUri: redirectUri(c) })
    keepCookie(c, origin, SESSION, session.token, session.lifetime)
    return c.redirect(returnTo, 303)
  } catch (cause) {
    if (!isUnauthorized(cause)) throw cause
    // Not 401: there is nothing that the browser could send instead.
    throw new RequestError('DENIED', `the log-in failed: ${cause.message}`, { cause })
  }
}

const show: Endpoint = async (c, { people }) => {
  const session = await sessionOf(c, people)
  if (session === undefined) return c.json({ identity: null })
  const { shown, identity, issuer, groups, expires } = session
  return c.json({
    identity: { name: shown, subject: identity.name, issuer },
    groups,
    expires: new Date(expires).toISOString(),
  })
}

const token: Endpoint = async (c, { people, tokens, memory }) => {
  demandOwnPage(c)
  const session = await sessionOf(c, people)
  if (session === undefined) {
    throw new RequestError('UNAUTHORIZED', 'nobody is logged in: begin at /auth/login')
  }
  const body = await readBody(c, memory, { what: 'form', limit: MAX_FORM })
  const form = new URLSearchParams(Buffer.from(body).toString())
  const credentials = { kind: 'session', requester: session.requester } as const
  const common = { service: undefined, offline: false, address: addressOf(c) }
  return c.json(await tokens.grant({ ...common, credentials, scopes: form.getAll('scope') }))
}

const logOut: Endpoint = async (c) => {
  demandOwnPage(c)
  dropCookie(c, originOf(c), SESSION)
  return c.body(null, 204)
}

/** What is at a path, by method. */
export const ENDPOINTS: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  '/auth/login': { GET: begin },
  '/auth/callback': { GET: finish },
  '/auth/session': { GET: show },
  '/auth/session/token': { POST: token },
  '/auth/logout': { POST: logOut },
}

/** What all responses say: they are for one browser, and nothing is to be made of them. */
const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/**
 * Responds to a request below /auth/.
 *
 * @returns undefined if there is nothing at its path
 * @throws RequestError METHOD_NOT_ALLOWED: HEAD is no GET here, as nobody would see what comes of it
 */
export const respond = async (c: AppContext, logIn: LogIn): Promise<Response | undefined> => {
  const methods = ENDPOINTS[c.req.path]
  if (methods === undefined) return undefined
  for (const [name, value] of Object.entries(HEADERS)) c.header(name, value)
  const endpoint = methods[c.req.method]
  if (endpoint !== undefined) return endpoint(c, logIn)
  const allow = Object.keys(methods).join(', ')
  throw new RequestError(
    'METHOD_NOT_ALLOWED',
    `${c.req.method} is not allowed here, only ${allow}`,
    { allow },
  )
}
