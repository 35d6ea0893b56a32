/**
 * People log in with Chromium at an OpenID provider; pages of other sites try to use their session.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type Issued, selfSigned } from '../support/live/certificates.ts'
import { npmStart } from '../support/live/npm-start.ts'
import {
  type Daemon,
  freePort,
  responds,
  run,
  scratch,
  startDaemon,
} from '../support/live/process.ts'
import { slipway } from '../support/live/registry.ts'
import {
  type Browser,
  fetchFrom,
  follow,
  type Page,
  type Profile,
  startBrowser,
} from './support/browser.ts'

const GROUPS = { ada: ['dev'], eve: ['guests'] }
const POLICY = `
version: 1
rules:
  - { who: ['claim:groups=dev'], repositories: ['team/**'], actions: [pull, push] }
`
const SECRET = 'kept in a file'
const PROGRAM = join(import.meta.dirname, 'support/people-provider.mjs')
/** A page of the registry that runs scripts, as the one to come will. */
const PAGE = '/.well-known/jwks.json'

const files = scratch('people')
let browser: Browser
let provider: Daemon
let certificate: Issued
/** With TLS, where the registry is a public client. */
let origin: string
/** Without TLS, on loopback, where it has a secret. */
let plainOrigin: string
let registries: readonly Daemon[] = []

const file = (name: string, text: string): string => {
  writeFileSync(join(files.path, name), text)
  return join(files.path, name)
}

/** A store where people log in at the provider. */
const storeOf = async (name: string, issuer: string, clientId: string): Promise<string> => {
  const directory = join(files.path, name)
  await slipway('policy', { directory }, ['set', '-'], { input: POLICY })
  const login = { clientId, scopes: ['profile', 'groups'] }
  const entry = { issuer, privateAddresses: true, login }
  const input = JSON.stringify({ version: 1, issuers: [entry] })
  await slipway('issuers', { directory }, ['set', '-'], { input })
  return directory
}

const serve = async (url: string, directory: string, flags: readonly string[]): Promise<Daemon> =>
  startDaemon({
    name: 'slipway',
    command: process.execPath,
    args: [
      ...[...(await npmStart()), '--listen', new URL(url).host, '--auth', 'token'],
      ...['--store', `file:${directory}`, ...flags],
    ],
    ready: () => run('curl', ['--silent', '--insecure', `${url}/v2/`]).then(() => true),
  })

beforeAll(async () => {
  const [port, own, other] = [await freePort(), await freePort(), await freePort()]
  const issuer = `http://127.0.0.1:${port}`
  origin = `https://registry.example:${own}`
  plainOrigin = `http://127.0.0.1:${other}`
  const common = { grant_types: ['authorization_code'], response_types: ['code'] }
  const clients = [
    {
      ...common,
      client_id: 'public',
      redirect_uris: [`${origin}/auth/callback`],
      token_endpoint_auth_method: 'none',
    },
    {
      ...common,
      client_id: 'confidential',
      client_secret: SECRET,
      application_type: 'native',
      redirect_uris: [`${plainOrigin}/auth/callback`],
    },
  ].map((client) => ({ scope: 'openid profile groups', ...client }))
  provider = await startDaemon({
    name: 'people-provider',
    command: process.execPath,
    args: [PROGRAM, String(port), JSON.stringify(clients), JSON.stringify(GROUPS)],
    ready: () => responds(`${issuer}/.well-known/openid-configuration`),
  })
  certificate = await selfSigned(files.path, 'server')
  const { cert, key } = certificate
  const tls = ['--tls-cert', file('tls.crt', cert), '--tls-key', file('tls.key', key)]
  const secret = ['--login-secret', file('secret', `${SECRET}\n`)]
  registries = [
    await serve(`https://127.0.0.1:${own}`, await storeOf('tls', issuer, 'public'), tls),
    await serve(plainOrigin, await storeOf('plain', issuer, 'confidential'), secret),
  ]
  browser = await startBrowser()
}, 900_000)
afterAll(async () => {
  await browser?.close()
  for (const registry of registries) await registry.stop()
  await provider?.stop()
  files.remove()
})

/** Fills in the provider's forms. */
const logInAs = async (page: Page, at: string, name: string) => {
  await page.goto(`${at}/auth/login?return_to=${encodeURIComponent(PAGE)}`)
  await page.type('input[name=login]', name)
  await page.type('input[name=password]', 'any')
  await follow(page, 'button[type=submit]')
  return follow(page, 'button[type=submit]')
}

