/**
 * Shows a registry what it asks for: a token, a password, or nothing.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { secureUrl } from '../../shared/secure-url.ts'
import { TransferError } from '../errors.ts'
import { isHttp, shown } from './address.ts'
import { basic, CHALLENGE_HEADERS, type Challenge, parseChallenge } from './challenge.ts'
import type { Credentials } from './docker-config.ts'
import { wordsOf } from './failure.ts'
import type { Http, Outgoing, Reply } from './http.ts'

/** Sends requests to one registry, with what it asks for. */
export interface Authorized {
  send(outgoing: Outgoing): Promise<Reply>
}

/** The same, and what is shown, for requests that are sent another way. */
export interface Authorizing extends Authorized {
  /** Shows something else from now on, since a request was refused with this challenge. */
  heed(challenge: Challenge): void
  /** What the registry asks for; undefined where it is for nothing. Looked up once. */
  challenge(): Promise<Challenge | undefined>
  /** Undefined where the registry asks for nothing. */
  authorization(): Promise<string | undefined>
}

/** What a header can carry. */
const text = z.catch(z.optional(z.string().check(z.regex(/^[\x21-\x7e]+$/))), undefined)

/** What a token endpoint grants, of which nothing is certain. */
const granted = z.object({
  token: text,
  access_token: text,
  expires_in: z.catch(z.number().check(z.positive()), 60),
})

/** @throws SyntaxError where it is not JSON */
const readGrant = (body: Buffer): z.output<typeof granted> | undefined =>
  granted.safeParse(JSON.parse(body.toString())).data

/** Milliseconds by which a token is renewed early; one that lives shortly, after half its life. */
const EARLY = 30_000

/** The challenge of a response, under any of its names. */
export const challengeOf = ({ headers }: Pick<Reply, 'headers'>): Challenge | undefined => {
  const values = CHALLENGE_HEADERS.map((name) => headers[name.toLowerCase()])
  const value = values.find((each): each is string => typeof each === 'string')
  return value === undefined ? undefined : parseChallenge(value)
}

/**
 * Authorizes requests to a registry.
 *
 * @param origin scheme and host of the registry
 * @param scope what tokens are asked for; empty: nothing in particular
 * @param now clock in milliseconds
 */
export const authorizing = (
  http: Pick<Http, 'send'>,
  origin: string,
  credentials: Credentials | undefined,
  scope: string,
  now: () => number = Date.now,
): Authorizing => {
  let challenge: Challenge | undefined
  let token: Promise<{ readonly text: string; readonly until: number }> | undefined

  const fetchToken = async ({ parameters }: Challenge) => {
    const { realm = '' } = parameters
    // Some have none.
    const service = parameters.service ? { service: parameters.service } : {}
    if (!isHttp(realm)) {
      throw new TransferError(
        `${origin} asks for a token of ${JSON.stringify(realm)}, which is not an HTTP address`,
      )
    }
    // Whoever asks by TLS must not have what proves who asks sent without.
    if (credentials && origin.startsWith('https:') && secureUrl(realm) === undefined) {
      throw new TransferError(
        `a token of ${origin} is to be had at ${shown(realm)}, which has no TLS: nothing was sent there`,
      )
    }
    const failed = (why: string): TransferError =>
      new TransferError(`${origin} gives no token for ${scope}: ${why}`)
    const refresh =
      credentials && 'refreshToken' in credentials ? credentials.refreshToken : undefined
    const query = new URLSearchParams({ ...service, ...(scope === '' ? {} : { scope }) })
    const user = credentials && 'name' in credentials ? credentials : undefined
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      ...service,
      scope,
      client_id: 'slipway',
      refresh_token: refresh ?? '',
    })
    const reply = await http.send(
      refresh === undefined
        ? {
            method: 'GET',
            url: `${realm}${realm.includes('?') ? '&' : '?'}${query}`,
            headers: user ? { Authorization: basic(user) } : {},
          }
        : {
            method: 'POST',
            url: realm,
            headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
            body: Buffer.from(form.toString()),
          },
    )
    const from = `${reply.status} from ${shown(realm)}`
    if (reply.status !== 200) {
      const words = wordsOf(reply)
      throw failed(words === undefined ? from : `${from}: ${words}`)
    }
    let grant: z.output<typeof granted> | undefined
    try {
      grant = readGrant(reply.body)
    } catch {
      // The cause would quote it, and it may be a token.
      throw failed(`${from}, which is not JSON`)
    }
    const text = grant?.token ?? grant?.access_token
    if (grant === undefined || text === undefined) throw failed(`${from}, without a token`)
    const life = grant.expires_in * 1000
    return { text, until: now() + life - Math.min(EARLY, life / 2) }
  }

  const authorization = async (): Promise<string | undefined> => {
    if (challenge?.scheme === 'basic') {
      return credentials && 'name' in credentials ? basic(credentials) : undefined
    }
    if (challenge?.scheme !== 'bearer') return undefined
    const current = await token?.catch(() => undefined)
    if (current === undefined || current.until < now()) token = fetchToken(challenge)
    return `Bearer ${(await token!).text}`
  }

  const attempt = async (outgoing: Outgoing): Promise<Reply> => {
    const value = await authorization()
    const shown = value === undefined ? {} : { Authorization: value }
    return http.send({ ...outgoing, headers: { ...shown, ...outgoing.headers } })
  }

  const heed = (asked: Challenge): void => {
    challenge = asked
    token = undefined
  }

  /** Asks once; a registry that asks in a way of its own has no scheme. */
  const look = async (): Promise<Challenge | undefined> => {
    const reply = await http.send({ method: 'GET', url: `${origin}/v2/` })
    if (reply.status !== 401) return undefined
    return challengeOf(reply) ?? { scheme: undefined, parameters: {} }
  }
  let looked: Promise<Challenge | undefined> | undefined
  const find = async (): Promise<Challenge | undefined> => {
    if (challenge !== undefined) return challenge
    looked ??= look()
    // What failed is tried again.
    looked.catch(() => {
      looked = undefined
    })
    challenge ??= await looked
    return challenge
  }

  return {
    challenge: find,
    async authorization() {
      await find()
      return authorization()
    },
    heed,
    async send(outgoing) {
      const reply = await attempt(outgoing)
      if (reply.status !== 401) return reply
      const asked = challengeOf(reply)
      if (asked === undefined) return reply
      heed(asked)
      return attempt(outgoing)
    },
  }
}
