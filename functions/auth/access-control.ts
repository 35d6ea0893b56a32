/**
 * Decides who may do what, by accounts, policy and tokens.
 *
 * @module
 */

import { once } from '../shared/once.ts'
import { type Action, ADMIN_SCOPE, formatScope, grants } from './access.ts'
import { type Accounts, isBound, type LogIn } from './accounts/accounts.ts'
import type { Audit } from './audit.ts'
import { type Authorizer, type Caller, openAuthorizer } from './authorizer.ts'
import { administeredBy, byCertificate, byPolicy, nobody, noteOf, written } from './callers.ts'
import type { CertificateAuthorities, ClientCertificate } from './certificate.ts'
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
  parseBasic,
  parseBearer,
} from './identity.ts'
import type { Live } from './live.ts'
import type { Note } from './note.ts'
import { allows, allowsEverywhere, DENY_ALL, type Policy, requiredOf } from './policy/policy.ts'
import type { TokenVerifier, VerifiedToken } from './tokens/verify.ts'

export interface AccessControlOptions {
  readonly accounts: Accounts
  readonly policy: Live<Policy>
  readonly verifier: TokenVerifier
  /** Log-ins with credentials of AWS; absent: there are none. */
  readonly aws?: AwsLogIns | undefined
  /** How clients are challenged to authenticate. */
  readonly scheme: 'bearer' | 'basic'
  /** Name of this registry in tokens and challenges. */
  readonly service: string
  /** Where clients get tokens; by default `/token` of this registry. */
  readonly realm: string | undefined
  /** Whether everyone may do everything as long as neither accounts nor a policy have been set up. */
  readonly openUntilSetUp: boolean
  /** Whose certificates let callers in. */
  readonly authorities?: CertificateAuthorities | undefined
  readonly audit: Audit
}

/** Whether nothing has ever been set up, so that `openUntilSetUp` applies. */
export const isUnconfigured = async (
  accounts: Accounts,
  policy: Live<Policy>,
): Promise<boolean> => {
  const [current, setUp] = await Promise.all([policy.get(), accounts.areSetUp()])
  return current === DENY_ALL && !setUp
}

/** The action that tokens have for one: those that let pull let fetch. */
const tokenAction = (action: Action): Action => (action === 'fetch' ? 'pull' : action)

const refused = (message: string): AccessError => new AccessError('UNAUTHORIZED', message)

