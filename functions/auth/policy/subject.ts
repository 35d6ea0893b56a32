/**
 * How a rule names the callers it applies to.
 *
 * @module
 */

import { groupNameFault, robotNameFault, userNameFault } from '../accounts/names.ts'
import { readAttributes } from '../certificate.ts'
import { type ClaimDemand, EXPECTED_CLAIM, readClaim } from './claims.ts'

/** The accepted forms, for messages. */
const EXPECTED =
  'expected anonymous, authenticated, user:<name>, group:<name>, robot:<name>, aws:<account or ARN>, certificate:<attribute>=<value> or claim:<path>=<value>'

/** The text before and after the first separator; undefined if there is no separator. */
export const splitAt = (text: string, separator: string): [string, string | undefined] => {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** What a subject demands of claims; undefined for one that names something else. */
export const claimOf = (subject: string): ClaimDemand | undefined => {
  const [kind, name] = splitAt(subject, ':')
  return kind === 'claim' && name !== undefined ? readClaim(name) : undefined
}

/** What is wrong with the name of callers of AWS, or undefined. */
const awsFault = (name: string): string | undefined => {
  if (/^\d{12}$/.test(name)) return undefined
  if (!/^arn:[!-~]{1,800}$/.test(name)) {
    return 'expected an account of 12 digits or the ARN of a user or role, as in aws:arn:aws:iam::123456789012:role/ci-*'
  }
  if (name.includes(':assumed-role/')) {
    return 'who has assumed a role is that role: expected aws:arn:aws:iam::<account>:role/<name>'
  }
  // AWS does not say which path a role has that is assumed.
  return /:role\/[^/*]+\//.test(name) ? 'expected the name of the role without its path' : undefined
}

/** What is wrong with a subject, or undefined. */
export const subjectFault = (text: string): string | undefined => {
  if (text === 'anonymous' || text === 'authenticated') return undefined
  const [kind, name] = splitAt(text, ':')
  if (name === undefined) return EXPECTED
  if (kind === 'user') return userNameFault(name)
  if (kind === 'group') return groupNameFault(name)
  if (kind === 'robot') return robotNameFault(name)
  if (kind === 'aws') return awsFault(name)
  if (kind === 'certificate') {
    return readAttributes(name) === undefined
      ? 'expected attributes of the subject, as in certificate:CN=ci or certificate:CN=ci,O=Example, or certificate:*'
      : undefined
  }
  if (kind !== 'claim') return EXPECTED
  return claimOf(text) === undefined ? EXPECTED_CLAIM : undefined
}
