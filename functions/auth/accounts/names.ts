/**
 * Names of accounts.
 *
 * @module
 */

import { ROBOT_PREFIX } from '../identity.ts'

/** Longest name in characters. */
export const MAX_ACCOUNT_NAME = 255

/** Longest name of a robot, without the prefix. */
export const MAX_ROBOT_NAME = MAX_ACCOUNT_NAME - ROBOT_PREFIX.length

const USER = /^[^\s:\p{C}]+$/u
/** What names of robots look like, without the prefix. */
export const ROBOT_PATTERN = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/

/** What is wrong with a user name, or undefined. */
export const userNameFault = (name: string): string | undefined => {
  if (name === '') return 'it is empty'
  if (name.length > MAX_ACCOUNT_NAME) return `it is longer than ${MAX_ACCOUNT_NAME} characters`
  if (!USER.test(name)) return 'it has a colon, a space or a control character'
  if (name.startsWith('#')) return 'it begins with #, which starts a comment'
  if (name.startsWith(ROBOT_PREFIX)) return `${ROBOT_PREFIX} is reserved for robots`
  return undefined
}

/** What is wrong with a robot's name, without the prefix, or undefined. */
export const robotNameFault = (name: string): string | undefined =>
  name.length <= MAX_ROBOT_NAME && ROBOT_PATTERN.test(name)
    ? undefined
    : 'expected lower-case letters and digits, separated by single . _ or -'

/** What is wrong with a group name, or undefined. */
export const groupNameFault = (name: string): string | undefined =>
  USER.test(name) && name.length <= MAX_ACCOUNT_NAME && !name.startsWith('#')
    ? undefined
    : 'expected no colon, space or control character, and no # at the beginning'
