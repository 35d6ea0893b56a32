/**
 * The page and its sessions: who gets it, who signs in, and what the cookie is good for.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { HTPASSWD_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { userLine, write } from '../auth/harness.ts'
import type { Answer } from '../support/hosts/host.ts'
import { codeOf } from '../support/rig/client.ts'
import { loggedIn, PeopleIssuer } from './people-issuer.ts'
import { type AccessRig, basic, jsonOf, openRig, policyText, type RigOptions } from './rig.ts'

const HTML = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const OWN = { 'X-Slipway-Page': '1', 'Sec-Fetch-Site': 'same-origin' }
const SESSION = '/api/page/session'
const LIST = 'GET /api/v1/tags/team/web'

const RULES = [
  { who: ['user:alice'], repositories: ['team/**'], actions: ['pull', 'push'] },
  { who: ['user:root'], repositories: ['**'], actions: ['*', 'admin'] },
]

const open = (t: Parameters<typeof openRig>[0], options: RigOptions = {}): Promise<AccessRig> =>
  openRig(t, {
    page: true,
    admin: true,
    users: { alice: 'secret', root: 'secret' },
    policy: RULES,
    images: ['team/web', 'other/web'],
    ...options,
  })

const cookieOf = ({ headers }: Answer): string =>
  headers.getSetCookie().map((each) => each.split(';')[0])[0] ?? ''

const signIn = (rig: AccessRig, name = 'alice', password = 'secret', headers: object = OWN) =>
  rig.send(`POST ${SESSION}`, {
    body: Buffer.from(JSON.stringify({ name, password })),
    headers: { ...headers, 'Content-Type': 'application/json' },
  })

const signedIn = async (rig: AccessRig, name = 'alice') => {
  const answer = await signIn(rig, name)
  expect(answer.status, answer.body.toString()).toBe(204)
  return { ...OWN, Cookie: cookieOf(answer) }
}

describe('the page', () => {
  test('is for browsers', async (t) => {
    const { send } = await open(t)
    const page = await send('GET /', { headers: HTML })
    expect([page.status, page.body.toString()]).toEqual([200, '<title>Page</title>'])
    const names = ['Content-Security-Policy', 'X-Content-Type-Options', 'Referrer-Policy', 'Vary']
    expect(names.map((name) => page.headers.get(name))).toEqual([
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      'nosniff',
      'no-referrer',
      'Accept, Accept-Encoding',
    ])
    const again = await send('GET /', { headers: { ...HTML, 'If-None-Match': '"19"' } })
    expect(again.status).toBe(304)
    const head = await send('HEAD /', { headers: HTML })
    expect([head.status, head.headers.get('Content-Length'), head.body.length]).toEqual([
      200,
      '19',
      0,
    ])
  })

  test('has parts that stay what they are', async (t) => {
    const { send } = await open(t)
    const part = await send('GET /page/main-0.js', { headers: { 'Accept-Encoding': 'gzip, br' } })
    const names = ['Cache-Control', 'Content-Encoding', 'Content-Type']
    expect([part.status, ...names.map((name) => part.headers.get(name))]).toEqual([
      200,
      'public, max-age=31536000, immutable',
      'gzip',
      'text/javascript; charset=utf-8',
    ])
    expect((await send('GET /page/main-1.js')).status).toBe(404)
    expect((await send('GET /page/..%2Findex.html')).status).toBe(404)
  })

  test.each([{}, { Accept: '*/*' }, { Accept: 'application/json' }])(
    '%j gets what it got before',
    async (headers) => {
      const ends: (() => Promise<void>)[] = []
      const ending = { onTestFinished: (end: () => Promise<void>) => void ends.push(end) }
      const [on, off] = [await open(ending), await open(ending, { page: false })]
      for (const path of ['/', '/v2/', '/nothing', LIST.slice(4)]) {
        const [a, b] = [
          await on.send(`GET ${path}`, { headers }),
          await off.send(`GET ${path}`, { headers }),
        ]
        expect([path, a.status, a.headers.get('Content-Type')]).toEqual([
          path,
          b.status,
          b.headers.get('Content-Type'),
        ])
        if (a.status === 200) expect(a.body).toEqual(b.body)
      }
      for (const end of ends) await end()
    },
  )

  test('is not there where it is off', async (t) => {
    const { send } = await open(t, { page: false })
    expect((await send('GET /', { headers: HTML })).body.toString()).toContain('Its API is at /v2/')
    expect((await send(`GET ${SESSION}`, { headers: OWN })).status).toBe(404)
    expect((await send('GET /page/main-0.js')).status).toBe(404)
  })
})

