/**
 * How a rule names the callers it applies to.
 *
 * @module
 */

import { groupNameFault, robotNameFault, userNameFault } from '../accounts/names.ts'
import { readAttributes } from '../certificate.ts'

/** The accepted forms, for messages. */
const EXPECTED =
  'expected anonymous, authenticated, user:<name>, group:<name>, robot:<name>, certificate:<attribute>=<value> or claim:<path>=<value>'

/** The text before and after the first separator; undefined if there is no separator. */
export const splitAt = (text: string, separator: string): [string, string | undefined] => {
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
  if (kind === 'certificate') {
    return readAttributes(name) === undefined
      ? 'expected attributes of the subject, as in certificate:CN=ci or certificate:CN=ci,O=Example, or certificate:*'
      : undefined
  }
  if (kind !== 'claim') return EXPECTED
  const [path, value] = splitAt(name, '=')
  return path === '' || path.split('.').includes('') || !value
    ? 'expected claim:<path>=<value>, as in claim:realm_access.roles=admin'
    : undefined
}

/** The steps to the claim that a subject names; undefined for one that names no claim. */
export const claimPath = (subject: string): string[] | undefined => {
  const [kind, name = ''] = splitAt(subject, ':')
  return kind === 'claim' ? splitAt(name, '=')[0].split('.') : undefined
}

const isScalar = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value)

const holds = (claim: unknown, value: string): boolean =>
  Array.isArray(claim)
    ? claim.some((each) => isScalar(each) && String(each) === value)
    : isScalar(claim) && String(claim) === value

/**
 * Whether claims have a value at a path. Names that contain dots, such as `kubernetes.io`, are found,
 * too: every way of splitting the path is tried.
 */
export const claimHolds = (claims: object, path: readonly string[], value: string): boolean =>
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
