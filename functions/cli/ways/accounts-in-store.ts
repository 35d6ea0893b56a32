/**
 * Accounts in a store, as commands work with them.
 *
 * @module
 */

import { bind, mustExist, unbind } from '../../auth/accounts/administer/claims.ts'
import { absent, present } from '../../auth/accounts/administer/errors.ts'
import { strangersAmong } from '../../auth/accounts/administer/groups.ts'
import {
  addRobot,
  readRobots,
  removeRobot,
  rotateRobot,
} from '../../auth/accounts/administer/robots.ts'
import {
  importUsers,
  readUsers,
  removeUser,
  setPassword,
} from '../../auth/accounts/administer/users.ts'
import { hashPassword } from '../../auth/accounts/bcrypt.ts'
import { newSecret } from '../../auth/accounts/robots.ts'
import { readDocument } from '../../auth/document.ts'
import { POLICY_KEY } from '../../registry/layout.ts'
import type { StoreIo } from '../command.ts'
import type { AccountsIo, RobotsOf, UsersOf } from './accounts-io.ts'
import { inStore as documentsInStore } from './documents-in-store.ts'

const usersOf = ({ store, edit }: StoreIo): UsersOf => ({
  async users() {
    const { users, faults } = await readUsers(store)
    return { names: [...users.keys()], leftOut: faults }
  },
  setPassword: (name, exists, newPassword) =>
    setPassword({
      store,
      edit,
      name,
      expect(line) {
        if (exists && line === undefined) throw absent('user', name)
        if (!exists && line !== undefined) throw present('user', name)
      },
      newHash: async () => hashPassword(await newPassword()),
    }),
  removeUser: (name) => removeUser(edit, name),
  importUsers: (_, users) => importUsers(edit, users),
})

const robotsOf = ({ store, edit, now }: StoreIo): RobotsOf => ({
  robots: () => readRobots(store),
  async addRobot(name, life) {
    if (life === undefined) {
      await addRobot(store, edit, name, [])
      return undefined
    }
    const { secret, entry } = newSecret(now(), life)
    await addRobot(store, edit, name, [entry])
    return { secret, expires: entry.expires }
  },
  async rotateRobot(name, life, keep) {
    const at = now()
    const { secret, entry } = newSecret(at, life)
    await rotateRobot(edit, name, entry, at, keep)
    return { secret, expires: entry.expires }
  },
  removeRobot: (name) => removeRobot(edit, name),
  robotMustExist: (name) => mustExist(store, name),
  bindRobot: async (name, claims) => {
    await bind(store, edit, name, claims)
  },
  unbindRobot: (name) => unbind(edit, name),
})

/** Accounts in a store. */
export const inStore = (io: StoreIo): AccountsIo => ({
  ...documentsInStore(io),
  ...usersOf(io),
  ...robotsOf(io),
  strangersAmong: (members) => strangersAmong(io.store, members),
  startPolicy: (text) => io.edit(POLICY_KEY, (there) => (there === undefined ? text : undefined)),
  hasPolicy: async () => (await readDocument(io.store, POLICY_KEY)) !== undefined,
})
