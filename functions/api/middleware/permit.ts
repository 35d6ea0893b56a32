/**
 * Decides whether a request is allowed, and refuses it as the Docker token specification says. This
 * comes before any read of the store, so a refusal does not tell whether a repository exists.
 *
 * @module
 */

import type { MiddlewareHandler } from 'hono'
import { type Access, type Action, ADMIN_SCOPE, formatScope, inWords } from '../../auth/access.ts'
import type { Caller, ChallengeError } from '../../auth/authorizer.ts'
import { AccessError } from '../../auth/errors.ts'
import { nameOf } from '../../auth/identity.ts'
import type { AppContext, AppEnv, AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { isSameOrBelow } from '../store-host.ts'

/** Scheme and host as the client sees them. */
export const originOf = (c: AppContext): string =>
  new URL(c.get('publicUrl') ?? c.env?.origin ?? c.req.url).origin

/**
 * Whether the client may be redirected to the store: it is not among those that never are, no page of another
 * origin, and sends no credentials that would go along.
 */
export const mayRedirect = async (
  c: AppContext,
  { direct, storeHost }: Pick<AppOptions, 'direct' | 'storeHost'>,
): Promise<boolean> => {
  if (direct?.(addressOf(c))) return false
  // The store knows nothing of the page, so a browser would not let it read what comes from there.
  if (c.get('crossOrigin')) return false
  if (c.req.header('Authorization') === undefined) return true
  const host = await storeHost?.()
  if (host === undefined) return true
  // The client used either: a public URL may be for other clients than this one.
  const used = [c.get('publicUrl'), c.env?.origin ?? c.req.url].filter((url) => url !== undefined)
  return !used.some((url) => isSameOrBelow(host, new URL(url).hostname))
}

/** Address of the client, as far as the host knows it. */
export const addressOf = (c: AppContext): string => c.get('viewer') ?? c.env?.address ?? 'unknown'

/** The client's method, which some hosts have to replace. */
export const methodOf = (c: AppContext): string => c.env?.clientMethod ?? c.req.method

/** Gives `permit` its authorizer. Credentials are not looked at until a route needs them. */
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

/** The scope that an action needs. Clients request pull along with push. */
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

/** Reports a request with the address of an upload whose beginner may no longer push there. */
export const reportLapse = (
  c: AppContext,
  name: string,
  who: string | undefined,
  why: string,
): void =>
  c.get('audit')({
    event: 'refusal',
    what: formatScope(scopeFor(name, 'push')),
    from: addressOf(c),
    outcome: 'failed',
    why: `the upload has ended: ${why}`,
    requestId: c.get('requestId'),
    ...(who === undefined ? {} : { who }),
  })

/**
 * Who makes the request; found out once.
 *
 * @param access the scopes that the request needs, for the challenge
 * @throws RequestError UNAUTHORIZED with a challenge, AccessError TOOMANYREQUESTS
 */
export const identify = async (c: AppContext, access: readonly Access[]): Promise<Caller> => {
  const known = c.get('caller')
  if (known !== undefined) return known
  // Nothing that a client says of a certificate is believed, only the handshake.
  const certificate = c.env?.certificate
  if (certificate !== undefined && 'refused' in certificate) {
    const why = `the client certificate ${certificate.refused}`
    reportRefusal(c, undefined, access, why)
    throw refuse(c, access, why)
  }
  try {
    const caller = await c.get('authorizer').identify({
      authorization: c.req.header('Authorization'),
      certificate,
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

/** Refuses a caller, anonymous or not, who may not do this. */
const denied = (
  c: AppContext,
  caller: Caller,
  access: Access,
  further: readonly Access[] = [],
): RequestError => {
  const wanted = formatScope(access)
  const needed = [access, ...further]
  // Anonymous callers are asked for credentials, which is not a refusal yet.
  if (caller.via !== 'nothing') reportRefusal(c, caller, [access], 'not granted')
  if (caller.via === 'nothing')
    return refuse(c, needed, `authentication required to ${inWords(access)}`)
  if (caller.via === 'certificate') {
    return refuse(c, needed, `the client certificate is not enough to ${inWords(access)}`)
  }
  if (caller.via === 'bearer') {
    const why =
      caller.identity.kind === 'anonymous'
        ? 'authentication required to'
        : 'the token is not enough to'
    return refuse(c, needed, `${why} ${inWords(access)}`, 'insufficient_scope')
  }
  return new RequestError('DENIED', `${caller.identity.name} may not ${inWords(access)}`, {
    detail: { access: [wanted] },
  })
}

/**
 * Lets a request continue if its caller may do this.
 *
 * @param further scopes that would help the request, for the challenge: clients request all it names
 * @returns the caller
 * @throws RequestError UNAUTHORIZED with a challenge, or DENIED for callers with Basic credentials
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

const CATALOG: Access = { type: 'registry', name: 'catalog', actions: ['*'] }

/** Lets a request for the catalog continue. @returns the caller, whose `lists` filters the entries */
export const permitCatalog = async (c: AppContext): Promise<Caller> => {
  const caller = await identify(c, [CATALOG])
  if (!caller.mayList) throw denied(c, caller, CATALOG)
  return caller
}

/**
 * Lets a search by the first API continue; otherwise as {@link permitCatalog}.
 *
 * podman sends no credentials along, and looks into the catalog with them once it is refused here. So it is, unless
 * everyone may pull everything: it would take what is public for all there is. Docker sends what it has at once, and a
 * header that says so.
 */
export const permitSearch = async (c: AppContext): Promise<Caller> => {
  const caller = await permitCatalog(c)
  const hasNone = caller.via === 'nothing' && c.req.header('X-Docker-Token') === undefined
  if (hasNone && !caller.listsAll()) throw denied(c, caller, CATALOG)
  return caller
}

/**
 * Lets a request of the administration continue.
 *
 * @param about the repository that it is about; or `all` of the registry, or `some` of its repositories, as the caller's
 *   `allows` tells
 * @throws RequestError UNAUTHORIZED with a challenge, or DENIED for callers with Basic credentials, and where
 *   there is no access control, so that nobody has a name
 */
export const permitAdmin = async (
  c: AppContext,
  about: 'all' | 'some' | { readonly name: string },
): Promise<Caller> => {
  const caller = await identify(c, [ADMIN_SCOPE])
  const may =
    typeof about === 'object'
      ? caller.allows(about.name, 'admin')
      : ['all', about].includes(caller.administers())
  if (may) return caller
  if (caller.open) {
    throw new RequestError(
      'DENIED',
      'the registry is open to everyone, so that nobody can administer it from afar: add a user and a policy first',
    )
  }
  throw denied(c, caller, ADMIN_SCOPE)
}

/**
 * Lets a ping continue. Clients whose ping succeeds without credentials never send any, so anonymous
 * callers are challenged here even if they may pull everything.
 */
export const permitPing = async (c: AppContext): Promise<void> => {
  const caller = await identify(c, [])
  if (caller.via === 'nothing' && !caller.unrestricted) {
    throw refuse(c, [], 'authentication required')
  }
}
