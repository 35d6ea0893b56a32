/**
 * How others verify this registry's tokens: GET /.well-known/jwks.json, and, for those who look for that by the
 * issuer's name, GET /.well-known/openid-configuration
 *
 * @module
 */

import type { Hono } from 'hono'
import { discoveryOf, JWKS_MAX_AGE, publishedJwks } from '../../auth/keys/jwks.ts'
import type { TokenIssuing } from '../../auth/token-service.ts'
import type { AppEnv } from '../env.ts'

/** Registers the key set, and where the issuer's name leads to it. */
export const jwksRoutes = (app: Hono<AppEnv>, { keys, issuer }: TokenIssuing): void => {
  app.get('/.well-known/jwks.json', async (c) => {
    c.header('Cache-Control', `public, max-age=${JWKS_MAX_AGE}`)
    return c.json(await publishedJwks(keys))
  })
  const discovery = discoveryOf(issuer)
  if (discovery === undefined) return
  app.get('/.well-known/openid-configuration', (c) => {
    c.header('Cache-Control', `public, max-age=${JWKS_MAX_AGE}`)
    return c.json(discovery)
  })
}
