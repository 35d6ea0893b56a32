/**
 * Decides on requests by accounts, policy and tokens.
 *
 * @module
 */

import { RegistryError } from '../registry/errors.ts'
import { formatScope, grants } from './access.ts'
import type { Accounts } from './accounts/accounts.ts'
import type { Audit } from './audit.ts'
import { type Authorizer, type Caller, openAuthorizer } from './authorizer.ts'
import { parseBasic, parseBearer } from './basic.ts'
import { ANONYMOUS, type Identity } from './identity.ts'
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
  /** How clients are asked to show who they are. */
  readonly scheme: 'bearer' | 'basic'
  /** Name of this registry in tokens and challenges. */
  readonly service: string
  /** Where clients get tokens; by default `/token` of this registry. */
  readonly realm: string | undefined
  /** Whether everybody may do everything as long as neither accounts nor a policy were set up. */
  readonly openUntilSetUp: boolean
  readonly audit: Audit
}

/** A caller whom the policy decides about. */
const byPolicy = (policy: Policy, identity: Identity, via: Caller['via']): Caller => ({
  identity,
  via,
  allows: (repository, action) => allows(policy, identity, repository, action),
  mayList: identity.kind !== 'anonymous' || mayAnonymousAnything(policy),
  lists: (repository) => allows(policy, identity, repository, 'pull'),
  pullsEverything: allowsEverywhere(policy, identity, 'pull'),
})

/** Whether nothing was ever set up, so that `openUntilSetUp` holds. */
export const isUnconfigured = async (
  accounts: Accounts,
  policy: Live<Policy>,
): Promise<boolean> => {
  const [current, setUp] = await Promise.all([policy.get(), accounts.areSetUp()])
  return current === DENY_ALL && !setUp
}

const refused = (message: string): RegistryError => new RegistryError('UNAUTHORIZED', message)

/** Access control as the store's documents have it at the moment. */
export const createAccessControl = (options: AccessControlOptions): Authorizer => {
  const { accounts, policy, verifier, audit } = options

  /** Access tokens say what they are for; only tokens without such a claim leave it to the policy. */
  const ofToken = async ({ identity, access, own }: VerifiedToken): Promise<Caller> => {
    const current = await policy.get()
    if (!own && identity.claims.access === undefined) return byPolicy(current, identity, 'bearer')
    const known =
      own && identity.kind !== 'anonymous' ? await accounts.lookup(identity.name) : identity
    const caller = known ?? ANONYMOUS
    return {
      identity,
      via: 'bearer',
      allows: (repository, action) => grants(access, 'repository', repository, action),
      mayList: grants(access, 'registry', 'catalog', '*'),
      lists: (repository) => !own || allows(current, caller, repository, 'pull'),
      pullsEverything: false,
    }
  }

  const basic = async (name: string, password: string, address: string): Promise<Caller> => {
    const logIn = await accounts.authenticate(name, password, address)
    if (logIn === undefined) {
      const who = `user:${name.slice(0, 128)}`
      const why = 'wrong name or password'
      audit({ event: 'login', who, what: 'basic', from: address, outcome: 'failed', why })
      throw refused(why)
    }
    const { identity } = logIn
    const via = identity.kind === 'anonymous' ? 'nothing' : 'basic'
    return byPolicy(await policy.get(), identity, via)
  }

  return {
    async identify({ authorization, address }) {
      if (options.openUntilSetUp && (await isUnconfigured(accounts, policy))) {
        return openAuthorizer.identify({ authorization, address })
      }
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
