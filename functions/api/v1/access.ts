/**
 * Who may do what in the first API: whoever may in the second, by the same policy. A request shows a token, or what it
 * shows elsewhere, and then a token in a cookie, for the name of the repository alone.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import { nameOf } from '../../auth/identity.ts'
import type { V1 } from '../../v1/open.ts'
import { formatCookie, formatToken, type Grant, parseCookie, parseToken } from '../../v1/token.ts'
import type { AppContext, AppEnv } from '../env.ts'
import { RequestError } from '../errors.ts'
import { addressOf, originOf, permit } from '../middleware/permit.ts'

/** What the first API distinguishes. */
export type V1Action = 'pull' | 'push'

/** What a caller may do in a repository. */
export interface Allowed extends Grant {
  /** Whether anybody may: then caches may share what it gets. */
  readonly isPublic: boolean
}

const OF_ANYBODY = 'anonymous'

/** Shows a token, where the request had one of its own or credentials. */
const showToken = (c: AppContext, signature: string, grant: Grant): void => {
  const token = formatToken(signature, grant)
  c.header('X-Docker-Token', token)
  c.header('WWW-Authenticate', token)
  // A client that sends its credentials with every request sends no token, but keeps cookies.
  if (parseToken(c.req.header('Authorization')) !== undefined) return
  if (c.req.header('Authorization') === undefined && c.req.header('Cookie') === undefined) return
  const cookie = formatCookie(signature, originOf(c).startsWith('https:'))
  if (cookie !== undefined) c.header('Set-Cookie', cookie, { append: true })
}

/** Gives a token for what the caller may do. */
export const giveToken = async (
  c: AppContext,
  { tokens }: V1,
  { name, who, holder, until, actions }: Allowed,
  action: V1Action,
): Promise<void> => {
  const granted = actions.filter((each) => action === 'push' || each === 'pull')
  const grant = { name, who, holder, until, actions: granted }
  showToken(c, await tokens.issue(grant), grant)
  c.header('X-Docker-Endpoints', new URL(originOf(c)).host)
}

/** What a token that was shown is good for, if it is for this repository, and its bearer still has the right. */
const byToken = async (
  c: AppContext,
  v1: V1,
  grant: Awaited<ReturnType<V1['tokens']['open']>>,
  name: string,
  wanted: readonly V1Action[],
): Promise<Allowed | undefined> => {
  const action = wanted.find((each) => grant?.name === name && grant.actions.includes(each))
  if (grant === undefined || action === undefined) return undefined
  const { holder, who } = grant
  if (holder !== undefined && (await c.get('authorizer').lapsed(holder, name, action))) {
    return undefined
  }
  c.set('startedBy', who)
  if (grant.ageing) showToken(c, await v1.tokens.issue(grant), grant)
  return { ...grant, isPublic: who === OF_ANYBODY }
}

/** What a request may do by its token, its credentials, or as anybody. */
const allowByPolicy = async (
  c: AppContext,
  v1: V1,
  name: string | undefined,
  wanted: readonly [V1Action, ...V1Action[]],
): Promise<Allowed> => {
  const authorization = c.req.header('Authorization')
  const inHeader = parseToken(authorization)
  const shown = inHeader ?? parseCookie(c.req.header('Cookie'))
  const grant = shown === undefined ? undefined : await v1.tokens.open(shown)
  const own = name ?? grant?.name
  if (own === undefined) {
    throw new RequestError('UNAUTHORIZED', 'Requires authorization', { challenge: 'Token' })
  }
  if (authorization === undefined || inHeader !== undefined) {
    const allowed = await byToken(c, v1, grant, own, wanted)
    if (allowed !== undefined) return allowed
    // It is for another repository, or has expired.
    if (inHeader !== undefined) await becomeAnybody(c)
  }
  const [first] = wanted
  const known = c.get('caller')
  const caller =
    known !== undefined && wanted.some((each) => known.allows(own, each))
      ? known
      : await permitAny(c, own, wanted, first)
  const actions = (['pull', 'push'] as const).filter((each) => caller.allows(own, each))
  const who = nameOf(caller.identity)
  return { name: own, who, holder: caller.note(), actions, isPublic: who === OF_ANYBODY }
}

/**
 * Takes away what the first API cannot do: it knows no signatures. So nothing is pulled where images must be signed,
 * whoever asks.
 *
 * @throws RequestError DENIED
 */
const withoutUnsigned = async (
  c: AppContext,
  allowed: Allowed,
  wanted: readonly V1Action[],
): Promise<Allowed> => {
  const { name, actions } = allowed
  const required = wanted.includes('pull') ? await c.get('authorizer').required?.(name) : undefined
  const refuses = required?.some(({ signed, effect }) => signed && effect === 'refuse')
  if (!refuses) return allowed
  if (wanted.includes('push') && actions.includes('push')) {
    return { ...allowed, actions: ['push'], isPublic: false }
  }
  throw new RequestError(
    'DENIED',
    `the repository ${name} gives only signed images, and to clients of the first API none: pull with docker 1.10 or later`,
  )
}

/**
 * Lets a request continue.
 *
 * @param name of the repository, where the path has it; otherwise it is the token's
 * @param wanted any of these is enough
 * @throws RequestError UNAUTHORIZED, DENIED
 */
export const allow = async (
  c: AppContext,
  v1: V1,
  name: string | undefined,
  ...wanted: readonly [V1Action, ...V1Action[]]
): Promise<Allowed> => withoutUnsigned(c, await allowByPolicy(c, v1, name, wanted), wanted)

/** Whoever shows a token, where none is of use, is anybody. */
const becomeAnybody = async (c: AppContext): Promise<void> => {
  const certificate = c.env?.certificate
  const accepted = certificate && 'refused' in certificate ? undefined : certificate
  const credentials = { authorization: undefined, address: addressOf(c) }
  const caller = await c.get('authorizer').identify({ ...credentials, certificate: accepted })
  c.set('caller', caller)
}

/** Docker shows the token of a repository with a search, too, if it has one. */
export const tokenOfAnybody: MiddlewareHandler<AppEnv> = async function tokenOfAnybody(c, next) {
  if (parseToken(c.req.header('Authorization')) !== undefined) await becomeAnybody(c)
  await next()
}

/** Whoever may do one of these; the refusal is about the first. */
const permitAny = async (
  c: AppContext,
  name: string,
  wanted: readonly V1Action[],
  first: V1Action,
) => {
  for (const each of wanted.slice(1)) {
    const caller = await permit(c, name, each).catch((error: unknown) => {
      if (error instanceof RequestError) return undefined
      throw error
    })
    if (caller !== undefined) return caller
  }
  return permit(c, name, first)
}
