/**
 * Credentials in the form that the registry asks for: a token, a password, or none.
 *
 * @module
 */

import { TransferError } from '../../transfer/errors.ts'
import {
  authorizing,
  challengeOf as transferChallengeOf,
} from '../../transfer/registry/authorize.ts'
import { basic, type Challenge, type User } from '../../transfer/registry/challenge.ts'
import type { Http } from '../../transfer/registry/http.ts'
import type { Client, Reply } from './client.ts'
import { Unmet } from './unmet.ts'

/** The challenge of a response, under any of its names, so that the other checks can go on. */
export const challengeOf = ({ headers }: Reply): Challenge | undefined =>
  transferChallengeOf({ headers: Object.fromEntries(headers) })

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

/** The client as transfers see it. */
const asHttp = (client: Client): Pick<Http, 'send'> => ({
  async send({ body, ...outgoing }) {
    const sent = body instanceof Uint8Array ? { body: Buffer.from(body) } : {}
    const { status, headers, body: received } = await client.send({ ...outgoing, ...sent })
    return { status, headers: Object.fromEntries(headers), body: received }
  },
})

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
  const own = authorizing(asHttp(client), origin, user, scope)
  let failure: Unmet | undefined
  return async () => {
    if (failure !== undefined) throw failure
    const challenge = await own.challenge()
    if (challenge === undefined) return undefined
    if (user === undefined) throw new Unmet('the registry requires credentials: give --user')
    // With a challenge that nobody can read, the other checks can still go on.
    if (challenge.scheme !== 'bearer') return basic(user)
    try {
      return await own.authorization()
    } catch (error) {
      if (!(error instanceof TransferError)) throw error
      // Repeated failures would lock the account.
      failure = new Unmet(`no token could be obtained: ${error.message}`, { cause: error })
      throw failure
    }
  }
}
