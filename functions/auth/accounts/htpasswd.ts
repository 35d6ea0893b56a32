/**
 * Users and their password hashes, in the format of Apache's `htpasswd -B`: one line `name:hash` for
 * each.
 *
 * @module
 */

import { DocumentError, quoted } from '../../shared/errors.ts'
import { userNameFault } from './names.ts'

/** bcrypt hashes by user. */
export type Users = ReadonlyMap<string, string>

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
/**
 * Costs that are accepted: hash-wasm's least; above 17, which `htpasswd` refuses, a log-in takes a
 * minute.
 */
const MIN_COST = 4
const MAX_COST = 17

const KINDS: readonly (readonly [prefix: string, kind: string])[] = [
  ['$apr1$', "Apache's MD5"],
  ['{SHA}', 'SHA-1'],
  ['$1$', 'MD5 crypt'],
  ['$5$', 'SHA-256 crypt'],
  ['$6$', 'SHA-512 crypt'],
  ['$argon2', 'Argon2'],
]

/** The cost of a bcrypt hash: the logarithm to base 2 of its rounds. */
export const costOf = (hash: string): number => Number(hash.match(BCRYPT)?.[1])

const hashFault = (hash: string): string | undefined => {
  const cost = costOf(hash)
  if (cost >= MIN_COST && cost <= MAX_COST) return undefined
  if (!Number.isNaN(cost)) {
    return `is bcrypt of cost ${cost}, expected ${MIN_COST} to ${MAX_COST}`
  }
  const kind = KINDS.find(([prefix]) => hash.startsWith(prefix))?.[1] ?? 'not bcrypt'
  return `is ${kind}, only bcrypt is accepted: set it with htpasswd -B or slipway user passwd`
}

const isEntry = (line: string): boolean => line.trim() !== '' && !line.startsWith('#')

const linesOf = (text: string): string[] => text.split('\n').map((line) => line.replace(/\r$/, ''))

/** The user a line is about, or undefined for a comment. */
const nameOn = (line: string): string | undefined =>
  isEntry(line) ? line.split(':', 1)[0] : undefined

/** What a document says. */
export interface Htpasswd {
  readonly users: Users
  /** What is wrong with lines that are left out: the line, the user; never a hash. */
  readonly faults: readonly string[]
}

/** Reads one line. @returns what is wrong with it, or undefined */
const readLine = (users: Map<string, string>, line: string): string | undefined => {
  const colon = line.indexOf(':')
  if (colon < 0) return 'expected <name>:<bcrypt hash>'
  const name = line.slice(0, colon)
  const hash = line.slice(colon + 1)
  const fault = userNameFault(name)
  if (fault !== undefined) return `${quoted(name)} is not a valid user name: ${fault}`
  if (users.has(name)) return `the user ${quoted(name)} appears twice: the first line counts`
  const wrong = hashFault(hash)
  if (wrong !== undefined) return `the password of ${quoted(name)} ${wrong}`
  users.set(name, hash)
  return undefined
}

/**
 * Reads users and hashes; undefined (no document) means no users. A line that cannot be used costs its
 * user, and nobody else.
 *
 * @throws DocumentError if there are lines and none can be used: it is another file, most likely
 */
export const readHtpasswd = (text: string | undefined): Htpasswd => {
  const users = new Map<string, string>()
  const faults = linesOf(text ?? '').flatMap((line, index) => {
    const fault = isEntry(line) ? readLine(users, line) : undefined
    return fault === undefined ? [] : [`htpasswd, line ${index + 1}: ${fault}`]
  })
  if (users.size === 0 && faults[0] !== undefined) throw new DocumentError(faults[0])
  return { users, faults }
}

/** The line of a user, also one that cannot be used; undefined if there is none. */
export const lineOf = (text: string | undefined, name: string): string | undefined =>
  linesOf(text ?? '').find((line) => nameOn(line) === name)

/** Whether there is a line for the user, also one that cannot be used. */
export const hasUser = (text: string | undefined, name: string): boolean =>
  lineOf(text, name) !== undefined

const joined = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** The document with the user's hash added or replaced; comments and order are kept. */
export const withUser = (text: string | undefined, name: string, hash: string): string => {
  const lines = linesOf(text ?? '')
  if (lines.at(-1) === '') lines.pop()
  const at = lines.findIndex((line) => nameOn(line) === name)
  return joined(lines.with(at < 0 ? lines.push('') - 1 : at, `${name}:${hash}`))
}

/**
 * The document with those users added that it has no line for.
 *
 * @returns also the names that were added, and those of users with another hash, which stay as they are
 */
export const withNewUsers = (
  text: string | undefined,
  users: Users,
): { readonly text: string; readonly added: string[]; readonly others: string[] } => {
  const lines = linesOf(text ?? '')
  if (lines.at(-1) === '') lines.pop()
  const present = new Map(lines.map((line) => [nameOn(line), line]))
  const added = [...users].filter(([name]) => !present.has(name))
  const others = [...users].filter(
    ([name, hash]) => present.has(name) && present.get(name) !== `${name}:${hash}`,
  )
  return {
    text: joined([...lines, ...added.map(([name, hash]) => `${name}:${hash}`)]),
    added: added.map(([name]) => name),
    others: others.map(([name]) => name),
  }
}

/** The document without the user; comments and order are kept. */
export const withoutUser = (text: string, name: string): string => {
  const lines = linesOf(text)
  if (lines.at(-1) === '') lines.pop()
  return joined(lines.filter((line) => nameOn(line) !== name))
}