/** Access control by the documents in the store as they are at the moment. */
export const createAccessControl = (options: AccessControlOptions): Authorizer => {
  const { accounts, policy, verifier, aws, audit } = options

  /**
   * A caller who may do what the token grants: its issuer has decided. Only a policy makes administrators: some issuers
   * grant whatever they are asked for.
   */
  const byGrants = (token: VerifiedToken): Caller => ({
    identity: token.identity,
    via: 'bearer',
    note: () => written(noteOf(token)),
    allows: (repository, action) =>
      action !== 'admin' && grants(token.access, 'repository', repository, tokenAction(action)),
    administers: () => 'nothing',
    mayList: grants(token.access, 'registry', 'catalog', '*'),
    lists: () => true,
    listsAll: () => true,
    pullsEverything: false,
    unrestricted: false,
  })

  /** Whom a token of ours was issued to, as it is now. */
  const ownerOf = async (current: Policy, token: VerifiedToken): Promise<Identity | undefined> => {
    const { kind, name } = token.identity
    if (kind === 'anonymous') return ANONYMOUS
    // The verifier has looked whether its account is accepted.
    if (kind === 'aws') return token.identity
    if (kind !== 'token') {
      if (token.byBinding && !(await isBound(accounts, name, token.credential))) {
        throw refused('the robot is bound to other claims, or to none: log in again')
      }
      return accounts.lookup(name)
    }
    const { carriesEnough } = await import('./exchange/carried.ts')
    if (carriesEnough(token.only, current)) return token.identity
    throw refused('the policy has changed since the token was issued: request another')
  }

  /**
   * Our own tokens grant what the policy allowed when they were issued, less what it has revoked
   * since, and nothing once the account is removed.
   */
  const byOwnToken = async (current: Policy, token: VerifiedToken): Promise<Caller> => {
    const identity = await ownerOf(current, token)
    if (identity === undefined)
      throw refused('the account that the token was issued to no longer exists')
    const granted = byGrants({ ...token, identity })
    const mayAdminister = (): boolean =>
      grants(token.access, ADMIN_SCOPE.type, ADMIN_SCOPE.name, '*')
    const has = (repository: string, action: Action): boolean =>
      action === 'admin'
        ? mayAdminister()
        : action === 'override' || granted.allows(repository, action)
    return {
      ...granted,
      allows: (repository, action) =>
        has(repository, action) && allows(current, identity, repository, action),
      administers: () => (mayAdminister() ? administeredBy(current, identity) : 'nothing'),
      lists: (repository) => allows(current, identity, repository, 'pull'),
      listsAll: () => allowsEverywhere(current, identity, 'pull'),
    }
  }

  /** Access tokens say what they grant; for a token without that claim, the policy decides. */
  const ofToken = async (token: VerifiedToken): Promise<Caller> => {
    if (token.own) return byOwnToken(await policy.get(), token)
    if (token.identity.claims.access !== undefined) return byGrants(token)
    return byPolicy(await policy.get(), token.identity, 'bearer', () => noteOf(token))
  }

  const logIn = async (name: string, password: string, address: string): Promise<LogIn> => {
    const base = { event: 'login', what: 'basic', from: address } as const
    try {
      const found = await accounts.authenticate(name, password, address)
      if (found === undefined) throw refused('wrong name or password')
      audit({ ...base, who: nameOf(found.identity), outcome: 'ok' })
      return found
    } catch (error) {
      const why = error instanceof Error ? error.message : 'failed'
      audit({ ...base, who: `user:${name.slice(0, 128)}`, outcome: 'failed', why })
      throw error
    }
  }

  const basic = async (name: string, password: string, address: string): Promise<Caller> => {
    const { identity, credential } = await logIn(name, password, address)
    const current = await policy.get()
    const bound = fingerprint(credential)
    const note = { by: 'account', name: identity.name, credential: bound } as const
    return byPolicy(current, identity, 'basic', () => note)
  }

  /** What stands for a password, with each request: where there is no token endpoint. */
  const byOthers = async (
    prove: () => Promise<{ readonly identity: Identity; readonly note: Note | undefined }>,
    name: string,
    address: string,
  ): Promise<Caller> => {
    const base = { event: 'login', what: 'basic', from: address } as const
    try {
      const { identity, note } = await prove()
      audit({ ...base, who: nameOf(identity), outcome: 'ok' })
      return byPolicy(await policy.get(), identity, 'basic', () => note)
    } catch (error) {
      const who = isRobot(name) ? { who: `robot:${name.slice(0, 128)}` } : {}
      const why = error instanceof Error ? error.message : 'failed'
      audit({ ...base, ...who, outcome: 'failed', why })
      throw error
    }
  }

  /** A token of another issuer in place of a password. */
  const jwt = async (name: string, token: string) => {
    // Loaded only where other issuers' tokens come in.
    const { callerByToken } = await import('./exchange/caller.ts')
    return callerByToken({ verifier, accounts }, name, token)
  }

  /** A signed request to AWS STS in place of a password. */
  const signedRequest = async (name: string, password: string, address: string) => {
    const identity = await awsLogIn(aws, name, password, address)
    return { identity, note: { by: 'aws', name: identity.name } as const }
  }

  /** Once anything has been set up it stays closed, even if the documents vanish with their disk. */
  let wasSetUp = !options.openUntilSetUp
  const isOpen = async (): Promise<boolean> => {
    if (wasSetUp) return false
    wasSetUp = !(await isUnconfigured(accounts, policy))
    return !wasSetUp
  }

  const withoutCredentials = async (
    certificate: ClientCertificate | undefined,
  ): Promise<Caller> => {
    const current = await policy.get()
    return certificate === undefined ? nobody(current) : byCertificate(current, certificate)
  }

  /** Loaded with the first upload that goes on, to keep cold starts fast. */
  const lapse = once(async () => (await import('./lapse.ts')).createLapse(options))

  return {
    async identify({ authorization, certificate, address }) {
      if (await isOpen()) return openAuthorizer.identify({ authorization, address })
      if (authorization === undefined) return withoutCredentials(certificate)
      const token = parseBearer(authorization)
      if (token !== undefined) return ofToken(await verifier.verify(token))
      const credentials = parseBasic(authorization)
      if (credentials === undefined) {
        throw refused('the Authorization header is neither Basic nor Bearer')
      }
      const { name, password } = credentials
      if (isJwt(password)) return byOthers(() => jwt(name, password), name, address)
      if (isSignedRequest(password)) {
        return byOthers(() => signedRequest(name, password, address), name, address)
      }
      // As podman says that it has none.
      if (name === '') return withoutCredentials(certificate)
      return basic(name, password, address)
    },

    async lapsed(note, repository, action) {
      return (await isOpen()) ? undefined : (await lapse())(note, repository, action)
    },

    required: async (repository) => requiredOf(await policy.get(), repository),

    challenge({ origin, access, error }) {
      if (options.scheme === 'basic') return `Basic realm="${options.service}"`
      const scope = access.map(formatScope).join(' ')
      return [
        `Bearer realm="${options.realm ?? `${origin}/token`}"`,
        `service="${options.service}"`,
        ...(scope === '' ? [] : [`scope="${scope}"`]),
        ...(error === undefined ? [] : [`error="${error}"`]),
      ].join(',')
    },
  }
}
