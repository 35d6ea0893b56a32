/**
 * Log-ins of the first API: /v1/users. Whoever can log in to the second can log in here; nobody registers: accounts are
 * the administrator's.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { AppContext, AppEnv } from '../env.ts'
import { RequestError } from '../errors.ts'
import { identify, permitPing } from '../middleware/permit.ts'
import { guarded, sendJson } from './respond.ts'

/** Registers them. */
export const userRoutesV1 = (app: Hono<AppEnv>): void => {
  const logIn = guarded(async (c) => {
    await permitPing(c)
    return sendJson(c, 'OK')
  })

  /** At a 401, docker logs in instead. Where everybody may do everything, there is nobody to register. */
  const register = guarded(async (c: AppContext) => {
    const { open } = await identify(c, [])
    if (open) return sendJson(c, 'User Created', 201)
    throw new RequestError('UNAUTHORIZED', 'accounts are made by the administrator: log in', {
      challenge: 'Basic realm="slipway"',
    })
  })

  for (const path of ['/v1/users', '/v1/users/']) {
    app.get(path, logIn)
    app.post(path, register)
  }

  app.put(
    '/v1/users/:name/',
    guarded(async (c) => {
      const { open } = await identify(c, [])
      if (open) return c.body(null, 204)
      throw new RequestError('DENIED', 'accounts are changed by the administrator')
    }),
  )
}
