/**
 * Users of a registry.
 *
 * @module
 */

import { absent, checkName, present } from '../../auth/accounts/administer/errors.ts'
import { userNameFault } from '../../auth/accounts/names.ts'
import * as z from '../../shared/schema.ts'
import type { UsersOf } from '../ways/accounts-io.ts'
import type { AdminApi } from './admin-api.ts'
import { NOT_THERE, THERE, withJson } from './ask-json.ts'
import { pagesOf } from './pages.ts'

const names = z.array(z.string())
const page = z.object({ users: z.array(z.object({ name: z.string() })), leftOut: names })
const imported = z.object({ added: names, kept: names })

const pathOf = (name: string): string => `users/${encodeURIComponent(name)}`

/** Whether there is a user. */
export const hasUser = async ({ ask }: AdminApi, name: string): Promise<boolean> =>
  (await ask(pathOf(name), [200, 404])).status === 200

/** Users of a registry. Their passwords are hashed there. */
export const usersOf = (registry: AdminApi): UsersOf => ({
  async users() {
    const found: string[] = []
    let leftOut: readonly string[] = []
    for await (const { users, leftOut: faults } of pagesOf(registry, 'users', page)) {
      found.push(...users.map(({ name }) => name))
      leftOut = faults
    }
    return { names: found, leftOut }
  },
  async setPassword(name, exists, newPassword) {
    checkName('user', name, userNameFault)
    const wrong = exists ? absent('user', name) : present('user', name)
    if ((await hasUser(registry, name)) !== exists) throw wrong
    const body = { password: await newPassword() }
    const question = withJson('PUT', body, exists ? THERE : NOT_THERE)
    const { status } = await registry.ask(pathOf(name), [201, 204, 412], question)
    if (status === 412) throw wrong
  },
  async removeUser(name) {
    const { status } = await registry.ask(pathOf(name), [204, 404], { method: 'DELETE' })
    if (status === 404) throw absent('user', name)
  },
  importUsers: (htpasswd) => registry.json('users', imported, withJson('POST', { htpasswd })),
})
