/**
 * Tokens: GET and POST /token (Docker token specification).
 *
 * @module
 */

import type { Hono } from 'hono'
import { AccessError } from '../../auth/errors.ts'
import { type BasicCredentials, parseBasic } from '../../auth/identity.ts'
import type { TokenCredentials, TokenIssuing, TokenRequest } from '../../auth/token-service.ts'
import type { UploadMemory } from '../../registry/uploads/memory.ts'
import { quoted } from '../../shared/errors.ts'
import { readBody } from '../body.ts'
import type { AppContext, AppEnv } from '../env.ts'
import { RequestError } from '../errors.ts'
import { addressOf } from '../middleware/permit.ts'

/** Most bytes of a form: a refresh token, credentials and some scopes. */
const MAX_FORM = 64 * 1024

const badRequest = (message: string): RequestError => new RequestError('PARAMETER_INVALID', message)

/**
 * Who Basic credentials name: nobody if they are empty, as podman sends them without any. A password of no
 * name is a refresh token: BuildKit sends it so, if docker's CLI has logged in. Were that an anonymous caller,
 * it would keep the token that such a one gets, and be refused its push.
 */
const basicCredentials = ({ name, password }: BasicCredentials): TokenCredentials => {
  if (name !== '') return { kind: 'password', name, password }
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

const formCredentials = (form: URLSearchParams): TokenCredentials => {
  const grant = form.get('grant_type') ?? ''
  if (grant === 'password') {
    return {
      kind: 'password',
      name: form.get('username') ?? '',
      password: form.get('password') ?? '',
    }
  }
  if (grant === 'refresh_token') return { kind: 'refresh', token: form.get('refresh_token') ?? '' }
  throw badRequest(`unsupported grant_type ${quoted(grant)}: expected password or refresh_token`)
}

/** POST: everything in a form. */
const readForm = async (c: AppContext, memory: UploadMemory): Promise<TokenRequest> => {
  const type = c.req.header('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') {
    throw badRequest(
      `unsupported Content-Type ${quoted(type ?? '')}: expected application/x-www-form-urlencoded`,
    )
  }
  const body = await readBody(c, memory, { what: 'form', limit: MAX_FORM })
  const form = new URLSearchParams(Buffer.from(body).toString())
  return {
    credentials: formCredentials(form),
    service: form.get('service') || undefined,
    scopes: form.getAll('scope'),
    offline: form.get('access_type') === 'offline' || form.get('offline_token') === 'true',
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

  const notAllowed = (c: AppContext): never => {
    throw new RequestError(
      'METHOD_NOT_ALLOWED',
      `${c.req.method} is not allowed here, only GET, POST`,
      { allow: 'GET, POST' },
    )
  }

  // Hono handles HEAD as GET, but a token that nobody can read must not be issued.
  app.get('/token', (c) => (c.req.method === 'GET' ? respond(c, readQuery) : notAllowed(c)))
  app.post('/token', (c) => respond(c, () => readForm(c, memory)))
  app.all('/token', notAllowed)
}
