/**
 * Decides who may do what: the first rule in order that matches caller, repository and action; and
 * no, if none does.
 *
 * @module
 */

import { ACTIONS, type Action } from '../access.ts'
import { ANONYMOUS, type Identity, robotName } from '../identity.ts'
import { compileGlob, type Glob } from './glob.ts'
import type { PolicyRule } from './schema.ts'
import { claimHolds, splitAt } from './subject.ts'

/** Whether a rule is about a caller. */
type Subject = (identity: Identity) => boolean

interface Rule {
  readonly who: readonly Subject[]
  readonly repositories: readonly Glob[]
  readonly actions: ReadonlySet<Action>
  readonly allow: boolean
}

/** A policy ready to be asked. */
export interface Policy {
  readonly rules: readonly Rule[]
}

/** What holds where there is no policy: nobody may do anything. */
export const DENY_ALL: Policy = { rules: [] }

/** The caller's name as `${user}` stands for it: a robot's without `robot+`. */
const shortName = ({ kind, name }: Identity): string =>
  kind === 'robot' ? (robotName(name) ?? name) : name

/**
 * Compiles a subject that `subjectFault` finds nothing wrong with.
 *
 * Users, groups and robots are those of this registry only: another issuer's token may name itself
 * as it likes, and is matched by its claims.
 */
const compileSubject = (text: string): Subject => {
  if (text === 'anonymous') return ({ kind }) => kind === 'anonymous'
  if (text === 'authenticated') return ({ kind }) => kind !== 'anonymous'
  const [kind, name = ''] = splitAt(text, ':')
  if (kind === 'user') return (identity) => identity.kind === 'user' && identity.name === name
  if (kind === 'robot') {
    return (identity) => identity.kind === 'robot' && shortName(identity) === name
  }
  if (kind === 'group') {
    return (identity) =>
      (identity.kind === 'user' || identity.kind === 'robot') && identity.groups.includes(name)
  }
  const [path, value = ''] = splitAt(name, '=')
  const steps = path.split('.')
  return (identity) => identity.kind === 'token' && claimHolds(identity.claims, steps, value)
}

const compileRule = ({ who, repositories, actions, effect }: PolicyRule): Rule => ({
  who: who.map(compileSubject),
  repositories: repositories.map(compileGlob),
  actions: new Set(actions.flatMap((action) => (action === '*' ? ACTIONS : [action]))),
  allow: effect === 'allow',
})

/** Makes a policy of checked rules. */
export const compilePolicy = (rules: readonly PolicyRule[]): Policy => ({
  rules: rules.map(compileRule),
})

/** Rules about a caller and an action, in order. */
const rulesFor = ({ rules }: Policy, identity: Identity, action: Action): readonly Rule[] =>
  rules.filter((rule) => rule.actions.has(action) && rule.who.some((subject) => subject(identity)))

/** Whether the caller may do this to the repository, whether that exists or not. */
export const allows = (
  policy: Policy,
  identity: Identity,
  repository: string,
  action: Action,
): boolean => {
  const user = shortName(identity)
  const decisive = rulesFor(policy, identity, action).find((rule) =>
    rule.repositories.some((glob) => glob.matches(repository, user)),
  )
  return decisive?.allow ?? false
}

/** All that the caller may do to the repository. */
export const allowedActions = (policy: Policy, identity: Identity, repository: string): Action[] =>
  ACTIONS.filter((action) => allows(policy, identity, repository, action))

/**
 * Whether there may be a repository to which an anonymous caller may do something. No is certain;
 * yes may be wrong where rules before forbid all that a later one allows.
 */
export const mayAnonymousAnything = (policy: Policy): boolean =>
  ACTIONS.some((action) => {
    for (const rule of rulesFor(policy, ANONYMOUS, action)) {
      const usable = rule.repositories.filter((glob) => glob.usable(''))
      if (rule.allow && usable.length > 0) return true
      if (!rule.allow && usable.some((glob) => glob.matchesAll)) return false
    }
    return false
  })

/**
 * Whether the caller may do this to every repository. Yes is certain; no may be wrong where it takes
 * several rules to say so, or rules that forbid nothing that can exist.
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
