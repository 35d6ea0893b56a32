/**
 * This registry's own accounts: users with passwords, robots with secrets, and groups of both, from
 * the documents in the store as they are at the moment.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { GROUPS_KEY, HTPASSWD_KEY, ROBOTS_KEY } from '../../registry/layout.ts'
import { once } from '../../shared/once.ts'
import {
  ANONYMOUS,
  fingerprint as credentialFingerprint,
  type Identity,
  ROBOT_PREFIX,
  robotName,
} from '../identity.ts'
import { type Live, type LiveOptions, liveDocument } from '../live.ts'
import type { Throttle } from '../throttle/throttle.ts'
import { type VerifyPassword, verifyPassword } from './bcrypt.ts'
import type { Binding } from './bindings.ts'
import { type Groups, parseGroups } from './groups.ts'
import { readHtpasswd, type Users } from './htpasswd.ts'
import { MAX_ACCOUNT_NAME } from './names.ts'
import { createPasswords } from './passwords.ts'
import { findSecret, isCurrent, parseRobots, type Robots } from './robots.ts'

/** A successful log-in. */
export interface LogIn {
  readonly identity: Identity
  /**
   * Fingerprint of the password or secret that was used; empty for anonymous callers. Refresh tokens
   * issued for this log-in are bound to it: see `Accounts.credentials`.
   */
  readonly credential: string
}

export interface Accounts {
  /**
   * Logs in. An empty name, as in podman's `Basic Og==`, is an anonymous caller; robots log in as
   * `robot+<name>`.
   *
   * @param address of the client, by which failures are counted
   * @returns undefined if there is no such account or the password is wrong; which of them is not
   *   disclosed
   * @throws AccessError TOOMANYREQUESTS with `retryAfter` after failures, UNAVAILABLE while the
   *   accounts cannot be read
   */
  authenticate(name: string, password: string, address: string): Promise<LogIn | undefined>
  /**
   * An account as it is now, or undefined if there is none.
   *
   * @throws AccessError UNAVAILABLE while the accounts cannot be read
   */
  lookup(name: string): Promise<Identity | undefined>
  /**
   * The values that `LogIn.credential` of an account can have now, one for each secret of a robot;
   * none if there is no such account or it can no longer log in.
   *
   * @throws AccessError UNAVAILABLE while the accounts cannot be read
   */
  credentials(name: string): Promise<readonly string[]>
  /**
   * Which claims stand for a robot's secret now; undefined if none do, or there is no such robot.
   *
   * @throws AccessError UNAVAILABLE while the accounts cannot be read
   */
  binding(name: string): Promise<Binding | undefined>
  /**
   * Whether accounts have ever been set up here: then nothing is open to all, even if the last
   * account has been removed since.
   *
   * @throws AccessError UNAVAILABLE while the accounts cannot be read
   */
  areSetUp(): Promise<boolean>
}

export interface AccountOptions extends LiveOptions {
  readonly throttle: Throttle
  /** Compares a password to a bcrypt hash; by default on this thread. */
  readonly verify?: VerifyPassword
}

/** Whether a robot is bound to the claims that this is the fingerprint of. @throws AccessError UNAVAILABLE */
export const isBound = async (
  accounts: Accounts,
  name: string,
  credential: string | undefined,
): Promise<boolean> => {
  const binding = await accounts.binding(name)
  return binding !== undefined && credentialFingerprint(binding.credential) === credential
}

interface Document<T> {
  readonly exists: boolean
  readonly value: T
}

const fingerprint = (...values: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify(['slipway', ...values]))
    .digest('base64url')

const ofUser = (name: string, hash: string): string => fingerprint('user', name, hash)
const ofRobot = (name: string, sha256: string): string => fingerprint('robot', name, sha256)

/** Names of the groups an account is in. */
export const groupsOf = (groups: Groups, account: string): string[] =>
  [...groups].filter(([, members]) => members.has(account)).map(([name]) => name)

