/**
 * Checks users' passwords. It takes as long for users that do not exist, and remembers right
 * passwords for a few minutes, since clients with Basic authentication send theirs with each
 * request.
 *
 * @module
 */

import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { coalesce } from '../../shared/coalesce.ts'
import type { Attempt, Throttle } from '../throttle/throttle.ts'
import { COST, oneAtATime, type VerifyPassword } from './bcrypt.ts'
import { costOf, type Users } from './htpasswd.ts'

/** Milliseconds for which a right password is remembered. */
const REMEMBERED_FOR = 5 * 60_000
const MOST_REMEMBERED = 1_000
/** Milliseconds for which a wrong password is remembered. */
const WRONG_FOR = 60_000

export interface Passwords {
  /**
   * Whether this is the user's password.
   *
   * @throws AccessError TOOMANYREQUESTS after failures, or with too many log-ins at once
   */
  isRight(users: Users, name: string, password: string, address: string): Promise<boolean>
}

export interface PasswordOptions {
  readonly verify: VerifyPassword
  readonly throttle: Throttle
  /** Clock in milliseconds. */
  readonly now: () => number
}

interface LogIn {
  readonly users: Users
  readonly name: string
  readonly password: string
  readonly address: string
  /** What a right password is remembered by; nobody outside this process can make it. */
  readonly key: string
  /** The same for one address, by which a wrong one is. */
  readonly keyHere: string
}

/** A hash of no known password: salt and digest are arbitrary. */
const dummyHash = (cost: number): string =>
  `$2y$${String(cost).padStart(2, '0')}$${'slipway.nobody.'.padEnd(52, '.')}O`

/** Creates a checker of passwords, which remembers results. */
export const createPasswords = ({ verify, throttle, now }: PasswordOptions): Passwords => {
  const verifyInTurn = oneAtATime(verify)
  // Keys are derived with a secret of this process: outside it they disclose nothing about passwords.
  const secret = createSecretKey(randomBytes(32))
  const sealed = (...values: readonly string[]): string =>
    createHmac('sha256', secret).update(JSON.stringify(values)).digest('base64')
  const remembered = new LRUCache<string, true>({
    max: MOST_REMEMBERED,
    ttl: REMEMBERED_FOR,
    ttlResolution: 0,
    perf: { now },
  })
  /** The same by address. */
  const rememberedHere = new LRUCache<string, true>({
    max: MOST_REMEMBERED,
    ttl: REMEMBERED_FOR,
    ttlResolution: 0,
    perf: { now },
  })
  // A client with a wrong password sends it with each of its parallel requests and retries. That is one
  // guess: counted each time, it would lock out the user who then types the right one.
  const wrong = new LRUCache<string, true>({
    max: MOST_REMEMBERED,
    ttl: WRONG_FOR,
    ttlResolution: 0,
    perf: { now },
  })

  /**
   * A hash whose comparison takes as long as that of some user, always the same one for a name, so
   * that unknown names cannot be told from known ones even if costs differ.
   */
  const decoyFor = (users: Users, name: string): string => {
    const hashes = [...users.values()]
    const draw = createHmac('sha256', secret).update(name).digest().readUInt32BE()
    const model = hashes[draw % hashes.length]
    return dummyHash(model === undefined ? COST : costOf(model))
  }

  const compare = async (
    { users, name, password, key, keyHere }: LogIn,
    attempt: Attempt,
  ): Promise<boolean> => {
    const hash = users.get(name)
    // Also computed for users that exist, as it takes time.
    const decoy = decoyFor(users, name)
    let right: boolean
    try {
      right = await verifyInTurn(password, hash ?? decoy)
    } catch (error) {
      attempt.withdrawn()
      throw error
    }
    if (!right || hash === undefined) {
      wrong.set(keyHere, true)
      await attempt.failed()
      return false
    }
    await attempt.succeeded()
    remembered.set(key, true)
    rememberedHere.set(keyHere, true)
    return true
  }

  // The same log-in many times at once, as a client's first parallel requests, is compared once.
  const isRight = coalesce(
    async (logIn: LogIn): Promise<boolean> => {
      if (wrong.has(logIn.keyHere)) return false
      // Before the remembered results are used: they, too, tell whether a guess was right.
      const { name, address, key, keyHere } = logIn
      const isKnownHere = remembered.has(key) && rememberedHere.has(keyHere)
      const attempt = isKnownHere
        ? throttle.inMemory(name, address)
        : await throttle.attempt(name, address)
      if (!remembered.has(key)) return compare(logIn, attempt)
      await attempt.succeeded()
      rememberedHere.set(keyHere, true)
      return true
    },
    { atOnce: 1, key: ({ keyHere }) => keyHere },
  )

  return {
    async isRight(users, name, password, address) {
      // The hash is part of the key, so that a changed password is no longer remembered.
      const key = sealed(name, password, users.get(name) ?? '')
      return isRight({ users, name, password, address, key, keyHere: `${key} ${address}` })
    },
  }
}
