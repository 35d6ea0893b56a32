/**
 * People log in with a browser at an issuer, and the page gets tokens for them.
 *
 * @module
 */

import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ISSUERS_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import {
  ADA,
  Browser,
  begin,
  CLIENT,
  comeBack,
  loggedIn,
  OWN_PAGE,
  PeopleIssuer,
  requestToken,
  returning,
  shown,
} from './people-issuer.ts'
import {
  type AccessRig,
  basic,
  bearer,
  claimsOf,
  jsonOf,
  openRig,
  policyText,
  type RigOptions,
  tokenFor,
} from './rig.ts'

const RULES = [
  { who: ['claim:groups=dev'], repositories: ['app/**'], actions: ['pull', 'push'] },
  { who: ['group:ops'], repositories: ['**'], actions: ['*'] },
]
const DOCUMENTS: RigOptions = {
  users: { alice: 'right horse' },
  groups: { ops: ['alice'] },
  policy: RULES,
}
const SCOPE = 'repository:app/a:pull,push'
const SESSION = '__Host-slipway-session'
const LOG_IN = '__Host-slipway-log-in'

const issuer = new PeopleIssuer()
beforeAll(() => issuer.open())
afterAll(() => issuer.close())
beforeEach(() => issuer.reset())

const open = async (login: object = {}, more: object = {}): Promise<AccessRig> => {
  const rig = await openRig({ onTestFinished }, DOCUMENTS)
  await issuer.trusted(rig, { ...login }, { ...more })
  return rig
}

const messageOf = (answer: Parameters<typeof jsonOf>[0]): string => jsonOf(answer).errors[0].message

