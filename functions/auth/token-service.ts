/**
 * The token endpoint without HTTP (Docker token specification; its OAuth2 form for POST).
 *
 * @module
 */

import { isName } from '../registry/reference.ts'
import { cached } from '../shared/cached.ts'
import {
  ACTIONS,
  type Access,
  ADMIN_SCOPE,
  formatScope,
  mergeAccess,
  parseScopes,
} from './access.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { Audit } from './audit.ts'
import { AccessError } from './errors.ts'
import { type AwsLogIns, awsLogIn } from './iam/aws.ts'
import {
  ANONYMOUS,
  fingerprint,
  type Identity,
  isJwt,
  isRobot,
  isSignedRequest,
  nameOf,
} from './identity.ts'
import type { Signer, SigningKeys } from './keys/signing-keys.ts'
import type { Live } from './live.ts'
import type { People } from './people/people.ts'
import { allowedActions, mayAnything, type Policy } from './policy/policy.ts'
import type { IssuedKind, OwnKind } from './tokens/claims.ts'
import type { Requester, TokenResponse } from './tokens/granted.ts'
import { type IssuedToken, issueRefreshToken, issueToken } from './tokens/issue.ts'
import { createRefreshVerifier } from './tokens/refresh.ts'
import type { TokenVerifier } from './tokens/verify.ts'

/** Seconds an access token is valid: clients request another when it expires. */
const ACCESS_LIFE = 5 * 60
/** Milliseconds for which a token that allows nothing is given to whoever asks. */
const EMPTY_AGE = 60_000
/** Seconds a refresh token is valid; a change of the password ends it at once. */
export const REFRESH_LIFE = 90 * 24 * 60 * 60
/** Most scopes of one request; no client requests more than a few. */
const MAX_SCOPES = 100

/** The credentials with which a token is requested; `none` is an anonymous caller. */
export type TokenCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly name: string; readonly password: string }
  | { readonly kind: 'refresh'; readonly token: string }
  /** A token of another issuer, in exchange for one of ours (RFC 8693), perhaps for a robot. */
  | { readonly kind: 'token'; readonly token: string; readonly robot?: string | undefined }
  /** A signed request to AWS STS, in place of a password. */
  | { readonly kind: 'aws'; readonly name: string; readonly password: string }
  /** Somebody who is logged in with a browser. */
  | { readonly kind: 'session'; readonly requester: Requester }

/**
 * A password that is a JWT is what another issuer says of its bearer, whatever the name, unless that is a robot's: then
 * it is in place of the robot's secret. One that is a signed request is for AWS to say whose it is.
 */
export const passwordCredentials = (name: string, password: string): TokenCredentials => {
  if (isJwt(password)) {
    return { kind: 'token', token: password, robot: isRobot(name) ? name : undefined }
  }
  return { kind: isSignedRequest(password) ? 'aws' : 'password', name, password }
}

export interface TokenRequest {
  readonly credentials: TokenCredentials
  /** The service that the token is for; absent is this registry. */
  readonly service: string | undefined
  /** `scope` values, each of which may contain several scopes. */
  readonly scopes: readonly string[]
  /** Whether a refresh token is requested. */
  readonly offline: boolean
  /** Address of the client. */
  readonly address: string
}

export interface TokenServiceOptions {
  readonly accounts: Accounts
  readonly policy: Live<Policy>
  readonly keys: SigningKeys
  /** Verifies the tokens of other issuers. */
  readonly verifier: TokenVerifier
  /** Log-ins with credentials of AWS; absent: there are none. */
  readonly aws?: AwsLogIns | undefined
  readonly issuer: string
  readonly service: string
  readonly audit: Audit
  /** Whether the registry takes no writes: then nobody is granted more than pulls. */
  readonly readOnly: boolean
  /** Clock in milliseconds. */
  readonly now: () => number
}

export interface TokenService {
  /**
   * Grants as much of what is requested as the policy allows; granting less, or nothing, is not an
   * error.
   *
   * @throws AccessError UNAUTHORIZED for wrong credentials; SERVICE_UNKNOWN, TOO_MANY_SCOPES, TOOMANYREQUESTS
   */
  grant(request: TokenRequest): Promise<TokenResponse>
}

/** What issues tokens, and the keys that others verify them with. */
export interface TokenIssuing {
  readonly tokens: TokenService
  readonly keys: SigningKeys
  /** `iss` of the tokens. */
  readonly issuer: string
  /** How people log in with a browser; undefined where they do not. */
  readonly people: () => Promise<People | undefined>
}

/** Who somebody says to be, for the audit trail. */
const claimedName = (credentials: TokenCredentials): string | undefined => {
  if (credentials.kind === 'password') return `user:${credentials.name.slice(0, 128)}`
  if (credentials.kind !== 'token' || credentials.robot === undefined) return undefined
  return `robot:${credentials.robot.slice(0, 128)}`
}

const responseOf = (
  { token, lifetime, issuedAt }: IssuedToken,
  access: readonly Access[],
): TokenResponse => ({
  token,
  access_token: token,
  expires_in: lifetime,
  issued_at: new Date(issuedAt).toISOString(),
  scope: access.map(formatScope).join(' '),
})