describe('a session', () => {
  test('is for /api alone, out of reach of scripts, and does not outlive its time', async (t) => {
    const rig = await open(t)
    const [cookie = ''] = (await signIn(rig)).headers.getSetCookie()
    expect(cookie.replace(/=[^;]+/, '=…')).toBe(
      '__Secure-slipway-page=…; Max-Age=28800; Path=/api; HttpOnly; Secure; SameSite=Strict',
    )
    const headers = { ...OWN, Cookie: cookie.split(';')[0] ?? '' }
    expect(jsonOf(await rig.send(`GET ${SESSION}`, { headers }))).toMatchObject({ name: 'alice' })
    expect((await rig.send(LIST, { headers })).status).toBe(200)
    rig.clock.pass(8 * 3600 * 1000)
    expect(jsonOf(await rig.send(`GET ${SESSION}`, { headers }))).toMatchObject({ name: null })
    expect((await rig.send(LIST, { headers })).status).toBe(401)
  })

  test('means nothing at /v2, /v1 and /token', async (t) => {
    const rig = await open(t)
    const headers = await signedIn(rig)
    for (const path of ['/v2/', '/v2/_catalog', '/v2/team/web/tags/list', '/v1/search?q=web']) {
      expect([path, (await rig.send(`GET ${path}`, { headers })).status]).toEqual([path, 401])
    }
    const scope = 'repository:team/web:pull'
    const { token } = jsonOf(
      await rig.send(`GET /token?service=slipway&scope=${scope}`, { headers }),
    )
    const as = `Bearer ${token}`
    expect((await rig.send('GET /v2/team/web/tags/list', { as })).status).toBe(401)
  })

  test('allows what the policy does', async (t) => {
    const rig = await open(t)
    const headers = await signedIn(rig)
    const catalog = jsonOf(await rig.send('GET /api/v1/catalog', { headers }))
    expect(catalog.repositories.map(({ name }: { name: string }) => name)).toEqual(['team/web'])
    const other = await rig.send('GET /api/v1/tags/other/web', { headers })
    expect([other.status, codeOf(other)]).toEqual([403, 'DENIED'])
    expect((await rig.send('GET /api/v1/users', { headers })).status).toBe(403)
    const root = await signedIn(rig, 'root')
    expect((await rig.send('GET /api/v1/users', { headers: root })).status).toBe(200)
  })

  test('changes what the policy lets one change', async (t) => {
    const rig = await open(t)
    const alice = await signedIn(rig)
    const TAG = '/api/v1/images/team/web?reference=v1'
    const rights = async (headers: object) =>
      jsonOf(await rig.send(`GET ${TAG}`, { headers: { ...headers } })).rights
    expect(await rights(alice)).toEqual([])
    for (const request of [
      `DELETE ${TAG}`,
      'GET /api/v1/delete-preview/team/web',
      'DELETE /api/v1/repositories/team/web',
      'DELETE /api/v1/users/alice',
    ]) {
      const refused = await rig.send(request, { headers: alice })
      expect([request, refused.status, codeOf(refused)]).toEqual([request, 403, 'DENIED'])
    }
    const root = await signedIn(rig, 'root')
    expect(await rights(root)).toEqual(['delete', 'admin'])
    expect((await rig.send(`DELETE ${TAG}`, { headers: root })).status).toBe(204)
    expect((await rig.send(`GET ${TAG}`, { headers: root })).status).toBe(404)
    const body = Buffer.from(JSON.stringify({ repository: 'team/web', tag: 'v1' }))
    const json = { ...root, 'Content-Type': 'application/json' }
    expect((await rig.send('POST /api/v1/undelete', { headers: json, body })).status).toBe(200)
    expect((await rig.send(`GET ${TAG}`, { headers: root })).status).toBe(200)
    expect((await rig.send('DELETE /api/v1/users/alice', { headers: root })).status).toBe(204)
    expect(rig.events()).toContainEqual(
      expect.objectContaining({ event: 'admin', who: 'user:root', outcome: 'ok' }),
    )
  })

  test('changes nothing at a registry that takes no writes', async (t) => {
    const rig = await open(t, { readOnly: true })
    const headers = await signedIn(rig, 'root')
    const image = jsonOf(await rig.send('GET /api/v1/images/team/web?reference=v1', { headers }))
    expect(image.rights).toEqual(['admin'])
    expect(jsonOf(await rig.send(`GET ${SESSION}`, { headers }))).toMatchObject({ readOnly: true })
    const refused = await rig.send('DELETE /api/v1/images/team/web?reference=v1', { headers })
    expect(refused.status).toBe(405)
  })

  test.each([
    ['no header of its own', { 'Sec-Fetch-Site': 'same-origin' }],
    ['another site', { ...OWN, 'Sec-Fetch-Site': 'cross-site' }],
    ['another port', { ...OWN, 'Sec-Fetch-Site': 'same-site' }],
    ['another origin', { 'X-Slipway-Page': '1', Origin: 'https://cats.example' }],
    ['a program', { 'X-Slipway-Page': '1' }],
  ])('is of no use to %s', async (_, headers) => {
    const ends: (() => Promise<void>)[] = []
    const rig = await open({ onTestFinished: (end) => void ends.push(end) })
    const { Cookie } = await signedIn(rig)
    expect((await rig.send(LIST, { headers: { ...headers, Cookie } })).status).toBe(401)
    const root = { ...headers, Cookie: (await signedIn(rig, 'root')).Cookie }
    for (const request of [
      'DELETE /api/v1/images/team/web?reference=v1',
      'DELETE /api/v1/repositories/team/web',
      'DELETE /api/v1/users/alice',
    ]) {
      expect([request, (await rig.send(request, { headers: root })).status]).toEqual([request, 401])
    }
    expect((await signIn(rig, 'alice', 'secret', headers)).status).toBe(403)
    expect((await rig.send(`DELETE ${SESSION}`, { headers: { ...headers, Cookie } })).status).toBe(
      403,
    )
    for (const end of ends) await end()
  })

  test.each([
    [
      'has another password',
      async () => (await userLine('alice', 'another')) + (await userLine('root', 'secret')),
    ],
    ['is removed', () => userLine('root', 'secret')],
  ] as const)('ends when the account %s', async (_, lines) => {
    const ends: (() => Promise<void>)[] = []
    const rig = await open({ onTestFinished: (end) => void ends.push(end) })
    const headers = await signedIn(rig)
    await write(rig.store, HTPASSWD_KEY, await lines())
    rig.clock.pass(30_000)
    const ended = await rig.send(LIST, { headers })
    expect(ended.status).toBe(401)
    expect(ended.headers.getSetCookie()[0]).toContain('Max-Age=0')
    for (const end of ends) await end()
  })

  test('follows the policy', async (t) => {
    const rig = await open(t)
    const headers = await signedIn(rig)
    await write(rig.store, POLICY_KEY, policyText([]))
    rig.clock.pass(30_000)
    expect((await rig.send(LIST, { headers })).status).toBe(403)
  })

  test('ends by signing out', async (t) => {
    const rig = await open(t)
    const headers = await signedIn(rig)
    const out = await rig.send(`DELETE ${SESSION}`, { headers })
    expect([out.status, out.headers.getSetCookie().length]).toEqual([204, 2])
    expect(out.headers.getSetCookie()[0]).toMatch(/^__Secure-slipway-page=; Max-Age=0; Path=\/api;/)
  })

  test.each([
    ['a wrong password', 'alice', 'wrong'],
    ['nobody of that name', 'nobody', 'secret'],
    ['no name', '', ''],
  ])('is not begun by %s', async (_, name, password) => {
    const ends: (() => Promise<void>)[] = []
    const rig = await open({ onTestFinished: (end) => void ends.push(end) })
    const answer = await signIn(rig, name, password)
    expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHORIZED'])
    expect(answer.headers.get('WWW-Authenticate')).toBe(null)
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(rig.events()).toMatchObject([{ event: 'login', what: 'page', outcome: 'failed' }])
    for (const end of ends) await end()
  })

  test('is of no use when it was made up or changed', async (t) => {
    const rig = await open(t)
    const { Cookie } = await signedIn(rig)
    for (const forged of ['__Secure-slipway-page=alice', `${Cookie.slice(0, -4)}AAAA`]) {
      expect((await rig.send(LIST, { headers: { ...OWN, Cookie: forged } })).status).toBe(401)
    }
    // Credentials go first, and a session adds nothing to them.
    const as = basic('root', 'wrong')
    expect((await rig.send(LIST, { headers: { ...OWN, Cookie }, as })).status).toBe(401)
  })

  test('does not have the browser ask for a password', async (t) => {
    const { send } = await open(t, { args: ['--auth', 'basic'] })
    const program = await send(LIST)
    expect(program.headers.get('WWW-Authenticate')).toContain('Basic')
    const page = await send(LIST, { headers: OWN })
    expect([page.status, page.headers.get('WWW-Authenticate')]).toEqual([401, null])
  })

  test('is not needed where everybody may pull', async (t) => {
    const policy = [{ who: ['anonymous'], repositories: ['team/**'], actions: ['pull'] }]
    const { send } = await open(t, { policy })
    expect((await send(LIST, { headers: OWN })).status).toBe(200)
    expect(jsonOf(await send(`GET ${SESSION}`, { headers: OWN }))).toEqual({
      name: null,
      administers: 'nothing',
      readOnly: false,
      open: false,
      accounts: true,
      people: false,
      secure: true,
    })
  })

  test('can be begun at a registry that takes no writes', async (t) => {
    const rig = await open(t, { readOnly: true })
    expect((await rig.send(LIST, { headers: await signedIn(rig) })).status).toBe(200)
  })

  test('does not exist where everybody may do everything', async (t) => {
    const rig = await openRig(t, { page: true, args: ['--auth', 'off'] })
    expect(jsonOf(await rig.send(`GET ${SESSION}`, { headers: OWN }))).toMatchObject({ open: true })
    expect((await signIn(rig)).status).toBe(404)
  })
})

