/**
 * Whom a rule is about.
 *
 * @module
 */

import { groupNameFault, robotName, robotNameFault, userNameFault } from '../accounts/names.ts'
import type { Identity } from '../identity.ts'

/** Whether a rule is about a caller. */
export type Subject = (identity: Identity) => boolean

/** What may be written, for messages. */
const EXPECTED =
  'expected anonymous, authenticated, user:<name>, group:<name>, robot:<name> or claim:<path>=<value>'

const splitAt = (text: string, separator: string): [string, string | undefined] => {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** What is wrong with a subject, or undefined. */
export const subjectFault = (text: string): string | undefined => {
  if (text === 'anonymous' || text === 'authenticated') return undefined
  const [kind, name] = splitAt(text, ':')
  if (name === undefined) return EXPECTED
  if (kind === 'user') return userNameFault(name)
  if (kind === 'group') return groupNameFault(name)
  if (kind === 'robot') return robotNameFault(name)
  if (kind !== 'claim') return EXPECTED
  const [path, value] = splitAt(name, '=')
  return path === '' || path.split('.').includes('') || !value
    ? 'expected claim:<path>=<value>, as in claim:realm_access.roles=admin'
    : undefined
}

const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value)

const holds = (claim: unknown, value: string): boolean =>
  Array.isArray(claim)
    ? claim.some((each) => isScalar(each) && String(each) === value)
    : isScalar(claim) && String(claim) === value

/**
 * Whether claims hold a value at a path. A name with dots in it, as `kubernetes.io`, is found as
 * well: every way to divide the path is tried.
 */
const claimHolds = (claims: object, path: readonly string[], value: string): boolean =>
  path.some((_, index) => {
    const name = path.slice(0, index + 1).join('.')
    if (!Object.hasOwn(claims, name)) return false
    const claim: unknown = Reflect.get(claims, name)
    const rest = path.slice(index + 1)
    if (rest.length === 0) return holds(claim, value)
    return (
      typeof claim === 'object' &&
      claim !== null &&
      !Array.isArray(claim) &&
      claimHolds(claim, rest, value)
    )
  })

/**
 * Compiles a subject that {@link subjectFault} finds nothing wrong with.
 *
 * Users, groups and robots are those of this registry only: another issuer's token may name itself
 * as it likes, and is matched by its claims.
 */
export const compileSubject = (text: string): Subject => {
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

/** The caller's name as `${user}` stands for it: a robot's without `robot+`. */
export const shortName = ({ kind, name }: Identity): string =>
  kind === 'robot' ? (robotName(name) ?? name) : name