/** The token endpoint of this registry. */
export const createTokenService = (options: TokenServiceOptions): TokenService => {
  const { accounts, policy, keys, verifier, aws, issuer, service, audit, readOnly, now } = options
  const verifyRefresh = createRefreshVerifier({
    issuer,
    audience: service,
    keys,
    credentials: ({ name }) => accounts.credentials(name),
    now,
  })

  const exchange = async (token: string, robot: string | undefined): Promise<Requester> => {
    // Loaded only where other issuers' tokens come in.
    const { exchangeToken } = await import('./exchange/exchange.ts')
    return exchangeToken({ verifier, accounts, now }, token, robot)
  }

  const logIn = async ({ credentials, address }: TokenRequest): Promise<Requester> => {
    if (credentials.kind === 'none') return { identity: ANONYMOUS }
    if (credentials.kind === 'token') return exchange(credentials.token, credentials.robot)
    if (credentials.kind === 'session') return credentials.requester
    if (credentials.kind === 'aws') {
      const { name, password } = credentials
      return { identity: await awsLogIn(aws, name, password, address) }
    }
    if (credentials.kind === 'password') {
      const found = await accounts.authenticate(credentials.name, credentials.password, address)
      if (found === undefined) throw new AccessError('UNAUTHORIZED', 'wrong name or password')
      const { credential } = found
      return credential === '' ? found : { ...found, bound: fingerprint(credential) }
    }
    const { name, credential: bound } = await verifyRefresh(credentials.token)
    const identity = await accounts.lookup(name)
    if (identity === undefined)
      throw new AccessError('UNAUTHORIZED', 'the account no longer exists')
    return { identity, bound }
  }

  /** As `logIn`, with an event for the audit trail. */
  const audited = async (request: TokenRequest): Promise<Requester> => {
    const { credentials, address } = request
    const base = { event: 'login', what: credentials.kind, from: address } as const
    try {
      const known = await logIn(request)
      if (known.identity.kind !== 'anonymous') {
        const { identity, token } = known
        const id = token === undefined ? {} : { token }
        audit({ ...base, who: nameOf(identity), outcome: 'ok', ...id })
      }
      return known
    } catch (error) {
      const why = error instanceof Error ? error.message : 'failed'
      const who = claimedName(credentials)
      audit({ ...base, outcome: 'failed', why, ...(who === undefined ? {} : { who }) })
      throw error
    }
  }

  const granted = (current: Policy, identity: Identity, asked: Access): Access[] => {
    const { type, name } = asked
    if (type === 'registry' && name === 'catalog') return [{ type, name, actions: ['*'] }]
    if (formatScope(asked) === formatScope(ADMIN_SCOPE)) {
      return mayAnything(current, identity, ['admin']) ? [ADMIN_SCOPE] : []
    }
    if (type !== 'repository' || !isName(name)) return []
    const wanted = asked.actions.includes('*') ? ACTIONS : asked.actions
    const actions = allowedActions(current, identity, name).filter(
      (each) => wanted.includes(each) && (each === 'pull' || !readOnly),
    )
    return actions.length === 0 ? [] : [{ type, name, actions }]
  }

  const refreshFor = async (
    signer: Signer,
    { identity, credential }: Requester,
  ): Promise<IssuedToken | undefined> => {
    if (!credential) return undefined
    const kind = identity.kind as OwnKind
    const common = { signer, issuer, subject: identity.name, kind, now, audience: service }
    return issueRefreshToken({ ...common, credential, lifetime: REFRESH_LIFE })
  }

  /**
   * For callers without credentials where `anonymous` may do nothing: the registry then refuses them, and clients
   * say that credentials are needed. Were they refused here, podman and skopeo would speak of a wrong password.
   * It is the same for all, so that strangers cause no signatures, which KMS bills.
   */
  const empty = cached(
    async (): Promise<TokenResponse> => {
      const signer = await keys.signer()
      const common = { signer, issuer, audience: service, subject: '', now }
      const issued = await issueToken({
        ...common,
        kind: 'anonymous',
        access: [],
        lifetime: ACCESS_LIFE,
      })
      return responseOf(issued, [])
    },
    { now, maxAge: EMPTY_AGE },
  )

  return {
    async grant(request) {
      if (request.service !== undefined && request.service !== service) {
        throw new AccessError(
          'SERVICE_UNKNOWN',
          `tokens are issued here only for the service ${JSON.stringify(service)}, not for ${JSON.stringify(request.service)}`,
        )
      }
      const known = await audited(request)
      const { identity } = known
      const current = await policy.get()
      if (identity.kind === 'anonymous' && !mayAnything(current, ANONYMOUS)) return empty.get()
      const asked = parseScopes(request.scopes)
      if (asked.length > MAX_SCOPES) {
        throw new AccessError(
          'TOO_MANY_SCOPES',
          `too many scopes: ${asked.length}, at most ${MAX_SCOPES} are allowed`,
        )
      }
      const access = mergeAccess(asked.flatMap((each) => granted(current, identity, each)))
      const signer = await keys.signer()
      const issued = await issueToken({
        signer,
        issuer,
        audience: service,
        subject: identity.name,
        kind: identity.kind as IssuedKind,
        access,
        credential: known.bound,
        lifetime: ACCESS_LIFE,
        now,
        ...known.binds?.(current, ACCESS_LIFE),
      })
      const refresh = request.offline ? await refreshFor(signer, known) : undefined
      const response = responseOf(issued, access)
      audit({
        event: 'grant',
        who: nameOf(identity),
        what: response.scope,
        from: request.address,
        outcome: 'ok',
        token: issued.id,
      })
      return {
        ...response,
        ...(refresh === undefined ? {} : { refresh_token: refresh.token }),
        ...known.more,
      }
    },
  }
}
