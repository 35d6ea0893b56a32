/**
 * Tokens: GET and POST /token (Docker token specification).
 *
 * @module
 */

import type { Hono } from 'hono'
import { AccessError } from '../../auth/errors.ts'
import { type BasicCredentials, parseBasic } from '../../auth/identity.ts'
import {
  passwordCredentials,
  type TokenCredentials,
  type TokenIssuing,
  type TokenRequest,
} from '../../auth/token-service.ts'
import type { UploadMemory } from '../../registry/uploads/memory.ts'
import type { AppContext, AppEnv } from '../env.ts'
import { RequestError } from '../errors.ts'
import { addressOf } from '../middleware/permit.ts'

/**
 * Who Basic credentials name: nobody if they are empty, as podman sends them without any. A password of no
 * name is a refresh token: BuildKit sends it so, if docker's CLI has logged in. Were that an anonymous caller,
 * it would keep the token that such a one gets, and be refused its push.
 */
const basicCredentials = ({ name, password }: BasicCredentials): TokenCredentials => {
  if (name !== '') return passwordCredentials(name, password)
  return password === '' ? { kind: 'none' } : { kind: 'refresh', token: password }
}

/** GET: Basic credentials or none, everything else in the query. */
const readQuery = (c: AppContext): TokenRequest => {
  const authorization = c.req.header('Authorization')
  const basic = parseBasic(authorization)
  if (authorization !== undefined && basic === undefined) {
    throw new AccessError('UNAUTHORIZED', 'the token endpoint takes Basic credentials')
  }
  return {
    credentials: basic ? basicCredentials(basic) : { kind: 'none' },
    service: c.req.query('service') || undefined,
    scopes: c.req.queries('scope') ?? [],
    offline: c.req.query('offline_token') === 'true',
    address: addressOf(c),
  }
}

/** Registers the token endpoint. @param memory for what clients send */
export const tokenRoutes = (
  app: Hono<AppEnv>,
  { tokens }: TokenIssuing,
  memory: UploadMemory,
): void => {
  const respond = async (
    c: AppContext,
    read: (c: AppContext) => TokenRequest | Promise<TokenRequest>,
  ): Promise<Response> => {
    c.header('Cache-Control', 'no-store')
    try {
      return c.json(await tokens.grant(await read(c)))
    } catch (error) {
      if (!(error instanceof AccessError && error.code === 'UNAUTHORIZED')) throw error
      throw new RequestError('UNAUTHORIZED', error.message, {
        cause: error,
        challenge: 'Basic realm="slipway"',
      })
    }
  }

  const readForm = async (c: AppContext): Promise<TokenRequest> => {
    // Most clients send GET, so that a start does not need it.
    const { readTokenForm } = await import('./token-form.ts')
    return readTokenForm(c, memory)
  }

  const notAllowed = (c: AppContext): never => {
    throw new RequestError(
      'METHOD_NOT_ALLOWED',
      `${c.req.method} is not allowed here, only GET, POST`,
      { allow: 'GET, POST' },
    )
  }

  // Hono handles HEAD as GET, but a token that nobody can read must not be issued.
  app.get('/token', (c) => (c.req.method === 'GET' ? respond(c, readQuery) : notAllowed(c)))
  app.post('/token', (c) => respond(c, readForm))
  app.all('/token', notAllowed)
}
