/**
 * Users and their password hashes, in the format of Apache's `htpasswd -B`: one line `name:hash` for
 * each.
 *
 * @module
 */

import { quoted } from '../../shared/errors.ts'
import { DocumentError } from '../errors.ts'
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

/**
 * Reads users and hashes; undefined (no document) means no users.
 *
 * @throws DocumentError with the line; never with a hash in it
 */
export const parseHtpasswd = (text: string | undefined): Users => {
  const users = new Map<string, string>()
  for (const [index, line] of linesOf(text ?? '').entries()) {
    if (!isEntry(line)) continue
    const refuse = (why: string): never => {
      throw new DocumentError(`htpasswd, line ${index + 1}: ${why}`)
    }
    const colon = line.indexOf(':')
    if (colon < 0) return refuse('expected <name>:<bcrypt hash>')
    const name = line.slice(0, colon)
    const hash = line.slice(colon + 1)
    const fault = userNameFault(name)
    if (fault !== undefined) return refuse(`${quoted(name)} is not a valid user name: ${fault}`)
    if (users.has(name)) return refuse(`the user ${quoted(name)} appears twice`)
    const wrong = hashFault(hash)
    if (wrong !== undefined) return refuse(`the password of ${quoted(name)} ${wrong}`)
    users.set(name, hash)
  }
  return users
}

const joined = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')

/** The document with the user's hash added or replaced; comments and order are kept. */
export const withUser = (text: string | undefined, name: string, hash: string): string => {
  const lines = linesOf(text ?? '')
  if (lines.at(-1) === '') lines.pop()
  const at = lines.findIndex((line) => nameOn(line) === name)
  return joined(lines.with(at < 0 ? lines.push('') - 1 : at, `${name}:${hash}`))
}

/** The document without the user; comments and order are kept. */
export const withoutUser = (text: string, name: string): string => {
  const lines = linesOf(text)
  if (lines.at(-1) === '') lines.pop()
  return joined(lines.filter((line) => nameOn(line) !== name))
}
