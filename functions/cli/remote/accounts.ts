/**
 * Accounts of a registry, as commands work with them.
 *
 * @module
 */

import { robotName } from '../../auth/identity.ts'
import { inBatches } from '../../shared/parallel.ts'
import type { AccountsIo } from '../ways/accounts-io.ts'
import { fromAfar as documentsFromAfar } from './documents.ts'
import type { RegistryIo } from './registry-io.ts'
import { hasRobot, robotsOf } from './robots.ts'
import { hasUser, usersOf } from './users.ts'

/** Accounts of a registry. */
export const fromAfar = (io: RegistryIo): AccountsIo => {
  const { registry } = io
  return {
    ...documentsFromAfar(io),
    ...usersOf(registry),
    ...robotsOf(registry),
    async strangersAmong(members) {
      const known = await inBatches([...members], (member) => {
        const robot = robotName(member)
        return robot === undefined ? hasUser(registry, member) : hasRobot(registry, robot)
      })
      return members.filter((_, place) => !known[place])
    },
    // By a policy this very caller may administer, be it in the store or in a file of the server's.
    startPolicy: async () => false,
    hasPolicy: async () => true,
  }
}
