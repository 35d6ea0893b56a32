/**
 * Credentials in the form that the registry asks for: a token, a password, or none.
 *
 * @module
 */

import {
  basic,
  CHALLENGE_HEADERS,
  type Challenge,
  parseChallenge,
  type User,
} from '../../transfer/registry/challenge.ts'
import type { Client, Reply } from './client.ts'
import { Unmet } from './unmet.ts'

/** The challenge of a response, under any of its names, so that the other checks can go on. */
export const challengeOf = ({ headers }: Reply): Challenge | undefined => {
  const value = CHALLENGE_HEADERS.map((name) => headers.get(name)).find((text) => text !== null)
  return value === undefined || value === null ? undefined : parseChallenge(value)
}

/** The address to fetch a token at. */
export const tokenAddress = (
  { realm = '', service = '' }: Challenge['parameters'],
  scope?: string,
): string =>
  `${realm}?${new URLSearchParams({ service, ...(scope === undefined ? {} : { scope }) })}`

/** The response of a token endpoint. */
export interface Grant {
  readonly token?: string
  readonly access_token?: string
  readonly expires_in?: number
  readonly issued_at?: string
}

/** A JSON body, or undefined if it is not JSON. */
export const jsonOf = ({ body }: Reply): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

/** Returns the Authorization header for a request, or undefined where none is needed. */
export type Authorize = () => Promise<string | undefined>

/**
 * Creates what authorizes requests. A token is fetched when first needed, and again before it expires.
 *
 * @param scope what tokens are asked for
 */
export const createAuthorize = (
  client: Client,
  origin: string,
  user: User | undefined,
  scope: string,
): Authorize => {
  let challenge: Challenge | undefined
  let open = false
  let token: { readonly text: string; readonly until: number } | undefined
  let failure: Unmet | undefined

  const fetchToken = async (from: User, { parameters }: Challenge): Promise<string> => {
    const url = tokenAddress(parameters, scope)
    const reply = await client.send({ method: 'GET', url, headers: { Authorization: basic(from) } })
    const { token: text, expires_in: life = 60 } = (jsonOf(reply) ?? {}) as Grant
    if (reply.status !== 200 || text === undefined) {
      // Repeated failures would lock the account.
      failure = new Unmet(`no token could be obtained: ${reply.status} from ${parameters.realm}`)
      throw failure
    }
    token = { text, until: Date.now() + life * 500 }
    return text
  }

  return async () => {
    if (open) return undefined
    if (failure !== undefined) throw failure
    if (challenge === undefined) {
      const reply = await client.send({ method: 'GET', url: `${origin}/v2/` })
      open = reply.status === 200
      if (open) return undefined
      challenge = challengeOf(reply)
    }
    if (user === undefined) throw new Unmet('the registry requires credentials: give --user')
    if (challenge?.scheme !== 'bearer') return basic(user)
    const current = token !== undefined && Date.now() < token.until ? token.text : undefined
    return `Bearer ${current ?? (await fetchToken(user, challenge))}`
  }
}
