/**
 * Asks whether a request may do what it asks for, and refuses as the Docker token specification has
 * it. A repository that the caller may not see is refused alike whether it exists or not: this is
 * asked before the store is.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import { type Access, type Action, formatScope } from '../../auth/access.ts'
import { nameOf } from '../../auth/audit.ts'
import type { Caller, ChallengeError } from '../../auth/authorizer.ts'
import { AccessError } from '../../auth/errors.ts'
import type { AppContext, AppEnv, AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'

/** Scheme and host as the client sees them. */
const originOf = (c: AppContext): string =>
  new URL(c.get('publicUrl') ?? c.env?.origin ?? c.req.url).origin

/** Address of the client, as far as the host knows it. */
export const addressOf = (c: AppContext): string => c.env?.address ?? 'unknown'

/** Makes the authorizer reachable for `permit`; nobody is asked who they are before it matters. */
export const withAuthorizer = ({
  authorizer,
  audit,
  publicUrl,
}: Pick<AppOptions, 'authorizer' | 'audit' | 'publicUrl'>): MiddlewareHandler<AppEnv> =>
  async function withAuthorizer(c, next) {
    c.set('authorizer', authorizer)
    c.set('audit', audit)
    c.set('publicUrl', publicUrl)
    await next()
  }

/** What a push or delete is asked for under: clients ask for pull along with push. */
const scopeFor = (name: string, action: Action): Access => ({
  type: 'repository',
  name,
  actions: action === 'push' ? ['pull', 'push'] : [action],
})

const refuse = (
  c: AppContext,
  access: readonly Access[],
  message: string,
  error?: ChallengeError,
  cause?: unknown,
): RequestError => {
  const challenge = c.get('authorizer').challenge({
    origin: originOf(c),
    access,
    ...(error === undefined ? {} : { error }),
  })
  return new RequestError('UNAUTHORIZED', message, {
    cause,
    detail: { access: access.map(formatScope) },
    challenge,
  })
}

const reportRefusal = (
  c: AppContext,
  caller: Caller | undefined,
  access: readonly Access[],
  why: string,
): void =>
  c.get('audit')({
    event: 'refusal',
    what: access.map(formatScope).join(' ') || c.req.path,
    from: addressOf(c),
    outcome: 'failed',
    why,
    requestId: c.get('requestId'),
    ...(caller === undefined ? {} : { who: nameOf(caller.identity) }),
  })

/**
 * Who makes the request; asked once.
 *
 * @param access what it will be asked for, for the challenge
 * @throws RequestError UNAUTHORIZED with a challenge, AccessError TOOMANYREQUESTS
 */
export const identify = async (c: AppContext, access: readonly Access[]): Promise<Caller> => {
  const known = c.get('caller')
  if (known !== undefined) return known
  try {
    const caller = await c.get('authorizer').identify({
      authorization: c.req.header('Authorization'),
      address: addressOf(c),
    })
    c.set('caller', caller)
    return caller
  } catch (error) {
    if (!(error instanceof AccessError && error.code === 'UNAUTHORIZED')) throw error
    reportRefusal(c, undefined, access, error.message)
    const bearer = /^bearer /i.test(c.req.header('Authorization') ?? '')
    throw refuse(c, access, error.message, bearer ? 'invalid_token' : undefined, error)
  }
}

/** The refusal of a caller who is known, or of one who has shown nothing. */
const denied = (
  c: AppContext,
  caller: Caller,
  access: Access,
  further: readonly Access[] = [],
): RequestError => {
  const wanted = formatScope(access)
  const asked = [access, ...further]
  // Callers who have shown nothing are asked to, which is no refusal yet.
  if (caller.via !== 'nothing') reportRefusal(c, caller, [access], 'not granted')
  if (caller.via === 'nothing') return refuse(c, asked, `authentication required for ${wanted}`)
  if (caller.via === 'bearer') {
    return refuse(c, asked, `the token does not grant ${wanted}`, 'insufficient_scope')
  }
  return new RequestError('DENIED', `${caller.identity.name} may not ${wanted}`, {
    detail: { access: [wanted] },
  })
}

/**
 * Lets a request go on if its caller may do this.
 *
 * @param further what would be of use beyond it, for the challenge: clients ask for what that names
 * @returns the caller
 * @throws RequestError UNAUTHORIZED with a challenge, or DENIED where other credentials would not
 *   be asked for
 */
export const permit = async (
  c: AppContext,
  name: string,
  action: Action,
  further: readonly Access[] = [],
): Promise<Caller> => {
  const access = scopeFor(name, action)
  const caller = await identify(c, [access, ...further])
  if (!caller.allows(name, action)) throw denied(c, caller, access, further)
  return caller
}

/** Lets a request for the catalog go on. @returns the caller, whose `lists` filters the entries */
export const permitCatalog = async (c: AppContext): Promise<Caller> => {
  const access: Access = { type: 'registry', name: 'catalog', actions: ['*'] }
  const caller = await identify(c, [access])
  if (!caller.mayList) throw denied(c, caller, access)
  return caller
}

/**
 * Lets a ping go on. Clients that are let in without credentials never send any, so that a caller
 * who has shown nothing is challenged even where anonymous callers may pull everything.
 */
export const permitPing = async (c: AppContext): Promise<void> => {
  const caller = await identify(c, [])
  if (caller.via === 'nothing' && !caller.unrestricted) {
    throw refuse(c, [], 'authentication required')
  }
}
