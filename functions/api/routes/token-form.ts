/**
 * The form of POST /token: OAuth2 as Docker has it, and token exchange (RFC 8693).
 *
 * @module
 */

import {
  passwordCredentials,
  type TokenCredentials,
  type TokenRequest,
} from '../../auth/token-service.ts'
import type { UploadMemory } from '../../registry/uploads/memory.ts'
import { quoted } from '../../shared/errors.ts'
import { readBody } from '../body.ts'
import type { AppContext } from '../env.ts'
import { RequestError } from '../errors.ts'
import { addressOf } from '../middleware/permit.ts'

/** Most bytes of a form: a token, credentials and some scopes. */
const MAX_FORM = 64 * 1024

/** RFC 8693 sections 2.1 and 3. */
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const TYPES = 'urn:ietf:params:oauth:token-type'
const ACCESS_TOKEN = `${TYPES}:access_token`
const SUBJECT_TYPES = [`${TYPES}:jwt`, `${TYPES}:id_token`, ACCESS_TOKEN]

const badRequest = (message: string): RequestError => new RequestError('PARAMETER_INVALID', message)

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
    return passwordCredentials(form.get('username') ?? '', form.get('password') ?? '')
  }
  if (grant === 'refresh_token') return { kind: 'refresh', token: form.get('refresh_token') ?? '' }
  if (grant === EXCHANGE) return { kind: 'token', token: subjectToken(form) }
  throw badRequest(
    `unsupported grant_type ${quoted(grant)}: expected password, refresh_token or ${EXCHANGE}`,
  )
}

/** What a form requests. @param memory for what clients send */
export const readTokenForm = async (c: AppContext, memory: UploadMemory): Promise<TokenRequest> => {
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
