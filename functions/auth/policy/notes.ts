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

/** What a policy names. */
type Kind = 'user' | 'group' | 'robot'

const KINDS: Readonly<Record<Kind, readonly [string, (text?: string) => Pick<Names, 'keys'>]>> = {
  user: [HTPASSWD_KEY, (text) => readHtpasswd(text).users],
  group: [GROUPS_KEY, parseGroups],
  robot: [ROBOTS_KEY, parseRobots],
}

type Names = ReadonlyMap<string, unknown>

/** Sentences about a policy, beside the accounts in a store; mostly none. */
export const policyNotes = (policy: Policy, store: ObjectStore): Promise<string[]> =>
  notesBeside(policy, async (kind) => {
    const [key, parse] = KINDS[kind]
    return new Set(parse(await readDocument(store, key)).keys())
  })

/** The same beside accounts that are found elsewhere. @param namesOf those of a kind; what it throws is said elsewhere */
export const notesBeside = async (
  policy: Policy,
  namesOf: (kind: Kind) => Promise<ReadonlySet<string>>,
): Promise<string[]> => {
  if (policy.rules.length === 0) return ['The policy has no rules, so nobody may do anything.']
  const unknown: string[] = []
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const subjects = policy.subjects.filter((subject) => subject.startsWith(`${kind}:`))
    if (subjects.length === 0) continue
    const names = await namesOf(kind).catch(() => undefined)
    if (names === undefined) continue
    unknown.push(...subjects.filter((subject) => !names.has(subject.slice(kind.length + 1))))
  }
  if (unknown.length === 0) return []
  const more = unknown.length > MOST ? ` and ${unknown.length - MOST} more` : ''
  return [
    `The policy names accounts or groups that do not exist: ${unknown.slice(0, MOST).join(', ')}${more}.`,
  ]
}
