/**
 * What a policy says of a caller, for those who only ask.
 *
 * @module
 */

import { ACTIONS, type Action } from '../access.ts'
import { readBindings } from '../accounts/administer/claims.ts'
import { bindingOf } from '../accounts/bindings.ts'
import type { DocumentSource } from '../document.ts'
import { ANONYMOUS, type Identity, robotName } from '../identity.ts'
import { decisiveRule, type Policy } from './policy.ts'

/** All rights that a policy can give. */
export const RIGHTS = [
  ...ACTIONS,
  'override',
  'admin',
  'fetch',
] as const satisfies readonly Action[]

/** What is decided on one right. */
export interface Decided {
  readonly action: Action
  readonly allowed: boolean
  /** The place of the rule in the document, the first is 1; undefined: no rule is about it. */
  readonly rule: number | undefined
}

/** The rule that decides for one identity. Whoever may pull may fetch, unless a rule says otherwise. */
const decidingFor = (policy: Policy, identity: Identity, repository: string, action: Action) => {
  if (action !== 'fetch') return decisiveRule(policy, identity, repository, action)
  const pull = decisiveRule(policy, identity, repository, 'pull')
  return pull?.allow ? (decisiveRule(policy, identity, repository, 'fetch') ?? pull) : pull
}

/** Who decides for a caller: with a certificate, what anonymous callers may do is allowed, too. */
const deciding = (policy: Policy, identity: Identity, repository: string, action: Action) => {
  const own = decidingFor(policy, identity, repository, action)
  if (identity.kind !== 'certificate' || own?.allow) return own
  return decidingFor(policy, ANONYMOUS, repository, action) ?? own
}

/** What is decided on a caller's rights in a repository, whether that exists or not. */
export const decidedBy = (
  policy: Policy,
  identity: Identity,
  repository: string,
  actions: readonly Action[] = RIGHTS,
): readonly Decided[] =>
  actions.map((action) => {
    const rule = deciding(policy, identity, repository, action)
    return { action, allowed: rule?.allow ?? false, rule: rule?.at }
  })

/** Whether a caller's token says itself what it grants, so that no policy is asked. */
export const grantsItself = ({ kind, claims }: Identity): boolean =>
  kind === 'token' && claims.access !== undefined

/** How a robot and tokens belong together. */
export interface Bound {
  /** Of a robot: tokens log in as it that have all of these claims. */
  readonly claims?: readonly string[] | undefined
  /** Of a token: the robots as which its bearer can log in, too. */
  readonly robots: readonly string[]
}

/** Looks at what robots are bound to. One operation, or none. @throws DocumentError, StoreError */
export const boundTo = async (store: DocumentSource, identity: Identity): Promise<Bound> => {
  if (identity.kind === 'robot') {
    const claims = (await readBindings(store)).get(robotName(identity.name) ?? '')
    return { claims, robots: [] }
  }
  if (identity.kind !== 'token') return { robots: [] }
  const robots = [...(await readBindings(store))]
    .filter(([name, claims]) => bindingOf(name, claims).fault(identity.claims) === undefined)
    .map(([name]) => name)
  return { robots }
}
