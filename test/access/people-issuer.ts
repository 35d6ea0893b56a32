/**
 * An issuer that people log in at, in this process: it gives out whatever a test wants.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { ISSUERS_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { ec, forge, jwkOf } from '../auth/tokens-forge.ts'
import type { Answer } from '../support/hosts/host.ts'
import { type AccessRig, jsonOf, type More } from './rig.ts'

export const CLIENT = 'slipway-page'

/** Claims of somebody. */
export const ADA = { sub: 'ada-4711', preferred_username: 'ada', groups: ['dev', 'ops'] }

type Json = Readonly<Record<string, unknown>>

/** What the token endpoint was sent. */
export interface Redeemed {
  readonly form: URLSearchParams
  readonly headers: IncomingHttpHeaders
}

/** The issuer. Tests change what it does. */
export class PeopleIssuer {
  readonly key = ec()
  origin = ''
  /** Paths that were asked for. */
  asked: string[] = []
  redeemed: Redeemed[] = []
  /** Members of its configuration that are not as usual. */
  configuration: Json = {}
  /** What the token endpoint answers. */
  answer: { readonly status: number; readonly body: string } | undefined
  /** ID token of the next code. */
  idToken = ''
  /** S256 challenge of the log-in under way. */
  challenge = ''

  readonly #server = createServer(async (request, response) => {
    const path = request.url ?? ''
    this.asked.push(path)
    if (path === '/.well-known/openid-configuration') {
      const { origin } = this
      const usual = {
        issuer: origin,
        jwks_uri: `${origin}/keys`,
        authorization_endpoint: `${origin}/authorize?tenant=1`,
        token_endpoint: `${origin}/token`,
      }
      response.end(JSON.stringify({ ...usual, ...this.configuration }))
    } else if (path === '/keys') {
      response.end(JSON.stringify({ keys: [jwkOf(this.key, { kid: 'people' })] }))
    } else if (path === '/token') {
      const form = new URLSearchParams(await text(request))
      this.redeemed.push({ form, headers: request.headers })
      const { status, body } = this.answer ?? this.#redeem(form)
      response.writeHead(status, status === 302 ? { Location: '/keys' } : {}).end(body)
    } else {
      response.writeHead(404).end('{}')
    }
  })

  /** As RFC 7636 has it. */
  #redeem(form: URLSearchParams): { status: number; body: string } {
    const verifier = form.get('code_verifier') ?? ''
    const hash = createHash('sha256').update(verifier).digest('base64url')
    if (hash !== this.challenge || form.get('code') !== 'right') {
      return { status: 400, body: JSON.stringify({ error: 'invalid_grant' }) }
    }
    return { status: 200, body: JSON.stringify({ access_token: 'x', id_token: this.idToken }) }
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** As it was at the start. */
  reset(): void {
    Object.assign(this, { asked: [], redeemed: [], configuration: {}, answer: undefined })
  }

  /** Has a registry trust it. @param more of its entry */
  trusted({ store }: Pick<AccessRig, 'store'>, login: Json = {}, more: Json = {}): Promise<void> {
    const people = { clientId: CLIENT, ...login }
    const entry = { issuer: this.origin, privateAddresses: true, login: people, ...more }
    return write(store, ISSUERS_KEY, JSON.stringify({ version: 1, issuers: [entry] }))
  }

  /** An ID token, of five minutes from a time in milliseconds. */
  signed(now: number, claims: Json, key = this.key): string {
    const iat = Math.floor(now / 1000)
    const usual = { iss: this.origin, aud: CLIENT, iat, exp: iat + 300, ...ADA }
    const header = { typ: 'JWT', alg: 'ES256', kid: 'people' }
    return forge({ header, claims: { ...usual, ...claims }, key })
  }
}

/** A browser, as far as it keeps cookies. */
export class Browser {
  readonly rig: AccessRig
  readonly jar: Map<string, string>

  constructor(rig: AccessRig, jar: Iterable<readonly [string, string]> = []) {
    this.rig = rig
    this.jar = new Map(jar)
  }

  async send(request: string, more: More = {}): Promise<Answer> {
    const cookies = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...more.headers, ...(cookies === '' ? {} : { Cookie: cookies }) }
    const answer = await this.rig.send(request, { ...more, headers })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = set.match(/^([^=]+)=([^;]*)/) ?? []
      if (/; Max-Age=0(?:;|$)/.test(set)) this.jar.delete(name)
      else this.jar.set(name, value)
    }
    return answer
  }
}

/** Begins a log-in. @returns what the issuer is asked */
export const begin = async (
  issuer: PeopleIssuer,
  browser: Browser,
  returnTo = '/page?tab=1',
): Promise<URLSearchParams> => {
  const answer = await browser.send(`GET /auth/login?return_to=${encodeURIComponent(returnTo)}`)
  if (answer.status !== 303) throw new Error(`${answer.status} ${answer.body}`)
  const asked = new URL(answer.headers.get('Location') ?? '').searchParams
  issuer.challenge = asked.get('code_challenge') ?? ''
  return asked
}

/** Begins a log-in, and has the issuer know somebody. @returns the query that the browser comes back with */
export const returning = async (
  issuer: PeopleIssuer,
  browser: Browser,
  claims: Json = {},
  key = issuer.key,
): Promise<Record<string, string>> => {
  const asked = await begin(issuer, browser)
  const nonce = asked.get('nonce')
  issuer.idToken = issuer.signed(browser.rig.clock.now(), { nonce, ...claims }, key)
  return { state: asked.get('state') ?? '', code: 'right' }
}

/** Comes back from the issuer. */
export const comeBack = (browser: Browser, query: Readonly<Record<string, string>>) =>
  browser.send(`GET /auth/callback?${new URLSearchParams(query)}`)

/** A browser in which somebody is logged in. */
export const loggedIn = async (
  issuer: PeopleIssuer,
  rig: AccessRig,
  claims: Json = {},
): Promise<Browser> => {
  const browser = new Browser(rig)
  const answer = await comeBack(browser, await returning(issuer, browser, claims))
  if (answer.status !== 303) throw new Error(`${answer.status} ${answer.body}`)
  return browser
}

/** What a page of the registry sends along. */
export const OWN_PAGE = { Origin: 'https://registry.example', 'Sec-Fetch-Site': 'same-origin' }

/** Requests an access token by the session, as the page does. */
export const requestToken = (
  browser: Browser,
  scope: string,
  headers: Readonly<Record<string, string>> = OWN_PAGE,
): Promise<Answer> =>
  browser.send('POST /auth/session/token', {
    headers: { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(new URLSearchParams({ scope }).toString()),
  })

/** Who is logged in. */
export const shown = async (browser: Browser) => jsonOf(await browser.send('GET /auth/session'))