/** The accounts in a store. Nothing is read before the first call. */
export const createAccounts = (options: AccountOptions): Accounts => {
  const { now, throttle } = options
  const passwords = createPasswords({ now, throttle, verify: options.verify ?? verifyPassword })
  const live = <T>(key: string, parse: (text: string | undefined) => T): Live<Document<T>> =>
    liveDocument(key, (text) => ({ exists: text !== undefined, value: parse(text) }), options)
  const htpasswd = live<Users>(HTPASSWD_KEY, (text) => {
    const { users, faults } = readHtpasswd(text)
    if (faults.length > 0) options.report({ outcome: 'partly', key: HTPASSWD_KEY, faults })
    return users
  })
  const robotsFile = live<Robots>(ROBOTS_KEY, parseRobots)
  const groupsFile = live<Groups>(GROUPS_KEY, parseGroups)
  // Neither loaded nor read but for robots that log in so.
  const bindings = once(async () => (await import('./bindings.ts')).liveBindings(options))

  const identityOf = async (kind: 'user' | 'robot', name: string): Promise<Identity> => {
    const { value } = await groupsFile.get()
    return { kind, name, groups: groupsOf(value, name), claims: {} }
  }

  const userLogIn = async (
    name: string,
    password: string,
    address: string,
  ): Promise<LogIn | undefined> => {
    const users = (await htpasswd.get()).value
    const right = await passwords.isRight(users, name, password, address)
    const hash = users.get(name)
    if (!right || hash === undefined) return undefined
    return { identity: await identityOf('user', name), credential: ofUser(name, hash) }
  }

  const robotLogIn = async (
    name: string,
    secret: string,
    address: string,
  ): Promise<LogIn | undefined> => {
    const robots = (await robotsFile.get()).value
    const attempt = throttle.inMemory(ROBOT_PREFIX + name, address)
    const found = findSecret(robots.get(name) ?? [], secret, now())
    if (found === undefined) {
      attempt.failed()
      return undefined
    }
    attempt.succeeded()
    return {
      identity: await identityOf('robot', ROBOT_PREFIX + name),
      credential: ofRobot(name, found.sha256),
    }
  }

  /** Fingerprints of what an account can log in with now; undefined if there is no such account. */
  const credentialsOf = async (account: string): Promise<readonly string[] | undefined> => {
    const robot = robotName(account)
    if (robot !== undefined) {
      return (await robotsFile.get()).value
        .get(robot)
        ?.filter((secret) => isCurrent(secret, now()))
        .map(({ sha256 }) => ofRobot(robot, sha256))
    }
    const hash = (await htpasswd.get()).value.get(account)
    return hash === undefined ? undefined : [ofUser(account, hash)]
  }

  const kindOf = (account: string): 'user' | 'robot' =>
    robotName(account) === undefined ? 'user' : 'robot'

  return {
    async authenticate(name, password, address) {
      if (name === '') return { identity: ANONYMOUS, credential: '' }
      // Truncated to a name that cannot exist, so that nothing in memory grows with what is sent.
      const account = name.slice(0, MAX_ACCOUNT_NAME + 1)
      const robot = robotName(account)
      return robot === undefined
        ? userLogIn(account, password, address)
        : robotLogIn(robot, password, address)
    },
    async credentials(name) {
      return (await credentialsOf(name)) ?? []
    },
    async binding(name) {
      const robot = robotName(name.slice(0, MAX_ACCOUNT_NAME + 1))
      if (robot === undefined) return undefined
      const [{ value: robots }, bound] = await Promise.all([
        robotsFile.get(),
        bindings().then((document) => document.get()),
      ])
      return robots.has(robot) ? bound.get(robot) : undefined
    },
    async lookup(name) {
      const current = await credentialsOf(name)
      return current && identityOf(kindOf(name), name)
    },
    async areSetUp() {
      const documents = await Promise.all([htpasswd.get(), robotsFile.get()])
      return documents.some(({ exists }) => exists)
    },
  }
}
