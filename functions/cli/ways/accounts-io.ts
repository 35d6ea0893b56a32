/**
 * What commands on accounts work with.
 *
 * @module
 */

import type { Imported } from '../../auth/accounts/administer/users.ts'
import type { Users } from '../../auth/accounts/htpasswd.ts'
import type { RobotSecret } from '../../auth/accounts/robots.ts'
import type { DocumentIo } from './document-io.ts'

/** A secret that was made just now. */
export interface NewSecret {
  readonly secret: string
  /** null: never. */
  readonly expires: string | null
}

/** Users. What is asked for by a name throws AccountError where there is none, or it is not valid. */
export interface UsersOf {
  /** `leftOut` says which lines of the document cannot be used. */
  readonly users: () => Promise<{
    readonly names: readonly string[]
    readonly leftOut: readonly string[]
  }>
  /**
   * Gives a user a password.
   *
   * @param exists whether there must be the user, or must not
   * @param newPassword is asked once that is so
   */
  readonly setPassword: (
    name: string,
    exists: boolean,
    newPassword: () => Promise<string>,
  ) => Promise<void>
  readonly removeUser: (name: string) => Promise<void>
  /** @param text of an htpasswd file, with these users in it */
  readonly importUsers: (text: string, users: Users) => Promise<Imported>
}

/** Robots, by their short names. What is asked for by a name throws AccountError as with users. */
export interface RobotsOf {
  readonly robots: () => Promise<
    ReadonlyMap<string, readonly Pick<RobotSecret, 'id' | 'expires'>[]>
  >
  /** @param life of its secret in milliseconds, null: for ever; undefined: it has none */
  readonly addRobot: (
    name: string,
    life: number | null | undefined,
  ) => Promise<NewSecret | undefined>
  /** @param keep milliseconds for which other secrets stay valid at most */
  readonly rotateRobot: (name: string, life: number | null, keep: number) => Promise<NewSecret>
  readonly removeRobot: (name: string) => Promise<void>
  readonly robotMustExist: (name: string) => Promise<void>
  readonly bindRobot: (name: string, claims: readonly string[]) => Promise<void>
  /** @returns whether it was bound to anything */
  readonly unbindRobot: (name: string) => Promise<boolean>
}

/** The world outside a command, documents, and accounts. */
export interface AccountsIo extends DocumentIo, UsersOf, RobotsOf {
  /** Those of some members of a group who have no account. */
  readonly strangersAmong: (members: readonly string[]) => Promise<readonly string[]>
  /** Puts a policy in force where there is none. @returns whether there was none */
  readonly startPolicy: (text: string) => Promise<boolean>
  readonly hasPolicy: () => Promise<boolean>
}
