/**
 * Decides who may do what, by accounts, policy and tokens.
 *
 * @module
 */

import { ACTIONS, formatScope, grants } from './access.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { Audit } from './audit.ts'
import { type Authorizer, type Caller, openAuthorizer } from './authorizer.ts'
import { AccessError } from './errors.ts'
import { ANONYMOUS, type Identity, nameOf, parseBasic, parseBearer } from './identity.ts'
import type { Live } from './live.ts'
import {
  allows,
  allowsEverywhere,
  DENY_ALL,
  mayAnonymousAnything,
  type Policy,
} from './policy/policy.ts'
import type { TokenVerifier, VerifiedToken } from './tokens/verify.ts'

export interface AccessControlOptions {
  readonly accounts: Accounts
  readonly policy: Live<Policy>
  readonly verifier: TokenVerifier
  /** How clients are challenged to authenticate. */
  readonly scheme: 'bearer' | 'basic'
  /** Name of this registry in tokens and challenges. */
  readonly service: string
  /** Where clients get tokens; by default `/token` of this registry. */
  readonly realm: string | undefined
  /** Whether everyone may do everything as long as neither accounts nor a policy have been set up. */
  readonly openUntilSetUp: boolean
  readonly audit: Audit
}

/** A caller whose rights the policy decides. */
const byPolicy = (policy: Policy, identity: Identity, via: Caller['via']): Caller => ({
  identity,
  via,
  allows: (repository, action) => allows(policy, identity, repository, action),
  mayList: identity.kind !== 'anonymous' || mayAnonymousAnything(policy),
  lists: (repository) => allows(policy, identity, repository, 'pull'),
  pullsEverything: allowsEverywhere(policy, identity, 'pull'),
  unrestricted: ACTIONS.every((action) => allowsEverywhere(policy, identity, action)),
})

/** Whether nothing has ever been set up, so that `openUntilSetUp` applies. */
export const isUnconfigured = async (
  accounts: Accounts,
  policy: Live<Policy>,
): Promise<boolean> => {
  const [current, setUp] = await Promise.all([policy.get(), accounts.areSetUp()])
  return current === DENY_ALL && !setUp
}

const refused = (message: string): AccessError => new AccessError('UNAUTHORIZED', message)

/** Access control by the documents in the store as they are at the moment. */
export const createAccessControl = (options: AccessControlOptions): Authorizer => {
  const { accounts, policy, verifier, audit } = options

  /** A caller who may do what the token grants: its issuer has decided. */
  const byGrants = ({ identity, access }: VerifiedToken): Caller => ({
    identity,
    via: 'bearer',
    allows: (repository, action) => grants(access, 'repository', repository, action),
    mayList: grants(access, 'registry', 'catalog', '*'),
    lists: () => true,
    pullsEverything: false,
    unrestricted: false,
  })

  /**
   * Our own tokens grant what the policy allowed when they were issued, less what it has revoked
   * since, and nothing once the account is removed.
   */
  const byOwnToken = async (current: Policy, token: VerifiedToken): Promise<Caller> => {
    const { kind, name } = token.identity
    const identity = kind === 'anonymous' ? ANONYMOUS : await accounts.lookup(name)
    if (identity === undefined)
      throw refused('the account that the token was issued to no longer exists')
    const granted = byGrants({ ...token, identity })
    return {
      ...granted,
      allows: (repository, action) =>
        granted.allows(repository, action) && allows(current, identity, repository, action),
      lists: (repository) => allows(current, identity, repository, 'pull'),
    }
  }

  /** Access tokens say what they grant; for a token without that claim, the policy decides. */
  const ofToken = async (token: VerifiedToken): Promise<Caller> => {
    if (token.own) return byOwnToken(await policy.get(), token)
    if (token.identity.claims.access !== undefined) return byGrants(token)
    return byPolicy(await policy.get(), token.identity, 'bearer')
  }

  const logIn = async (name: string, password: string, address: string): Promise<Identity> => {
    const base = { event: 'login', what: 'basic', from: address } as const
    try {
      const found = await accounts.authenticate(name, password, address)
      if (found === undefined) throw refused('wrong name or password')
      const { identity } = found
      if (identity.kind !== 'anonymous') {
        audit({ ...base, who: nameOf(identity), outcome: 'ok' })
      }
      return identity
    } catch (error) {
      const why = error instanceof Error ? error.message : 'failed'
      audit({ ...base, who: `user:${name.slice(0, 128)}`, outcome: 'failed', why })
      throw error
    }
  }

  const basic = async (name: string, password: string, address: string): Promise<Caller> => {
    const identity = await logIn(name, password, address)
    const via = identity.kind === 'anonymous' ? 'nothing' : 'basic'
    return byPolicy(await policy.get(), identity, via)
  }

  /** Once anything has been set up it stays closed, even if the documents vanish with their disk. */
  let wasSetUp = !options.openUntilSetUp
  const isOpen = async (): Promise<boolean> => {
    if (wasSetUp) return false
    wasSetUp = !(await isUnconfigured(accounts, policy))
    return !wasSetUp
  }

  return {
    async identify({ authorization, address }) {
      if (await isOpen()) return openAuthorizer.identify({ authorization, address })
      if (authorization === undefined) return byPolicy(await policy.get(), ANONYMOUS, 'nothing')
      const token = parseBearer(authorization)
      if (token !== undefined) return ofToken(await verifier.verify(token))
      const credentials = parseBasic(authorization)
      if (credentials === undefined) {
        throw refused('the Authorization header is neither Basic nor Bearer')
      }
      return basic(credentials.name, credentials.password, address)
    },

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
