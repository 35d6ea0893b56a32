/**
 * Tokens of the first API. A client gets one with the first request for a repository and shows it for each image, whose
 * path has no repository in it. Ids give no access by themselves: the token says of which repository an image is, and
 * what its bearer may do there.
 *
 * It is sealed, so that only this registry makes one, and short-lived. Whoever it was issued to is noted in it, and must
 * still have the right when it is shown: see `Authorizer.lapsed`.
 *
 * @module
 */

import { decrypt, encrypt } from '../shared/encrypted.ts'
import * as z from '../shared/schema.ts'

/** Seconds for which a token is good; one that is shown in its second half is renewed. */
export const TOKEN_LIFE = 60 * 60

/** The same where nobody could be noted, so that nothing is looked at again. */
const SHORT_LIFE = 5 * 60

const ISSUER = 'slipway-v1'

const schema = z.object({
  iss: z.literal(ISSUER),
  exp: z.number(),
  name: z.string(),
  actions: z.array(z.enum(['pull', 'push'])),
  who: z.string(),
  holder: z.optional(z.string()),
})

/** What a token grants. */
export interface Grant {
  /** The repository, by its name here. */
  readonly name: string
  readonly actions: readonly ('pull' | 'push')[]
  /** Whom it was issued to, for the audit trail, and for events. */
  readonly who: string
  /** The same, as access control noted it; absent where that would be too long. */
  readonly holder?: string | undefined
  /**
   * Seconds since 1970 after which no token of it is good, where nobody could be noted: a right that nobody looks at again
   * must end, however often its token is shown.
   */
  readonly until?: number | undefined
}

/** A grant that was shown. */
export interface ShownGrant extends Grant {
  /** Whether it is time for another token. */
  readonly ageing: boolean
}

export interface Tokens {
  /** A new token, as the value of `signature`: letters, digits, `-`, `_` and `.` only. */
  issue(grant: Grant): Promise<string>
  /** @returns undefined for what is not one of ours, or not any more */
  open(signature: string): Promise<ShownGrant | undefined>
}

/**
 * @param secret gives 32 bytes, the same for every instance
 * @param now milliseconds since 1970
 */
export const createTokens = (secret: () => Promise<Uint8Array>, now: () => number): Tokens => ({
  async issue({ name, actions, who, holder, until }) {
    const life = holder === undefined ? SHORT_LIFE : TOKEN_LIFE
    const end = Math.floor(now() / 1000) + life
    const exp = holder === undefined ? Math.min(end, until ?? end) : end
    return encrypt({ iss: ISSUER, exp, name, actions, who, holder }, await secret())
  },
  async open(signature) {
    const { data } = schema.safeParse(decrypt(signature, await secret()))
    const left = data === undefined ? 0 : data.exp - now() / 1000
    if (data === undefined || left <= 0) return undefined
    const { name, actions, who, holder } = data
    if (holder === undefined) return { name, actions, who, until: data.exp, ageing: false }
    return { name, actions, who, holder, ageing: left < TOKEN_LIFE / 2 }
  },
})

/** A token as clients get it. */
export const formatToken = (signature: string, { name, actions }: Grant): string =>
  `Token signature=${signature},repository="${name}",access=${actions.includes('push') ? 'write' : 'read'}`

/**
 * The signature in an Authorization header; undefined if it is not of that scheme. Docker says `Token` twice: it puts the
 * word before what it got. What else is there repeats what is sealed, and is not read.
 */
export const parseToken = (authorization: string | undefined): string | undefined =>
  /^token (?:.*[ ,])?signature="?([\w.-]+)"?(?:,|$)/i.exec(authorization ?? '')?.[1]

/** Clients that authenticate with each request show the token as a cookie. */
export const COOKIE = 'slipway-v1'

/** What clients keep of a cookie: 4096 bytes with its attributes (RFC 6265 section 6.1). */
const MOST_COOKIE = 4000

/** The Set-Cookie value; undefined for a token that is too long. No page of another site may send it. */
export const formatCookie = (signature: string, secure: boolean): string | undefined => {
  if (COOKIE.length + signature.length > MOST_COOKIE) return undefined
  const attributes = ['Path=/v1/', `Max-Age=${TOKEN_LIFE}`, 'HttpOnly', 'SameSite=Strict']
  return [`${COOKIE}=${signature}`, ...attributes, ...(secure ? ['Secure'] : [])].join('; ')
}

/** The signature in a Cookie header. */
export const parseCookie = (header: string | undefined): string | undefined =>
  header
    ?.split(';')
    .map((each) => each.trim())
    .find((each) => each.startsWith(`${COOKIE}=`))
    ?.slice(COOKIE.length + 1)
