/**
 * The keys that this registry's tokens are verified with: GET /.well-known/jwks.json
 *
 * @module
 */

import type { Hono } from 'hono'
import { JWKS_MAX_AGE, publishedJwks } from '../../auth/keys/jwks.ts'
import type { TokenIssuing } from '../../auth/token-service.ts'
import type { AppEnv } from '../env.ts'

/** Registers the key set. */
export const jwksRoutes = (app: Hono<AppEnv>, { keys }: TokenIssuing): void => {
  app.get('/.well-known/jwks.json', async (c) => {
    c.header('Cache-Control', `public, max-age=${JWKS_MAX_AGE}`)
    return c.json(await publishedJwks(keys))
  })
}