let profile: Profile
let page: Page
beforeEach(async () => {
  profile = await browser.createBrowserContext()
  page = await profile.newPage()
  return () => profile.close()
})

const sessionIn = async (where: Page) => JSON.parse((await fetchFrom(where, '/auth/session')).text)

const tokenRequest = (scope: string) => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ scope }).toString(),
})

describe('somebody logs in', () => {
  test('and is back at the page, which shows who it is and gets tokens', async () => {
    const arrived = await logInAs(page, origin, 'ada')
    expect([arrived?.status(), page.url()]).toEqual([200, origin + PAGE])
    expect(await sessionIn(page)).toMatchObject({
      identity: { name: 'ada', subject: 'ada' },
      groups: ['dev'],
    })
    const scope = 'repository:team/app:pull,push'
    const granted = await fetchFrom(page, '/auth/session/token', tokenRequest(scope))
    const { token, scope: allowed } = JSON.parse(granted.text)
    expect(allowed).toBe(scope)
    const headers = { Authorization: `Bearer ${token}` }
    const started = await fetchFrom(page, '/v2/team/app/blobs/uploads/', {
      method: 'POST',
      headers,
    })
    expect(started.status).toBe(202)
    const denied = await fetchFrom(page, '/v2/other/app/tags/list', { headers })
    expect(denied.status).toBe(401)
    // Without the token, whatever cookies come along.
    expect((await fetchFrom(page, '/v2/team/app/tags/list')).status).toBe(401)
  })

  test('at the page of the registry, and sees there what the claims allow', async () => {
    await page.goto(`${origin}/#/sign-in?to=${encodeURIComponent('#/r/team/app')}`)
    await page.waitForFunction(`document.querySelector('main a.button')`)
    await follow(page, 'main a.button')
    await page.type('input[name=login]', 'ada')
    await page.type('input[name=password]', 'any')
    await follow(page, 'button[type=submit]')
    await follow(page, 'button[type=submit]')
    expect(page.url()).toBe(`${origin}/#/r/team/app`)
    const text = () => page.evaluate('document.body.innerText')
    // There is nothing in it yet, and it may be looked at.
    await expect.poll(text, { timeout: 60_000 }).toContain('There is no repository team/app')
    expect(await text()).toContain('ada')
    await page.evaluate(`location.hash = '#/r/other/app'`)
    await expect.poll(text, { timeout: 60_000 }).toContain('You may not see this')
    await page.evaluate(
      `[...document.querySelectorAll('button')].find((each) => each.textContent === 'Sign out').click()`,
    )
    await expect.poll(() => sessionIn(page), { timeout: 60_000 }).toEqual({ identity: null })
  })

  test('and Chromium keeps the session as it is told to, out of reach of scripts', async () => {
    await logInAs(page, origin, 'ada')
    const own = (await profile.cookies()).filter(({ domain }) => domain === 'registry.example')
    expect(own).toMatchObject([
      {
        name: '__Host-slipway-session',
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'Strict',
      },
    ])
    const left = own[0]!.expires - Date.now() / 1000
    expect(left).toBeGreaterThan(7 * 3600)
    expect(left).toBeLessThanOrEqual(8 * 3600)
    expect(await page.evaluate('document.cookie')).toBe('')
  })

  test('whose groups no rule names, and may do nothing', async () => {
    await logInAs(page, origin, 'eve')
    const request = tokenRequest('repository:team/app:pull')
    const granted = await fetchFrom(page, '/auth/session/token', request)
    expect(JSON.parse(granted.text).scope).toBe('')
  })

  test('and out again, also by a form of a page without referrers', async () => {
    for (const way of ['fetch', 'form']) {
      await logInAs(page, origin, 'ada')
      if (way === 'fetch') {
        expect((await fetchFrom(page, '/auth/logout', { method: 'POST' })).status).toBe(204)
      } else {
        await page.evaluate(`document.head.innerHTML = '<meta name=referrer content=no-referrer>';
          document.body.innerHTML = '<form method=post action=/auth/logout><button>Log out</button></form>'`)
        await page.click('button')
      }
      await expect.poll(() => sessionIn(page), { timeout: 60_000 }).toEqual({ identity: null })
      const names = (await profile.cookies()).map(({ name }) => name)
      expect(names.filter((name) => name.includes('slipway'))).toEqual([])
      // Chromium asks the provider again, which still knows who it is.
      await profile.close()
      profile = await browser.createBrowserContext()
      page = await profile.newPage()
    }
  })

  test('or does not: the provider was told so', async () => {
    await page.goto(`${origin}/auth/login`)
    const response = await follow(page, 'a[href$=abort]')
    expect([response?.status(), await response?.text()]).toEqual([
      403,
      expect.stringContaining('access_denied'),
    ])
    expect((await page.goto(`${origin}/auth/session`))?.status()).toBe(200)
  })

  test('and nobody else by a link to the end of the log-in', async () => {
    const response = await logInAs(page, plainOrigin, 'eve')
    expect(response?.status()).toBe(200)
    // As anyone can begin one, and give the link to others.
    const begun = await fetch(`${plainOrigin}/auth/login`, { redirect: 'manual' })
    const state = new URL(begun.headers.get('Location') ?? '').searchParams.get('state')
    const end = await page.goto(`${plainOrigin}/auth/callback?code=x&state=${state}`)
    expect([end?.status(), await end?.text()]).toEqual([
      403,
      expect.stringContaining('not begun in this browser'),
    ])
  })

  test('over http on loopback, where the registry shows a secret', async () => {
    const arrived = await logInAs(page, plainOrigin, 'ada')
    expect([arrived?.status(), page.url()]).toEqual([200, plainOrigin + PAGE])
    expect(await sessionIn(page)).toMatchObject({ identity: { name: 'ada' } })
    const own = (await profile.cookies()).filter(({ name }) => name.includes('slipway'))
    expect(own).toMatchObject([
      { name: 'slipway-session', httpOnly: true, secure: false, sameSite: 'Strict' },
    ])
  })
})