describe('somebody who has logged in at an issuer', () => {
  const issuer = new PeopleIssuer()
  beforeAll(() => issuer.open())
  afterAll(() => issuer.close())
  beforeEach(() => issuer.reset())

  const RULE = { who: ['claim:groups=dev'], repositories: ['team/**'], actions: ['pull'] }

  const visiting = async (
    claims: Readonly<Record<string, unknown>> = {},
    more: RigOptions = {},
  ) => {
    const options = { page: true, images: ['team/web'], policy: [RULE] }
    const rig = await openRig({ onTestFinished }, { ...options, ...more })
    await issuer.trusted(rig, {})
    return { rig, browser: await loggedIn(issuer, rig, claims) }
  }
  const headers = OWN

  test('sees what the claims allow, by the same requests', async () => {
    const { rig, browser } = await visiting()
    const shown = jsonOf(await browser.send(`GET ${SESSION}`, { headers }))
    expect(shown).toMatchObject({ name: 'ada', people: true, open: false })
    expect((await browser.send(LIST, { headers })).status).toBe(200)
    expect((await browser.send('GET /api/v1/tags/other/web', { headers })).status).toBe(403)
    expect((await browser.send('GET /v2/team/web/tags/list', { headers })).status).toBe(401)
    // Without the header of the page, the cookie is nothing.
    expect((await browser.send(LIST)).status).toBe(401)
    rig.clock.pass(8 * 3_600_000 + 61_000)
    expect((await browser.send(LIST, { headers })).status).toBe(401)
  })

  test('has to do so again when the policy looks at what the session does not carry', async () => {
    // More than fits: the session has what the rules name.
    const { rig, browser } = await visiting({ more: randomBytes(4000).toString('hex') })
    expect((await browser.send(LIST, { headers })).status).toBe(200)
    const other = { ...RULE, who: ['claim:department=shop'] }
    await write(rig.store, POLICY_KEY, policyText([RULE, other]))
    rig.clock.pass(30_000)
    expect((await browser.send(LIST, { headers })).status).toBe(401)
  })

  describe('changes', () => {
    const TAG = '/api/v1/images/team/web?reference=v1'
    const policy = [
      { ...RULE, actions: ['*'] },
      { who: ['claim:groups=ops'], repositories: ['**'], actions: ['admin'] },
    ]
    const json = (value: object, more: object = {}) => ({
      headers: { ...headers, 'Content-Type': 'application/json', ...more },
      body: Buffer.from(JSON.stringify(value)),
    })
    const addBob = [
      'PUT /api/v1/users/bob',
      json({ password: 'x' }, { 'If-None-Match': '*' }),
    ] as const

    test('what the claims allow, in the name of the session', async () => {
      const { rig, browser } = await visiting({}, { policy, admin: true })
      expect((await browser.send(`DELETE ${TAG}`, { headers })).status).toBe(204)
      expect((await browser.send(`GET ${TAG}`, { headers })).status).toBe(404)
      const undelete = json({ repository: 'team/web', tag: 'v1' })
      expect((await browser.send('POST /api/v1/undelete', undelete)).status).toBe(200)
      expect((await browser.send(`GET ${TAG}`, { headers })).status).toBe(200)
      expect((await browser.send(...addBob)).status).toBe(201)
      for (const event of ['delete', 'admin']) {
        const who = expect.stringMatching(/^token:/)
        expect(rig.events()).toContainEqual(expect.objectContaining({ event, who, outcome: 'ok' }))
      }
    })

    test('nothing that they do not', async () => {
      const dev = await visiting({ groups: ['dev'] }, { policy, admin: true })
      expect((await dev.browser.send(...addBob)).status).toBe(403)
      const reader = await visiting({}, { admin: true })
      expect((await reader.browser.send(`DELETE ${TAG}`, { headers })).status).toBe(403)
      expect((await reader.browser.send(`GET ${TAG}`, { headers })).status).toBe(200)
    })

    test.each([
      ['without the header of the page', { 'Sec-Fetch-Site': 'same-origin' }],
      ['from another site', { ...OWN, 'Sec-Fetch-Site': 'cross-site' }],
      ['from another port', { ...OWN, 'Sec-Fetch-Site': 'same-site' }],
      ['from another origin', { 'X-Slipway-Page': '1', Origin: 'https://cats.example' }],
      ['by a program', { 'X-Slipway-Page': '1' }],
    ])('nothing %s', async (_, other) => {
      const { browser } = await visiting({}, { policy, admin: true })
      for (const request of [
        `DELETE ${TAG}`,
        'DELETE /api/v1/repositories/team/web',
        'DELETE /api/v1/users/bob',
        'DELETE /v2/team/web/manifests/v1',
      ]) {
        const { status } = await browser.send(request, { headers: other as Record<string, string> })
        expect([request, status]).toEqual([request, 401])
      }
      expect((await browser.send(`GET ${TAG}`, { headers })).status).toBe(200)
    })

    test('nothing once the session has ended, or the policy is another', async () => {
      const { rig, browser } = await visiting({}, { policy, admin: true })
      await write(rig.store, POLICY_KEY, policyText([RULE]))
      rig.clock.pass(30_000)
      expect((await browser.send(`DELETE ${TAG}`, { headers })).status).toBe(403)
      await write(rig.store, POLICY_KEY, policyText(policy))
      rig.clock.pass(8 * 3_600_000 + 61_000)
      expect((await browser.send(`DELETE ${TAG}`, { headers })).status).toBe(401)
    })
  })

  test('signs out at the page', async () => {
    const { browser } = await visiting()
    expect((await browser.send(`DELETE ${SESSION}`, { headers })).status).toBe(204)
    expect(jsonOf(await browser.send(`GET ${SESSION}`, { headers }))).toMatchObject({ name: null })
  })
})
