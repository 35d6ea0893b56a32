/**
 * What is odd about a policy, though it is valid: nothing in it, or names that nobody has.
 *
 * @module
 */

import { GROUPS_KEY, HTPASSWD_KEY, ROBOTS_KEY } from '../../registry/layout.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { parseGroups } from '../accounts/groups.ts'
import { readHtpasswd } from '../accounts/htpasswd.ts'
import { parseRobots } from '../accounts/robots.ts'
import { readDocument } from '../document.ts'
import type { Policy } from './policy.ts'

/** Most names that are listed. */
const MOST = 10

const KINDS = [
  ['user', HTPASSWD_KEY, (text?: string) => readHtpasswd(text).users],
  ['group', GROUPS_KEY, (text?: string) => parseGroups(text)],
  ['robot', ROBOTS_KEY, (text?: string) => parseRobots(text)],
] as const

/** Names of a kind; undefined where their document cannot be read, which is said elsewhere. */
const namesOf = async (
  store: ObjectStore,
  [, key, parse]: (typeof KINDS)[number],
): Promise<ReadonlySet<string> | undefined> => {
  try {
    return new Set(parse(await readDocument(store, key)).keys())
  } catch {
    return undefined
  }
}

/** Sentences about a policy, beside the accounts in a store; mostly none. */
export const policyNotes = async (policy: Policy, store: ObjectStore): Promise<string[]> => {
  if (policy.rules.length === 0) return ['The policy has no rules, so nobody may do anything.']
  const unknown: string[] = []
  for (const kind of KINDS) {
    const subjects = policy.subjects.filter((subject) => subject.startsWith(`${kind[0]}:`))
    if (subjects.length === 0) continue
    const names = await namesOf(store, kind)
    if (names === undefined) continue
    unknown.push(...subjects.filter((subject) => !names.has(subject.slice(kind[0].length + 1))))
  }
  if (unknown.length === 0) return []
  const more = unknown.length > MOST ? ` and ${unknown.length - MOST} more` : ''
  return [
    `The policy names accounts or groups that do not exist: ${unknown.slice(0, MOST).join(', ')}${more}.`,
  ]
}
