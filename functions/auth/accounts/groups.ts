/**
 * Groups, in the format of Apache's group file: `dev: alice bob` a line. Robots are members under
 * the name they log in with, `robot+ci`.
 *
 * @module
 */

import { quoted } from '../../registry/errors.ts'
import { DocumentError } from '../document.ts'
import { groupNameFault } from './names.ts'

/** Members by group, in the order of the document. */
export type Groups = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Reads groups; undefined is no document, thus no groups. A group on several lines has the members
 * of all of them, as in Apache.
 *
 * @throws DocumentError naming the line
 */
export const parseGroups = (text: string | undefined): Groups => {
  const groups = new Map<string, Set<string>>()
  for (const [index, raw] of (text ?? '').split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim()
    const fault = colon < 0 ? 'expected <group>: <member> <member>' : groupNameFault(name)
    if (fault !== undefined) {
      throw new DocumentError(`groups, line ${index + 1}: ${quoted(name)} is no group: ${fault}`)
    }
    const members = line
      .slice(colon + 1)
      .split(/\s+/)
      .filter(Boolean)
    groups.set(name, new Set([...(groups.get(name) ?? []), ...members]))
  }
  return groups
}

/** Names of the groups an account is in. */
export const groupsOf = (groups: Groups, account: string): string[] =>
  [...groups].filter(([, members]) => members.has(account)).map(([name]) => name)

/** Writes groups; comments that a person wrote are lost. */
export const formatGroups = (groups: Groups): string =>
  [...groups]
    .map(([name, members]) => `${name}: ${[...members].join(' ')}`.trim())
    .map((line) => `${line}\n`)
    .join('')
