/**
 * The endpoints of the issuer that people log in at: where the browser is sent, and where the code is redeemed that
 * it brings back (OpenID Connect Core section 3.1, RFC 6749 section 4.1).
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { quoted } from '../../shared/errors.ts'
import { postTo } from '../../shared/outgoing.ts'
import * as z from '../../shared/schema.ts'
import { readAll } from '../../storage/bytes.ts'
import { AccessError } from '../errors.ts'
import type { PeopleIssuer } from '../issuers/document.ts'
import { issuerConfiguration } from '../trusted-keys/discovery.ts'
import { issuerUrl } from '../trusted-keys/fetch-json.ts'
import type { Begun } from './begun.ts'

/** Milliseconds that the response to a code may take, body included. */
const TIMEOUT = 5_000
/** Bytes of the largest response: tokens, of which only one is looked at. */
const MAX_SIZE = 256 * 1024

const DEFAULT_SCOPES = ['profile', 'email']

const configurationSchema = z.looseObject({
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  /** RFC 9207 section 3. */
  authorization_response_iss_parameter_supported: z.optional(z.boolean()),
  token_endpoint_auth_methods_supported: z.optional(z.array(z.string())),
})
type Endpoints = z.output<typeof configurationSchema>

const redeemed = z.looseObject({ id_token: z.string() })
const failed = z.looseObject({ error: z.string() })

export interface Provider {
  /**
   * Where somebody is sent to log in.
   *
   * @param redirectUri where the browser comes back to
   * @throws AccessError UNAVAILABLE when the issuer cannot be asked where that is
   */
  authorizationUrl(begun: Begun, redirectUri: string): Promise<string>
  /** Whether its responses always name it. @throws AccessError UNAVAILABLE */
  namesItself(): Promise<boolean>
  /**
   * Redeems a code.
   *
   * @returns the ID token, not verified yet
   * @throws AccessError UNAUTHORIZED when the issuer does not take the code, UNAVAILABLE when it does not answer as it
   *   should, or does not take this registry for the client
   */
  redeem(code: string, begun: Begun, redirectUri: string): Promise<string>
}

const unavailable = (cause: unknown): AccessError =>
  new AccessError(
    'UNAVAILABLE',
    'the issuer that people log in at does not answer as it should: try again later',
    { cause },
  )

/** Undefined for what is not JSON; an error of `JSON.parse` would quote it, and it may have tokens in it. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Client authentication (RFC 6749 section 2.3.1), or the client's name alone (section 3.2.1). */
const asClient = (
  clientId: string,
  secret: string | undefined,
  { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] }: Endpoints,
): { readonly headers: Readonly<Record<string, string>>; readonly fields: object } => {
  if (secret === undefined) return { headers: {}, fields: { client_id: clientId } }
  if (!methods.includes('client_secret_basic') && methods.includes('client_secret_post')) {
    return { headers: {}, fields: { client_id: clientId, client_secret: secret } }
  }
  const pair = [clientId, secret].map((text) => new URLSearchParams({ '': text }).toString())
  const credentials = Buffer.from(pair.map((text) => text.slice(1)).join(':')).toString('base64')
  return { headers: { Authorization: `Basic ${credentials}` }, fields: {} }
}

/**
 * The endpoints of an issuer, found by its name. Nothing is fetched yet.
 *
 * @param secret of the client, if the issuer gave it one
 * @param now clock in milliseconds
 * @throws TypeError when the issuer is not a URL that can be used
 */
export const createProvider = (
  { trusted: { issuer }, login, ca, privateAddresses = false }: PeopleIssuer,
  secret: string | undefined,
  now: () => number,
): Provider => {
  const { clientId, scopes = DEFAULT_SCOPES } = login
  const configuration = issuerConfiguration({ issuer, now, ca, privateAddresses })

  const endpoints = async (): Promise<Endpoints> => {
    try {
      return configurationSchema.parse(await configuration.get())
    } catch (cause) {
      throw unavailable(cause)
    }
  }

  const post = async (
    at: Endpoints,
    form: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number | undefined; readonly body: unknown }> => {
    const { headers, fields } = asClient(clientId, secret, at)
    const url = issuerUrl(at.token_endpoint, 'the token_endpoint of an issuer')
    const response = await postTo(url, new URLSearchParams({ ...form, ...fields }).toString(), {
      ca,
      privateAddresses,
      headers: {
        ...headers,
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
      },
      signal: AbortSignal.timeout(TIMEOUT),
    })
    const text = Buffer.from(await readAll(response, MAX_SIZE)).toString()
    return { status: response.statusCode, body: parsed(text) }
  }

  return {
    async authorizationUrl({ state, nonce, verifier }, redirectUri) {
      const { authorization_endpoint: place } = await endpoints()
      let url: URL
      try {
        url = issuerUrl(place, 'the authorization_endpoint of an issuer')
      } catch (cause) {
        throw unavailable(cause)
      }
      const query = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: [...new Set(['openid', ...scopes])].join(' '),
        state,
        nonce,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
      return url.href
    },

    async namesItself() {
      return (await endpoints()).authorization_response_iss_parameter_supported === true
    },

    async redeem(code, { verifier }, redirectUri) {
      const at = await endpoints()
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri }
      const { status, body } = await post(at, { ...form, code_verifier: verifier }).catch(
        (cause: unknown) => {
          throw unavailable(cause)
        },
      )
      if (status === 200) {
        const { data, error } = redeemed.safeParse(body)
        if (data === undefined) throw unavailable(error)
        return data.id_token
      }
      const why = failed.safeParse(body).data?.error
      if (why === 'invalid_grant') {
        const message = 'the issuer does not take the code: begin again at /auth/login'
        throw new AccessError('UNAUTHORIZED', message)
      }
      throw unavailable(
        new Error(`the response was ${status}, ${quoted(why ?? 'without a reason')}`),
      )
    },
  }
}
