/**
 * Groups, in the format of Apache's group file: one line `dev: alice bob` for each. Robots are
 * members by the name they log in with, `robot+ci`.
 *
 * @module
 */

import { DocumentError, quoted } from '../../shared/errors.ts'
import { groupNameFault } from './names.ts'

/** Members by group, in document order. */
export type Groups = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Reads groups; undefined (no document) means no groups. A group on several lines has the members of
 * all of them, as in Apache.
 *
 * @throws DocumentError with the line
 */
export const parseGroups = (text: string | undefined): Groups => {
  const groups = new Map<string, Set<string>>()
  for (const [index, raw] of (text ?? '').split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim()
    const place = `groups, line ${index + 1}`
    // Nothing of the line: it may be of another file.
    if (colon < 0) throw new DocumentError(`${place}: expected <group>: <member> <member>`)
    const fault = groupNameFault(name)
    if (fault !== undefined) {
      throw new DocumentError(`${place}: ${quoted(name)} is not a valid group: ${fault}`)
    }
    const members = line
      .slice(colon + 1)
      .split(/\s+/)
      .filter(Boolean)
    groups.set(name, new Set([...(groups.get(name) ?? []), ...members]))
  }
  return groups
}

const ENTRY = /^\s*([^\s#:][^\s:]*)\s*:(.*)$/

/** The document with each group's line rewritten or left out; comments and order are kept. */
const mapGroups = (
  text: string,
  change: (group: string, members: readonly string[]) => readonly string[] | undefined,
): string =>
  text
    .replace(/\n$/, '')
    .split('\n')
    .flatMap((line) => {
      const [, group, listed = ''] = line.match(ENTRY) ?? []
      if (group === undefined) return [line]
      const members = listed.split(/\s+/).filter(Boolean)
      const kept = change(group, members)
      if (kept === undefined) return []
      return [kept.length === members.length ? line : `${group}: ${kept.join(' ')}`.trim()]
    })
    .map((line) => `${line}\n`)
    .join('')

/** The document with accounts added to a group, which is created if necessary. */
export const withMembers = (
  text: string | undefined,
  group: string,
  accounts: readonly string[],
): string => {
  const present = parseGroups(text).get(group)
  const added = [...new Set(accounts)].filter((account) => !present?.has(account))
  if (present === undefined) {
    const before = text === undefined || text === '' ? '' : `${text.replace(/\n$/, '')}\n`
    return `${before}${`${group}: ${added.join(' ')}`.trim()}\n`
  }
  // A group may have several lines: new members go to the first.
  let rest = added
  return mapGroups(text ?? '', (each, members) => {
    if (each !== group) return members
    const all = [...members, ...rest]
    rest = []
    return all
  })
}

/** The document with accounts removed from a group, or from all groups. */
export const withoutMembers = (text: string, accounts: readonly string[], group?: string): string =>
  mapGroups(text, (each, members) =>
    group === undefined || each === group
      ? members.filter((member) => !accounts.includes(member))
      : members,
  )

/** The document without a group. */
export const withoutGroup = (text: string, group: string): string =>
  mapGroups(text, (each, members) => (each === group ? undefined : members))
