/**
 * /api/page/session: who is signed in at the page, sign-in with an account, and sign-out.
 *
 * @module
 */

import { SESSION_LIFE } from '../../auth/people/account-session.ts'
import type { UploadMemory } from '../../registry/uploads/memory.ts'
import * as z from '../../shared/schema.ts'
import { secureUrl } from '../../shared/secure-url.ts'
import { readBody } from '../body.ts'
import type { AppContext, AppOptions, PageDesk } from '../env.ts'
import { RequestError } from '../errors.ts'
import { addressOf, identify, originOf } from '../middleware/permit.ts'
import { dropCookie, keepCookie, PAGE, SESSION } from '../people/cookies.ts'
import { isOfPage, visitorOf } from './visitor.ts'

/** Most bytes of a name and a password. */
const MAX_BODY = 4 * 1024

const credentials = z.object({ name: z.string(), password: z.string() })

const demandPage = (c: AppContext): void => {
  if (isOfPage(c)) return
  throw new RequestError('DENIED', `only the page of ${originOf(c)} may send this request`)
}

/** Says who is signed in, and how one can sign in. */
export const show = async (
  c: AppContext,
  desk: PageDesk,
  { admin, readOnly }: Pick<AppOptions, 'admin' | 'readOnly'>,
): Promise<Response> => {
  c.header('Cache-Control', 'no-store')
  const visitor = isOfPage(c) && !desk.open ? await visitorOf(c, desk) : undefined
  const caller = visitor?.caller ?? (await identify(c, []))
  const { open } = caller
  const people = open || desk.open ? undefined : await desk.people()
  return c.json({
    name: visitor?.shown ?? null,
    ...(visitor ? { expires: new Date(visitor.expires).toISOString() } : {}),
    administers: admin ? caller.administers() : 'nothing',
    readOnly,
    open: open === true,
    accounts: open !== true,
    people: people !== undefined,
    secure: secureUrl(originOf(c)) !== undefined,
  })
}

const readCredentials = async (c: AppContext, memory: UploadMemory) => {
  const body = await readBody(c, memory, { what: 'body', limit: MAX_BODY })
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(body).toString())
  } catch {
    json = undefined
  }
  const { data } = credentials.safeParse(json)
  // What the parser says would quote the body, in which there may be a password.
  if (data === undefined) throw new RequestError('PARAMETER_INVALID', 'expected name and password')
  return data
}

/** Signs an account in. @throws AccessError UNAUTHORIZED, TOOMANYREQUESTS */
export const signIn = async (
  c: AppContext,
  desk: PageDesk,
  memory: UploadMemory,
): Promise<Response> => {
  c.header('Cache-Control', 'no-store')
  demandPage(c)
  const origin = originOf(c)
  if (secureUrl(origin) === undefined) {
    throw new RequestError(
      'PARAMETER_INVALID',
      'sign in over https, or http on loopback: a password would be read on its way',
    )
  }
  const { name, password } = await readCredentials(c, memory)
  const sealed = await (await desk.sessions()).signIn(name, password, addressOf(c))
  keepCookie(c, origin, PAGE, sealed, SESSION_LIFE)
  return c.body(null, 204)
}

/** Signs out whoever is signed in. */
export const signOut = (c: AppContext): Response => {
  demandPage(c)
  dropCookie(c, originOf(c), PAGE)
  dropCookie(c, originOf(c), SESSION)
  return c.body(null, 204)
}