describe('a log-in', () => {
  test('leads to the issuer with state, nonce and a challenge, and back to the page', async () => {
    const rig = await open()
    const browser = new Browser(rig)
    const started = await browser.send('GET /auth/login?return_to=%2Fpage%3Ftab%3D1')
    expect(started.status).toBe(303)
    const url = new URL(started.headers.get('Location') ?? '')
    expect(url.origin + url.pathname).toBe(`${issuer.origin}/authorize`)
    const asked = Object.fromEntries(url.searchParams)
    expect(asked).toEqual({
      tenant: '1',
      response_type: 'code',
      client_id: CLIENT,
      redirect_uri: 'https://registry.example/auth/callback',
      scope: 'openid profile email',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(started.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-slipway-log-in=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ])
    issuer.challenge = asked.code_challenge ?? ''
    issuer.idToken = issuer.signed(rig.clock.now(), { nonce: asked.nonce })
    const back = await comeBack(browser, { state: asked.state ?? '', code: 'right' })
    expect(back.status, back.body.toString()).toBe(303)
    expect(back.headers.get('Location')).toBe('/page?tab=1')
    expect(back.headers.getSetCookie()).toEqual([
      `${LOG_IN}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
      expect.stringMatching(
        /^__Host-slipway-session=[\w.-]+; Max-Age=28800; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
      ),
    ])
    const [{ form, headers } = expect.fail()] = issuer.redeemed
    expect(Object.fromEntries(form)).toEqual({
      grant_type: 'authorization_code',
      code: 'right',
      redirect_uri: 'https://registry.example/auth/callback',
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
      client_id: CLIENT,
    })
    expect(headers.authorization).toBeUndefined()
    expect(rig.events()).toMatchObject([
      { event: 'login', what: 'code', who: `token:${ADA.sub}`, outcome: 'ok' },
    ])
  })

  test('shows who is logged in, and until when', async () => {
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    expect(await shown(browser)).toEqual({
      identity: { name: 'ada', subject: ADA.sub, issuer: issuer.origin },
      groups: ['dev', 'ops'],
      expires: new Date(rig.clock.now() + 8 * 3_600_000).toISOString(),
    })
    expect(await shown(new Browser(rig))).toEqual({ identity: null })
  })

  test('asks the issuer where to log in once an hour, however many begin', async () => {
    const rig = await open()
    for (let count = 0; count < 20; count += 1) await begin(issuer, new Browser(rig))
    expect(issuer.asked).toEqual(['/.well-known/openid-configuration'])
  })

  test('lasts as many hours as the document says, requests its scopes and shows its groups', async () => {
    const rig = await open({ hours: 1, scopes: ['roles'], groups: 'realm.roles' })
    const browser = new Browser(rig)
    expect((await begin(issuer, browser)).get('scope')).toBe('openid roles')
    const other = await loggedIn(issuer, rig, { realm: { roles: ['reader'] } })
    expect(await shown(other)).toMatchObject({ groups: ['reader'] })
    rig.clock.pass(3_600_000 + 60_000)
    const late = await other.send('GET /auth/session')
    expect(jsonOf(late)).toEqual({ identity: null })
    expect(other.jar.size).toBe(0)
  })

  test.each([
    ['basic', ['client_secret_basic', 'client_secret_post']],
    ['basic', undefined],
    ['post', ['client_secret_post']],
  ])('shows the secret of the client by %s', async (way, methods) => {
    const { writeFile } = await import('node:fs/promises')
    const { temporaryDirectory } = await import('../support/hosts/start.ts')
    const directory = await temporaryDirectory()
    onTestFinished(() => directory.remove())
    const file = `${directory.path}/secret`
    await writeFile(file, 'a b:c+d\n')
    const rig = await openRig({ onTestFinished }, { ...DOCUMENTS, args: ['--login-secret', file] })
    await issuer.trusted(rig)
    issuer.configuration = methods ? { token_endpoint_auth_methods_supported: methods } : {}
    await loggedIn(issuer, rig)
    const [{ form, headers } = expect.fail()] = issuer.redeemed
    // RFC 6749 section 2.3.1: encoded before they are put together.
    const credentials = Buffer.from(`${CLIENT}:a+b%3Ac%2Bd`).toString('base64')
    expect(headers.authorization).toBe(way === 'basic' ? `Basic ${credentials}` : undefined)
    expect(form.get('client_secret')).toBe(way === 'basic' ? null : 'a b:c+d')
  })
})

describe('the page gets tokens', () => {
  test('of five minutes, for what rules allow by claims, and no more', async () => {
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    const answer = await requestToken(browser, SCOPE)
    expect(answer.status, answer.body.toString()).toBe(200)
    const { token, scope, expires_in, token_type } = jsonOf(answer)
    expect([scope, expires_in, token_type]).toEqual([SCOPE, 300, 'Bearer'])
    expect(claimsOf(token)).toMatchObject({ sub: ADA.sub, kind: 'token' })
    const as = bearer(token)
    expect((await rig.send('POST /v2/app/a/blobs/uploads/', { as })).status).toBe(202)
    // A group of the issuer is none of this registry.
    expect(jsonOf(await requestToken(browser, 'repository:other/a:pull')).scope).toBe('')
  })

  test('never beyond the session', async () => {
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    rig.clock.pass(8 * 3_600_000 - 60_000)
    expect(jsonOf(await requestToken(browser, SCOPE)).expires_in).toBe(60)
  })

  test('only if it is a page of this registry', async () => {
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    const origin = OWN_PAGE.Origin
    for (const [headers, status] of [
      [{ Origin: origin }, 200],
      [{ 'Sec-Fetch-Site': 'same-origin' }, 200],
      [{ Origin: 'null', 'Sec-Fetch-Site': 'same-origin' }, 200],
      [{}, 403],
      [{ Origin: 'null' }, 403],
      [{ Origin: 'https://evil.example' }, 403],
      [{ Origin: 'http://registry.example' }, 403],
      [{ Origin: 'https://registry.example:8443' }, 403],
      [{ Origin: 'https://registry.example.evil.example' }, 403],
      [{ Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' }, 403],
      [{ Origin: origin, 'Sec-Fetch-Site': 'same-site' }, 403],
      [{ Origin: origin, 'Sec-Fetch-Site': 'cross-site' }, 403],
      [{ 'Sec-Fetch-Site': 'none' }, 403],
    ] as [Record<string, string>, number][]) {
      const answer = await requestToken(browser, SCOPE, headers)
      expect(answer.status, JSON.stringify(headers)).toBe(status)
      const out = await new Browser(rig, browser.jar).send('POST /auth/logout', { headers })
      expect(out.status, JSON.stringify(headers)).toBe(status === 200 ? 204 : status)
      expect(out.headers.getSetCookie()).toHaveLength(status === 200 ? 1 : 0)
    }
  })

  test('not without a session', async () => {
    const answer = await requestToken(new Browser(await open()), SCOPE)
    expect([answer.status, answer.headers.get('WWW-Authenticate')]).toEqual([401, null])
  })
})

describe('a log-in that is refused', () => {
  type Query = Record<string, string>
  type Tried = (browser: Browser, query: Query, rig: AccessRig) => Query | Promise<Query>
  test.each<[string, string, Tried, object?]>([
    ['with another state', 'another log-in', (_, query) => ({ ...query, state: 'x'.repeat(43) })],
    ['without a state', 'another log-in', (_, { code }) => ({ code: code! })],
    [
      'that another browser began',
      'not begun in this browser',
      (browser, query) => {
        browser.jar.clear()
        return query
      },
    ],
    [
      'with a cookie that was changed',
      'not begun in this browser',
      (browser, query) => {
        const sealed = browser.jar.get(LOG_IN) ?? ''
        browser.jar.set(LOG_IN, sealed.slice(0, -5) + (sealed.endsWith('AAAAA') ? 'B' : 'AAAAA'))
        return query
      },
    ],
    [
      'with the cookie of an earlier one',
      'another log-in',
      async (browser, query) => {
        const sealed = browser.jar.get(LOG_IN)!
        const later = await begin(issuer, browser)
        browser.jar.set(LOG_IN, sealed)
        return { ...query, state: later.get('state')! }
      },
    ],
    [
      'after eleven minutes',
      'ten minutes ago',
      (_, query, rig) => {
        rig.clock.pass(11 * 60_000)
        return query
      },
    ],
    ['of another issuer', 'another issuer', (_, query) => ({ ...query, iss: 'https://b.example' })],
    [
      'by the issuer',
      'let nobody in: "access_denied"',
      (_, { state }) => ({ state: state!, error: 'access_denied' }),
    ],
    ['without a code', 'no code', (_, { state }) => ({ state: state! })],
    ['with another code', 'does not take the code', (_, query) => ({ ...query, code: 'wrong' })],
    [
      'where another verifier began it',
      'does not take the code',
      (_, query) => {
        issuer.challenge = 'another'
        return query
      },
    ],
    ...(
      [
        ['nonce', { nonce: 'other' }, 'another nonce'],
        ['nonce, an empty one', { nonce: '' }, 'another nonce'],
        ['no nonce', { nonce: undefined }, 'another nonce'],
        ['issuer', { iss: 'https://b.example' }, 'not trusted'],
        ['client', { aud: 'another-client' }, 'another service'],
        ['audience, our service', { aud: 'slipway' }, 'another service'],
        ['party', { azp: 'another-client' }, 'azp'],
        ['several audiences', { aud: [CLIENT, 'b'] }, 'azp'],
        ['an end long ago', { exp: 1 }, 'expired'],
        ['an earlier start', { iat: Date.UTC(2029, 11, 31) / 1000 }, 'before the log-in began'],
        ['no start', { iat: undefined }, 'before the log-in began'],
        ['no subject', { sub: undefined }, 'whom it is about'],
        ['rights of its own', { access: [] }, 'says itself what it grants'],
      ] as const
    ).map(([what, claims, message]): [string, string, Tried, object] => [
      `with an ID token of another ${what}`,
      message,
      (_, query) => query,
      claims,
    ]),
  ])('%s', async (_, message, tried, claims = {}) => {
    const rig = await open()
    const browser = new Browser(rig)
    const query = await tried(browser, await returning(issuer, browser, { ...claims }), rig)
    const answer = await comeBack(browser, query)
    expect([answer.status, messageOf(answer)]).toEqual([403, expect.stringContaining(message)])
    // It is good for nothing more, and nobody is logged in.
    expect(browser.jar.size).toBe(0)
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    expect(rig.events().at(-1)).toMatchObject({ event: 'login', what: 'code', outcome: 'failed' })
    expect(await shown(browser)).toEqual({ identity: null })
  })

  test('with an ID token that somebody else signed', async () => {
    const browser = new Browser(await open())
    const query = await returning(issuer, browser, {}, new PeopleIssuer().key)
    const answer = await comeBack(browser, query)
    expect([answer.status, messageOf(answer)]).toEqual([
      403,
      expect.stringContaining('invalid signature'),
    ])
  })

  test('a second time', async () => {
    const rig = await open()
    const browser = new Browser(rig)
    const query = await returning(issuer, browser)
    expect((await comeBack(browser, query)).status).toBe(303)
    expect((await comeBack(browser, query)).status).toBe(403)
    // Who was logged in still is.
    expect((await shown(browser)).identity).toMatchObject({ name: 'ada' })
  })

  test('where the issuer always names itself, and does not', async () => {
    issuer.configuration = { authorization_response_iss_parameter_supported: true }
    const browser = new Browser(await open())
    expect((await comeBack(browser, await returning(issuer, browser))).status).toBe(403)
    const query = await returning(issuer, browser)
    expect((await comeBack(browser, { ...query, iss: issuer.origin })).status).toBe(303)
  })

  test.each<[string, PeopleIssuer['answer']]>([
    ['fails', { status: 500, body: 'oops' }],
    ['leads elsewhere', { status: 302, body: '{}' }],
    ['does not know the client', { status: 401, body: '{"error":"invalid_client"}' }],
    ['gives no ID token', { status: 200, body: '{"access_token":"x"}' }],
    ['gives no JSON', { status: 200, body: '<html>' }],
    ['gives more than fits', { status: 200, body: ' '.repeat(300_000) }],
  ])('for the moment, where the issuer %s', async (_, answer) => {
    const browser = new Browser(await open())
    const query = await returning(issuer, browser)
    issuer.answer = answer
    const back = await comeBack(browser, query)
    expect([back.status, browser.jar.size]).toEqual([503, 0])
    expect(back.body.toString()).not.toContain('oops')
    expect(issuer.asked.filter((path) => path === '/keys')).toEqual([])
  })

  test.each([
    ['has no endpoint', { authorization_endpoint: undefined }],
    ['has one without TLS', { authorization_endpoint: 'http://b.example/authorize' }],
    ['has one that is a script', { authorization_endpoint: 'javascript:alert(1)' }],
    ['is another', { issuer: 'https://b.example' }],
  ])('at the start, where the issuer %s', async (_, configuration) => {
    issuer.configuration = configuration
    const answer = await new Browser(await open()).send('GET /auth/login')
    expect([answer.status, answer.headers.get('Location')]).toEqual([503, null])
  })

  test('where the endpoint has a private address that is not allowed', async () => {
    const rig = await openRig({ onTestFinished }, DOCUMENTS)
    await issuer.trusted(rig, {}, { privateAddresses: false })
    expect((await new Browser(rig).send('GET /auth/login')).status).toBe(503)
    expect(issuer.asked).toEqual([])
  })
})

describe('return_to', () => {
  test.each([
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    'https://evil.example/',
    'https:evil.example',
    'javascript:alert(1)',
    'evil.example',
    '@evil.example',
    '.evil.example',
    '/a\u0000b',
    '/a\r\nSet-Cookie: x=y',
    '/ä',
    '/a b',
    '',
    `/${'a'.repeat(600)}`,
  ])('%j is no path of this registry', async (path) => {
    const query = new URLSearchParams({ return_to: path })
    const answer = await new Browser(await open()).send(`GET /auth/login?${query}`)
    expect(answer.status).toBe(400)
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test.each(['/', '/page', '/page/a%2Fb?x=//evil.example&y=1#tags', '/page@evil.example'])(
    '%s is one',
    async (path) => {
      const browser = new Browser(await open())
      const asked = await begin(issuer, browser, path)
      issuer.idToken = issuer.signed(browser.rig.clock.now(), { nonce: asked.get('nonce') })
      const back = await comeBack(browser, { state: asked.get('state') ?? '', code: 'right' })
      expect(back.headers.get('Location')).toBe(path)
    },
  )
})

describe('a session is nothing else', () => {
  test('no Bearer token, no password, no refresh token; nor is any of these a session', async () => {
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    const session = browser.jar.get(SESSION) ?? ''
    const sealed = await (async () => {
      const other = new Browser(rig)
      await begin(issuer, other)
      return other.jar.get(LOG_IN) ?? ''
    })()
    const pull = 'GET /v2/app/a/tags/list'
    for (const as of [bearer(session), basic('x', session), basic('', session), bearer(sealed)]) {
      expect((await rig.send(pull, { as })).status).toBe(401)
      expect((await rig.send(`GET /token?scope=${SCOPE}`, { as })).status).toBe(401)
    }
    // The cookie alone opens nothing of the registry.
    expect((await browser.send(pull)).status).toBe(401)
    expect((await browser.send('DELETE /v2/app/a/manifests/v1')).status).toBe(401)

    const { token } = jsonOf(await requestToken(browser, SCOPE))
    const own = jsonOf(
      await rig.send('GET /token?offline_token=true', { as: basic('alice', 'right horse') }),
    )
    for (const other of [token, own.token, own.refresh_token, sealed, issuer.idToken, 'x', '']) {
      const tried = new Browser(rig, [[SESSION, other]])
      expect(await shown(tried)).toEqual({ identity: null })
      expect((await requestToken(tried, SCOPE)).status).toBe(401)
    }
    // Nor is a session what a log-in goes on with.
    const swapped = new Browser(rig, [[LOG_IN, session]])
    expect((await comeBack(swapped, { state: 'x', code: 'right' })).status).toBe(403)
  })

  test('of another registry with the same keys, or changed, it is none', async () => {
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    const session = browser.jar.get(SESSION) ?? ''
    for (const args of [
      ['--token-service', 'other'],
      ['--token-issuer', 'other'],
    ]) {
      const { send } = await rig.beside(args)
      expect(await shown(new Browser({ ...rig, send }, browser.jar))).toEqual({ identity: null })
    }
    const [header, payload = '', signature] = session.split('.')
    const claims = { ...claimsOf(session), sub: 'root' }
    const other = Buffer.from(JSON.stringify(claims)).toString('base64url')
    const none = Buffer.from('{"alg":"none","typ":"session+jwt"}').toString('base64url')
    for (const forged of [`${header}.${other}.${signature}`, `${none}.${payload}.`]) {
      expect(await shown(new Browser(rig, [[SESSION, forged]]))).toEqual({ identity: null })
    }
  })

  test('no cookie without the mark of a secure host is read', async () => {
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    const planted = new Browser(rig, [['slipway-session', browser.jar.get(SESSION) ?? '']])
    expect(await shown(planted)).toEqual({ identity: null })
  })
})

describe('a session ends', () => {
  const entry = () => ({ issuer: issuer.origin, privateAddresses: true })
  const set = (rig: AccessRig, issuers: object[]) =>
    write(rig.store, ISSUERS_KEY, JSON.stringify({ version: 1, issuers }))

  test.each<[string, (rig: AccessRig) => Promise<void>, number]>([
    ['when its issuer is no longer trusted', (rig) => set(rig, []), 404],
    ['when people log in no more', (rig) => set(rig, [entry()]), 404],
    [
      'when the registry is another client',
      (rig) => set(rig, [{ ...entry(), login: { clientId: 'other' } }]),
      200,
    ],
    [
      'when people log in elsewhere',
      (rig) => set(rig, [entry(), { issuer: 'https://b.example', login: { clientId: CLIENT } }]),
      200,
    ],
  ])('%s', async (_, change, status) => {
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    await change(rig)
    rig.clock.pass(30_000)
    const answer = await browser.send('GET /auth/session')
    expect(answer.status).toBe(status)
    if (status === 200) expect(jsonOf(answer)).toEqual({ identity: null })
  })

  test('when the keys are revoked', async () => {
    const { rotateSigningKeys } = await import('../../functions/auth/keys/stored-keys.ts')
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    await rotateSigningKeys(rig.store, { now: rig.clock.now(), longestToken: 0, revoke: true })
    rig.clock.pass(30_000)
    expect(await shown(browser)).toEqual({ identity: null })
  })

  test('with a log-out, of a page of this registry and by POST', async () => {
    const rig = await open()
    const browser = await loggedIn(issuer, rig)
    expect((await browser.send('GET /auth/logout', { headers: OWN_PAGE })).status).toBe(405)
    expect(browser.jar.size).toBe(1)
    const out = await browser.send('POST /auth/logout', { headers: OWN_PAGE })
    expect([out.status, browser.jar.size]).toEqual([204, 0])
  })

  test('for what the policy looks at by then and it does not carry', async () => {
    const rig = await open()
    const { randomBytes } = await import('node:crypto')
    const many = Array.from({ length: 60 }, () => randomBytes(32).toString('hex'))
    const browser = await loggedIn(issuer, rig, { entitlements: many })
    expect((await requestToken(browser, SCOPE)).status).toBe(200)
    const changed = [{ ...RULES[0]!, who: ['claim:entitlements=x'] }, ...RULES]
    await write(rig.store, POLICY_KEY, policyText(changed))
    rig.clock.pass(30_000)
    const answer = await requestToken(browser, SCOPE)
    expect([answer.status, messageOf(answer)]).toEqual([
      401,
      expect.stringContaining('log in again'),
    ])
  })
})

describe('the endpoints', () => {
  test('are not there where people do not log in', async () => {
    const rig = await openRig({ onTestFinished }, { ...DOCUMENTS, foreign: true })
    const none = await openRig({ onTestFinished }, DOCUMENTS)
    for (const path of ['login', 'callback', 'session', 'logout', '']) {
      expect((await rig.send(`GET /auth/${path}`)).status).toBe(404)
      expect((await none.send(`GET /auth/${path}`)).status).toBe(404)
    }
  })

  test('are there where the registry issues tokens', async () => {
    const rig = await open()
    const { send } = await rig.beside(['--auth', 'basic'])
    expect((await send('GET /auth/session')).status).toBe(404)
    expect((await rig.send('GET /auth/other')).status).toBe(404)
    expect((await rig.send('GET /auth/%6Cogin')).status).toBe(404)
  })

  test('say that nothing is kept, framed or made of what they respond', async () => {
    const rig = await open()
    for (const request of [
      'GET /auth/login',
      'GET /auth/login?return_to=//evil.example',
      'GET /auth/callback',
      'GET /auth/session',
      'POST /auth/session/token',
      'POST /auth/logout',
      'HEAD /auth/session',
      'PUT /auth/session',
    ]) {
      const { headers } = await rig.send(request)
      expect(headers.get('Cache-Control'), request).toBe('no-store')
      expect(headers.get('Content-Security-Policy')).toMatch(/default-src 'none'.*frame-ancestors/)
      expect(headers.get('X-Frame-Options')).toBe('DENY')
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
      expect(headers.get('Access-Control-Allow-Origin')).toBeNull()
    }
  })

  test.each([
    ['HEAD /auth/login', 'GET'],
    ['HEAD /auth/callback', 'GET'],
    ['POST /auth/login', 'GET'],
    ['GET /auth/session/token', 'POST'],
    ['DELETE /auth/logout', 'POST'],
  ])('%s is not allowed', async (request, allow) => {
    const answer = await (await open()).send(request)
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, allow])
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('what the issuer says is not sent on as it came', async () => {
    const browser = new Browser(await open())
    const asked = await begin(issuer, browser)
    const error = '<script>alert(1)</script>'.repeat(9)
    const answer = await comeBack(browser, { state: asked.get('state') ?? '', error })
    expect(answer.headers.get('Content-Type')).toMatch(/^application\/json/)
    expect(answer.body.length).toBeLessThan(500)
  })

  test('a read-only registry logs people in, too', async () => {
    const rig = await open()
    await loggedIn(issuer, rig)
    const { send } = await rig.beside(['--read-only=on'])
    const browser = new Browser({ ...rig, send })
    expect((await comeBack(browser, await returning(issuer, browser))).status).toBe(303)
  })

  test('people log in over https, or on loopback', async () => {
    const rig = await open()
    const http = (await rig.beside(['--public-url', 'http://registry.example'])).send
    const refused = await http('GET /auth/login')
    expect([refused.status, messageOf(refused)]).toEqual([400, expect.stringContaining('https')])
    const loopback = (await rig.beside(['--public-url', 'http://127.0.0.1:5000'])).send
    const started = await loopback('GET /auth/login')
    expect(started.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^slipway-log-in=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
      ),
    ])
  })

  test('an account of the registry has no session', async () => {
    const rig = await open()
    const as = await tokenFor(rig, basic('alice', 'right horse'), SCOPE)
    expect(jsonOf(await rig.send('GET /auth/session', { as }))).toEqual({ identity: null })
  })
})
