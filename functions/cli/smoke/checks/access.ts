/**
 * How a client finds out where to log in, and what it gets there.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import {
  basic,
  CHALLENGE_HEADERS,
  type Challenge,
  parseChallenge,
  type User,
} from '../../../transfer/registry/challenge.ts'
import { type Check, firstWrong, type Seen } from '../check.ts'
import type { Reply } from '../client.ts'
import { challengeOf, type Grant, jsonOf, tokenAddress } from '../credentials.ts'
import type { Session } from '../session.ts'
import { Unmet } from '../unmet.ts'

/** Longest token in bytes: a gateway takes 10,240 bytes of headers in all. */
const MAX_TOKEN = 6000
/** Seconds; shorter ones count as these, as the token specification has it. */
const SHORTEST = 60

const bearerOf = async ({ client, origin }: Session): Promise<Challenge['parameters']> => {
  const reply = await client.send({ method: 'GET', url: `${origin}/v2/` })
  if (reply.status === 200) throw new Unmet('no token is asked for: the registry is open')
  const challenge = challengeOf(reply)
  if (challenge === undefined) throw new Unmet('there was no challenge')
  if (challenge.scheme !== 'bearer') throw new Unmet('no token is asked for, but a password')
  return challenge.parameters
}

const userOf = ({ user }: Session): User => {
  if (user === undefined) throw new Unmet('needs --user and a password')
  return user
}

/** Judges the response of a token endpoint. */
const judge = (reply: Reply, needed: readonly (keyof Grant)[]): Seen => {
  const grant = (jsonOf(reply) ?? {}) as Grant
  if (reply.status !== 200) return { seen: `${reply.status}`, wrong: 'no token was given' }
  const length = (grant.access_token ?? grant.token ?? '').length
  const missing = needed.filter((name) => grant[name] === undefined)
  return {
    seen: `token of ${length} bytes for ${grant.expires_in} s, ${Math.round(reply.ms)} ms`,
    wrong: firstWrong(
      [missing.length === 0, `${missing.join(' and ')} is missing`],
      [length <= MAX_TOKEN, `it is longer than ${MAX_TOKEN} bytes`],
      [(grant.expires_in ?? SHORTEST) >= SHORTEST, `it expires within ${SHORTEST} s`],
    ),
  }
}

const judgeChallenge = (session: Session, reply: Reply): Seen => {
  const found = CHALLENGE_HEADERS.filter((name) => reply.headers.has(name))
  const asWritten = reply.names.filter((name) =>
    found.some((other) => other.toLowerCase() === name.toLowerCase()),
  )
  const seen = `401 with ${asWritten.join(', ') || 'no challenge'}`
  const challenge = reply.headers.get('WWW-Authenticate')
  if (challenge === null) {
    const copied = found.includes('X-Registry-Challenge')
    return {
      seen,
      wrong: `WWW-Authenticate is ${found.length === 0 ? 'missing' : 'renamed'}: no client logs in`,
      ...(copied ? {} : { instead: 'check what is in front of the registry: it drops headers' }),
    }
  }
  const { scheme, parameters } = parseChallenge(challenge)
  const { realm = '' } = parameters
  if (scheme === 'basic') return { seen: `${seen}: Basic`, wrong: undefined }
  const https = new URL(session.origin).protocol === 'http:' || realm.startsWith('https://')
  return {
    seen: `${seen}: Bearer, ${realm}`,
    wrong: firstWrong(
      [scheme === 'bearer' && realm !== '', `the challenge is not valid: ${challenge}`],
      [https, 'the realm is not https: passwords would be sent in the clear'],
      [!/[?#]/.test(realm), 'the realm has a query, which jib replaces'],
    ),
    ...(https ? {} : { instead: 'set the address clients use (publicUrl, --public-url)' }),
  }
}

/** Checks of logging in. */
export const accessChecks: readonly Check[] = [
  {
    id: 'challenge',
    asks: 'GET /v2/ without credentials',
    advice:
      'map it back: integration response parameters, 401, overwrite:header.WWW-Authenticate = $response.header.x-registry-challenge, as in the stack; if that does not help, put CloudFront in front with an origin-response function that does it',
    run: async (session) => {
      const reply = await session.client.send({ method: 'GET', url: `${session.origin}/v2/` })
      if (reply.status === 401) return judgeChallenge(session, reply)
      if (reply.status !== 200) return { seen: `${reply.status}`, wrong: 'neither 200 nor 401' }
      return {
        seen: '200: open to everyone',
        wrong: session.user && 'no password is asked for, but you gave one',
        instead: 'add an account (slipway user add NAME), or set auth to token',
      }
    },
  },
  {
    id: 'token',
    asks: 'GET of a token with user and password',
    advice: 'check user and password, and that the policy lets the user pull, push and delete',
    run: async (session) => {
      const parameters = await bearerOf(session)
      if (session.user === undefined) {
        return { seen: 'not asked', wrong: 'there is no user', instead: 'give --user NAME' }
      }
      const url = tokenAddress(parameters, `repository:${session.repository}:pull,push,delete`)
      const headers = { Authorization: basic(session.user) }
      return judge(await session.client.send({ method: 'GET', url, headers }), ['token'])
    },
  },
  {
    id: 'token-form',
    asks: 'POST of a form for a token, as containerd and helm do',
    advice: 'check the response in the log: forms may be changed on the way',
    run: async (session) => {
      const { realm = '', service = '' } = await bearerOf(session)
      const { name: username, password } = userOf(session)
      const scope = `repository:${session.repository}:pull`
      const form = {
        grant_type: 'password',
        service,
        scope,
        username,
        password,
        client_id: 'smoke',
      }
      const reply = await session.client.send({
        method: 'POST',
        url: realm,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: Buffer.from(new URLSearchParams(form).toString()),
      })
      return judge(reply, ['access_token'])
    },
  },
  {
    id: 'wrong-password',
    asks: 'login of a user that does not exist',
    advice: 'set auth to token or basic: anyone can log in',
    run: async (session) => {
      const { client, origin } = session
      const nobody = { name: 'smoke-nobody', password: randomBytes(12).toString('hex') }
      const challenge = challengeOf(await client.send({ method: 'GET', url: `${origin}/v2/` }))
      if (challenge === undefined) throw new Unmet('no password is asked for')
      const bearer = challenge.scheme === 'bearer'
      const url = bearer ? tokenAddress(challenge.parameters) : `${origin}/v2/`
      const { status } = await client.send({
        method: 'GET',
        url,
        headers: { Authorization: basic(nobody) },
      })
      return {
        seen: `${status}`,
        wrong: firstWrong([status === 401, 'it is not refused (expected 401)']),
      }
    },
  },
]