/** Serves a page of somebody else. @returns its origin */
const servePage = async (host: string, tls: boolean): Promise<string> => {
  const respond: Parameters<typeof createServer>[1] = (_, response) => {
    response.setHeader('Content-Type', 'text/html').end('<title>Free cats</title>')
  }
  const server: Server = tls
    ? (createTlsServer(certificate, respond) as unknown as Server)
    : createServer(respond)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `${tls ? 'https' : 'http'}://${host}:${(server.address() as AddressInfo).port}`
}

describe.each([
  // Cookies of SameSite=Strict come along: ports do not count.
  ['a page of the same name at another port', 'registry.example', true],
  ['a page of another name of the domain', 'cats.registry.example', true],
  ['a page of another site', 'cats.example', true],
  ['a page of another site, without TLS', 'cats.example', false],
])('%s', (_, host, tls) => {
  let evil: Page
  beforeEach(async () => {
    await logInAs(page, origin, 'ada')
    evil = await profile.newPage()
    await evil.goto(await servePage(host, tls))
  })

  /** The session goes on. */
  const isLoggedIn = async () => {
    expect(await sessionIn(page)).toMatchObject({ identity: { name: 'ada' } })
  }

  test('reads nothing', async () => {
    for (const path of ['/auth/session', '/v2/team/app/tags/list']) {
      const read = await fetchFrom(evil, origin + path, { credentials: 'include' })
      expect(read).toMatchObject({ status: -1 })
    }
    const request = { ...tokenRequest('repository:team/app:pull'), credentials: 'include' }
    expect(await fetchFrom(evil, `${origin}/auth/session/token`, request)).toMatchObject({
      status: -1,
    })
  })

  test.each(['/auth/logout', '/auth/session/token'])('sends nothing to %s', async (path) => {
    const url = JSON.stringify(origin + path)
    const blind = `fetch(${url}, { method: 'POST', mode: 'no-cors', credentials: 'include' })`
    await evil.evaluate(`${blind}.then(() => 1, () => 0)`)
    await isLoggedIn()
    await evil.setContent(`<form method=post action=${url}><button>Win</button></form>`)
    const response = await follow(evil, 'button')
    expect(response?.status()).toBe(403)
    await isLoggedIn()
  })

  test('ends no session by a picture, and shows none in a frame', async () => {
    await evil.setContent(`<img src="${origin}/auth/logout"><iframe src="${origin}/auth/session">`)
    await isLoggedIn()
    const text = await evil.evaluate(
      `(() => { try { return frames[0].document.body.innerText } catch { return '' } })()`,
    )
    expect(text).toBe('')
  })
})
