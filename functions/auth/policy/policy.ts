/**
 * Decides who may do what: the first rule that matches caller, repository and action decides; without
 * one, the action is denied.
 *
 * @module
 */

import { compileGlob, type Glob } from '../../shared/glob.ts'
import { ACTIONS, type Action } from '../access.ts'
import { hasAttributes, readAttributes } from '../certificate.ts'
import { awsPattern } from '../iam/aws.ts'
import { type Identity, robotName } from '../identity.ts'
import { claimHolds } from './claims.ts'
import type { Requirement } from './requirement.ts'
import type { PolicyRule } from './schema.ts'
import { claimOf, splitAt } from './subject.ts'
import { subjectsIn, type WrittenSubject } from './who.ts'

/** Whether a rule applies to a caller. */
type Subject = (identity: Identity) => boolean

interface Rule {
  /** Its place in the document; the first is 1. */
  readonly at: number
  readonly who: readonly Subject[]
  readonly repositories: readonly Glob[]
  readonly actions: ReadonlySet<Action>
  readonly allow: boolean
}

/** A compiled policy. */
export interface Policy {
  readonly rules: readonly Rule[]
  /** Whom the rules are about, as written, each once. */
  readonly subjects: readonly string[]
  /** What images must be. Absent: the document has no such part. */
  readonly required?: readonly Requirement[]
}

/** Applies as long as there is no policy: nobody may do anything. */
export const DENY_ALL: Policy = { rules: [], subjects: [] }

/** The only CN of a certificate's subject; empty if there is none or several. */
const commonName = ({ claims: { CN } }: Identity): string =>
  Array.isArray(CN) && CN.length === 1 ? String(CN[0]) : ''

/** The caller's name that replaces `${user}`: a robot's without `robot+`, the CN of a certificate. */
const shortName = (identity: Identity): string => {
  const { kind, name } = identity
  if (kind === 'certificate') return commonName(identity)
  return kind === 'robot' ? (robotName(name) ?? name) : name
}

/** Callers of AWS, by account or by ARN; of a role, whichever session it is. */
const compileAws = (text: string): Subject => {
  const matches = awsPattern(text)
  return ({ kind, name }) => kind === 'aws' && matches(name)
}

/**
 * Compiles a subject that `subjectFault` finds nothing wrong with.
 *
 * Users, groups and robots are those of this registry only: a token of another issuer can claim any
 * name, and is matched by its claims.
 */
const compileSubject = (text: string): Subject => {
  if (text === 'anonymous') return ({ kind }) => kind === 'anonymous'
  // A certificate gives nothing to its holder but by a rule that names it.
  if (text === 'authenticated') return ({ kind }) => kind !== 'anonymous' && kind !== 'certificate'
  const [kind, name = ''] = splitAt(text, ':')
  if (kind === 'user') return (identity) => identity.kind === 'user' && identity.name === name
  if (kind === 'robot') {
    return (identity) => identity.kind === 'robot' && shortName(identity) === name
  }
  if (kind === 'group') {
    return (identity) =>
      (identity.kind === 'user' || identity.kind === 'robot') && identity.groups.includes(name)
  }
  if (kind === 'aws') return compileAws(name)
  if (kind === 'certificate') {
    const attributes = readAttributes(name) ?? []
    return (identity) => hasAttributes(identity, attributes)
  }
  const demand = claimOf(text)
  return ({ kind, claims }) =>
    kind === 'token' && demand !== undefined && claimHolds(claims, demand)
}

/** Compiles a checked subject: a caller who is one, or all of several at once. */
export const compileWho = (who: WrittenSubject): Subject => {
  if (typeof who === 'string') return compileSubject(who)
  const all = who.all.map(compileSubject)
  return (identity) => all.every((subject) => subject(identity))
}

const compileRule = ({ who, repositories, actions, effect }: PolicyRule, index: number): Rule => ({
  at: index + 1,
  who: who.map(compileWho),
  repositories: repositories.map(compileGlob),
  actions: new Set(actions.flatMap((action) => (action === '*' ? ACTIONS : [action]))),
  allow: effect === 'allow',
})

/** Compiles a policy from checked rules. */
export const compilePolicy = (rules: readonly PolicyRule[]): Policy => ({
  rules: rules.map(compileRule),
  subjects: subjectsIn(rules.flatMap(({ who }) => who)),
})

/** A policy with a rule after its own, which decides where none of these does. */
export const withRule = (policy: Policy, rule: PolicyRule): Policy => ({
  ...policy,
  rules: [...policy.rules, compileRule(rule, policy.rules.length)],
  subjects: [...new Set([...policy.subjects, ...compilePolicy([rule]).subjects])],
})

/** The rules that apply to a caller and an action, in order. Nobody administers without a name, whatever rules say. */
export const rulesFor = ({ rules }: Policy, identity: Identity, action: Action): readonly Rule[] =>
  action === 'admin' && identity.kind === 'anonymous'
    ? []
    : rules.filter(
        (rule) => rule.actions.has(action) && rule.who.some((subject) => subject(identity)),
      )

/** The rule that decides whether the caller may do this to the repository; none, if no rule is about it. */
export const decisiveRule = (
  policy: Policy,
  identity: Identity,
  repository: string,
  action: Action,
): Rule | undefined => {
  const user = shortName(identity)
  return rulesFor(policy, identity, action).find((rule) =>
    rule.repositories.some((glob) => glob.matches(repository, user)),
  )
}

/** Whether the caller may do this to the repository, whether that exists or not. */
export const allows = (
  policy: Policy,
  identity: Identity,
  repository: string,
  action: Action,
): boolean =>
  action === 'fetch'
    ? allows(policy, identity, repository, 'pull') &&
      (decisiveRule(policy, identity, repository, 'fetch')?.allow ?? true)
    : (decisiveRule(policy, identity, repository, action)?.allow ?? false)

/** Everything the caller may do to the repository. */
export const allowedActions = (policy: Policy, identity: Identity, repository: string): Action[] =>
  ACTIONS.filter((action) => allows(policy, identity, repository, action))

/**
 * Whether there may be a repository on which the caller has a right, or one of these. No is certain; yes may be
 * wrong where earlier rules deny all that a later one allows.
 */
export const mayAnything = (
  policy: Policy,
  identity: Identity,
  actions: readonly Action[] = ACTIONS,
): boolean =>
  actions.some((action) => {
    for (const rule of rulesFor(policy, identity, action)) {
      const usable = rule.repositories.filter((glob) => glob.usable(shortName(identity)))
      if (rule.allow && usable.length > 0) return true
      if (!rule.allow && usable.some((glob) => glob.matchesAll)) return false
    }
    return false
  })

/**
 * Whether the caller may do this to every repository. Yes is certain; no may be wrong where several
 * rules together allow it, or where rules deny only what cannot exist.
 */
export const allowsEverywhere = (policy: Policy, identity: Identity, action: Action): boolean => {
  const user = shortName(identity)
  for (const rule of rulesFor(policy, identity, action)) {
    const usable = rule.repositories.filter((glob) => glob.usable(user))
    if (!rule.allow && usable.length > 0) return false
    if (rule.allow && usable.some((glob) => glob.matchesAll)) return true
  }
  return false
}

/** What a repository's images must be; undefined for one of which nothing is required. */
export const requiredOf = (
  { required }: Policy,
  repository: string,
): readonly Requirement[] | undefined => {
  const all = required?.filter(({ repositories }) =>
    repositories.some((glob) => glob.matches(repository, '')),
  )
  return all?.length ? all : undefined
}
