/**
 * People log in with a browser: /auth/login, callback, session, logout.
 *
 * @module
 */

import type { Hono } from 'hono'
import type { TokenIssuing } from '../../auth/token-service.ts'
import type { UploadMemory } from '../../registry/uploads/memory.ts'
import type { AppEnv } from '../env.ts'

/**
 * Registers the endpoints. Where people do not log in, there is nothing at them.
 *
 * @param publicUrl scheme and host as browsers see them, where requests do not tell
 * @param memory for what clients send
 */
export const logInRoutes = (
  app: Hono<AppEnv>,
  { people: open, tokens }: TokenIssuing,
  publicUrl: string | undefined,
  memory: UploadMemory,
): void => {
  app.all('/auth/*', async (c, next) => {
    const people = await open()
    if (people === undefined) return next()
    const { respond } = await import('../people/endpoints.ts')
    c.set('publicUrl', publicUrl)
    return (await respond(c, { people, tokens, memory })) ?? next()
  })
}
