/**
 * Tokens: GET and POST /token (Docker token specification).
 *
 * @module
 */

import type { Hono } from 'hono'
import { AccessError } from '../../auth/errors.ts'
import { type BasicCredentials, isJwt, parseBasic } from '../../auth/identity.ts'
import type { TokenCredentials, TokenIssuing, TokenRequest } from '../../auth/token-service.ts'
import type { UploadMemory } from '../../registry/uploads/memory.ts'
import { quoted } from '../../shared/errors.ts'
import { readBody } from '../body.ts'
import type { AppContext, AppEnv } from '../env.ts'
import { RequestError } from '../errors.ts'
import { addressOf } from '../middleware/permit.ts'

/** Most bytes of a form: a refresh token, credentials and some scopes. */
const MAX_FORM = 64 * 1024

/** RFC 8693 sections 2.1 and 3. */
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const TYPES = 'urn:ietf:params:oauth:token-type'
const ACCESS_TOKEN = `${TYPES}:access_token`
/** What else the response to an exchange says (RFC 8693 section 2.2.1). */
const ISSUED = { issued_token_type: ACCESS_TOKEN, token_type: 'Bearer' }
const SUBJECT_TYPES = [`${TYPES}:jwt`, `${TYPES}:id_token`, ACCESS_TOKEN]

const badRequest = (message: string): RequestError => new RequestError('PARAMETER_INVALID', message)

/** Whatever the name, a password that is a JWT is what another issuer says of its bearer. */
const withPassword = (name: string, password: string): TokenCredentials =>
  isJwt(password) ? { kind: 'token', token: password } : { kind: 'password', name, password }

/**
 * Who Basic credentials name: nobody if they are empty, as podman sends them without any. A password of no
 * name is a refresh token: BuildKit sends it so, if docker's CLI has logged in. Were that an anonymous caller,
 * it would keep the token that such a one gets, and be refused its push.
 */
const basicCredentials = ({ name, password }: BasicCredentials): TokenCredentials => {
  if (name !== '') return withPassword(name, password)
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

/** The token that is to be exchanged (RFC 8693 section 2.1). */
const subjectToken = (form: URLSearchParams): string => {
  const type = form.get('subject_token_type') ?? ''
  if (!SUBJECT_TYPES.includes(type)) {
    throw badRequest(
      `unsupported subject_token_type ${quoted(type)}: expected ${SUBJECT_TYPES.join(' or ')}`,
    )
  }
  const requested = form.get('requested_token_type') ?? ACCESS_TOKEN
  if (requested !== ACCESS_TOKEN) {
    throw badRequest(
      `unsupported requested_token_type ${quoted(requested)}: expected ${ACCESS_TOKEN}`,
    )
  }
  if (form.has('actor_token')) throw badRequest('actor_token is not supported: leave it out')
  return form.get('subject_token') ?? ''
}

const formCredentials = (form: URLSearchParams): TokenCredentials => {
  const grant = form.get('grant_type') ?? ''
  if (grant === 'password') {
    return withPassword(form.get('username') ?? '', form.get('password') ?? '')
  }
  if (grant === 'refresh_token') return { kind: 'refresh', token: form.get('refresh_token') ?? '' }
  if (grant === EXCHANGE) return { kind: 'token', token: subjectToken(form) }
  throw badRequest(
    `unsupported grant_type ${quoted(grant)}: expected password, refresh_token or ${EXCHANGE}`,
  )
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
    service: form.get('service') || form.get('audience') || undefined,
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
      const request = await read(c)
      const response = await tokens.grant(request)
      return c.json(request.credentials.kind === 'token' ? { ...response, ...ISSUED } : response)
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
