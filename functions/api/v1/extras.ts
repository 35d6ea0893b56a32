/**
 * What few clients of the first API ask for: whether a repository is public, and what has pushed it.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { V1 } from '../../v1/open.ts'
import type { AppEnv } from '../env.ts'
import { RequestError } from '../errors.ts'
import { addressOf } from '../middleware/permit.ts'
import { allow } from './access.ts'
import { REPOSITORY, readName } from './repository.ts'
import { guarded, sendJson } from './respond.ts'

/** What docker-registry says where nobody has told it more. */
const UNTOLD = {
  arch: 'amd64',
  docker_go_version: null,
  docker_version: null,
  kernel: null,
  last_update: null,
  os: 'linux',
}

/** Registers them. */
export const extraRoutesV1 = (app: Hono<AppEnv>, v1: V1): void => {
  const untold = guarded(async (c) => {
    await allow(c, v1, readName(c), 'pull')
    return sendJson(c, UNTOLD)
  })
  app.get(`${REPOSITORY}/tags/:tag/json`, untold)
  app.get(`${REPOSITORY}/json`, untold)

  app.put(
    `${REPOSITORY}/auth`,
    guarded(async (c) => {
      await allow(c, v1, readName(c), 'pull', 'push')
      return sendJson(c, 'OK')
    }),
  )

  app.get(
    `${REPOSITORY}/properties`,
    guarded(async (c) => {
      const { name } = await allow(c, v1, readName(c), 'pull')
      const anybody = { authorization: undefined, address: addressOf(c) }
      const caller = await c.get('authorizer').identify(anybody)
      return sendJson(c, { access: caller.allows(name, 'pull') ? 'public' : 'private' })
    }),
  )

  app.put(
    `${REPOSITORY}/properties`,
    guarded(async (c) => {
      await allow(c, v1, readName(c), 'push')
      throw new RequestError('DENIED', 'the policy says who may pull: ask the administrator')
    }),
  )
}
