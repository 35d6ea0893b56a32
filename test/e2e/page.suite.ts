/**
 * The page in Chromium: every view in both colour schemes and at a phone's width, signing in and out, what one may not see,
 * and texts that would be scripts. Pictures of all of it are kept.
 *
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { deletionKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { recordPulls, sayRecorded } from '../../functions/registry/pulls/record.ts'
import { startS3 } from '../emulators/s3/server.ts'
import { npmStart } from '../support/live/npm-start.ts'
import {
  type Daemon,
  freePort,
  projectRoot,
  responds,
  scratch,
  startDaemon,
} from '../support/live/process.ts'
import { slipway, startRegistry } from '../support/live/registry.ts'
import { storeOn } from '../support/rig/stores.ts'
import { type Browser, type Page, type Profile, startBrowser } from './support/browser.ts'
import { pushPageContent } from './support/page-content.ts'

const POLICY = `
version: 1
rules:
  - { who: [anonymous, authenticated], repositories: ['public/**'], actions: [pull] }
  - { who: ['user:alice'], repositories: ['team/**', 'charts/**', 'evil/**', many], actions: ['*'] }
  - { who: ['user:root'], repositories: ['**'], actions: ['*', admin] }
`
/** Rules that are tried, and not saved. JSON, since an editor may indent lines. */
const RULES = JSON.stringify({
  version: 1,
  rules: [
    { name: 'releases', repositories: ['**'], tags: ['1.5.*'], keep: 'always' },
    { name: 'all', repositories: ['**'], tags: ['*'], remove: 'always' },
  ],
})
const PICTURES = join(projectRoot, '.ci/artifacts/page')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Milliseconds: many times what anything takes. */
const PATIENCE = 20_000

const files = scratch('page')
let browser: Browser
let registry: Daemon
let empty: Daemon
let url: string
let emptyUrl: string
let subject: string

const serve = async (directory: string, flags: readonly string[] = []) => {
  const at = `http://127.0.0.1:${await freePort()}`
  const daemon = await startDaemon({
    name: 'slipway',
    command: process.execPath,
    args: [
      ...[...(await npmStart()), '--listen', new URL(at).host],
      ...['--store', `file:${directory}`, ...flags],
    ],
    ready: () => responds(`${at}/v2/`),
  })
  return { at, daemon }
}

/** So many tags that point where one does. */
const tagManyTimes = (directory: string, count: number): void => {
  const link = readFileSync(join(directory, tagLinkKey('team/web', '1.5.0')))
  for (let at = 0; at < count; at++) {
    const path = join(directory, tagLinkKey('many', `build-${String(at).padStart(5, '0')}`))
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, link)
  }
}

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true })
  const directory = join(files.path, 'full')
  const store = { directory }
  for (const name of ['alice', 'root']) {
    await slipway('user', store, ['add', name, '--password-stdin'], { input: 'right horse' })
  }
  await slipway('policy', store, ['set', '-'], { input: POLICY })
  const none = await serve(join(files.path, 'empty'))
  empty = none.daemon
  emptyUrl = none.at
  const full = await serve(directory, ['--cors', emptyUrl])
  registry = full.daemon
  url = full.at
  const Authorization = `Basic ${Buffer.from('root:right horse').toString('base64')}`
  subject = await pushPageContent(async (method, path, body, type) => {
    const headers = { 'Content-Type': type, Authorization }
    const { status } = await fetch(url + path, { method, body, headers })
    expect([path, status]).toEqual([path, 201])
  })
  tagManyTimes(directory, 10_000)
  browser = await startBrowser()
}, 900_000)
afterAll(async () => {
  await browser?.close()
  await registry?.stop()
  await empty?.stop()
  files.remove()
})

let profile: Profile
let page: Page
/** What the browser complains of, but for responses that are no success. */
let complaints: string[]
let requests: string[]
beforeEach(async () => {
  profile = await browser.createBrowserContext()
  page = await profile.newPage()
  // Also where others want the processor.
  page.setDefaultTimeout(120_000)
  await page.setViewport({ width: 1200, height: 900 })
  complaints = []
  requests = []
  page.on('request', (request) => void requests.push(request.url()))
  page.on('pageerror', (error) => void complaints.push(error.message))
  page.on('console', (message) => {
    const text = message.text()
    if (!/^Failed to load resource/.test(text)) complaints.push(`${message.type()}: ${text}`)
  })
  return async () => {
    await profile.close()
    expect(complaints).toEqual([])
  }
})

const text = async (): Promise<string> => String(await page.evaluate('document.body.innerText'))

/** Waits for words of the page. */
const sees = (words: string | RegExp) => expect.poll(text, { timeout: PATIENCE }).toMatch(words)

const show = async (hash: string, at = url) => {
  await page.goto(`${at}/${hash}`)
  await page.waitForNetworkIdle({ idleTime: 200 })
}

const press = async (words: string) => {
  const found = `[...document.querySelectorAll('button, a')].find((each) => each.textContent.trim() === ${JSON.stringify(words)})`
  await page.waitForFunction(found)
  await page.evaluate(`${found}.click()`)
}

const signIn = async (name: string, password: string) => {
  await page.waitForFunction(`document.querySelector('input[name=name]')`)
  await page.evaluate(
    `document.querySelectorAll('form input').forEach((each) => { each.value = '' })`,
  )
  await page.type('input[name=name]', name)
  await page.type('input[name=password]', password)
  await page.keyboard.press('Enter')
}

const signedIn = async (hash = '#/', name = 'alice') => {
  await show(`#/sign-in?to=${encodeURIComponent(hash)}`)
  await signIn(name, 'right horse')
  await sees('Sign out')
  await page.waitForNetworkIdle({ idleTime: 200 })
}

/** What axe finds that would keep somebody out. */
const violations = () =>
  page.evaluate(
    `${AXE}; axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`,
  )

const VIEWS = [
  ['repositories', '#/', 'public/hello'],
  ['repository', '#/r/team/web', 'Multi-platform'],
  ['image', '#/r/team/web:1.5.0', 'FEATURE_NEW_CART'],
  ['index', '#/r/team/web:latest', 'linux/arm64'],
  ['chart', '#/r/charts/web:0.9.2_build.7', 'The shop, its database and its jobs'],
  ['artifact', '#/r/team/models:small', 'weights.safetensors'],
  ['compare', '#/compare/team/web?a=1.4.0&b=1.5.0', 'Shared'],
  ['texts that look like scripts', '#/r/evil/app:xss', '<script>globalThis.hacked=1</script>'],
  ['nothing found', '#/?q=nothing', 'Nothing found'],
  ['no such repository', '#/r/team/nothing', 'Not found'],
  ['no such tag', '#/r/team/web:nothing', 'Not found'],
  ['not for this one', '#/r/private/app', 'You may not see this'],
  ['nowhere', '#/elsewhere', 'There is nothing here'],
] as const

const LOOKS = [
  ['light', 1200],
  ['dark', 1200],
  ['light', 390],
] as const

describe.each(LOOKS)('%s, %i pixels wide', (scheme, width) => {
  test('every view fits, keeps nobody out, and runs nothing', async () => {
    await page.setViewport({ width, height: 844 })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    await signedIn()
    for (const [name, hash, words] of VIEWS) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
      await expect.poll(text, { timeout: PATIENCE, message: name }).toContain(words)
      await page.waitForNetworkIdle({ idleTime: 100 })
      const path = join(PICTURES, `${name.replaceAll(' ', '-')}-${scheme}-${width}.png`)
      await page.screenshot({ path, fullPage: true })
      expect([name, await violations()]).toEqual([name, []])
      const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      expect([name, Math.max(0, Number(over))]).toEqual([name, 0])
      expect([name, await page.evaluate('globalThis.hacked ?? null')]).toEqual([name, null])
    }
    const others = requests.filter((each) => !each.startsWith(url) && !each.startsWith('data:'))
    expect(others).toEqual([])
  }, 600_000)

  test('so do signing in, an empty registry, and failures', async () => {
    await page.setViewport({ width, height: 844 })
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
    const picture = async (name: string) => {
      const path = join(PICTURES, `${name}-${scheme}-${width}.png`)
      await page.screenshot({ path, fullPage: true })
      expect([name, await violations()]).toEqual([name, []])
    }
    await show('#/r/team/web')
    await sees('Sign in to see this')
    await picture('refused')
    await show('#/sign-in')
    await signIn('alice', 'wrong')
    await sees(/wrong name or password/i)
    await picture('sign-in')
    await show('#/', emptyUrl)
    await sees('There are no repositories yet')
    await picture('empty')
    await show('#/')
    await page.setOfflineMode(true)
    await page.evaluate(`location.hash = '#/r/public/hello'`)
    await sees('The registry cannot be reached')
    await picture('offline')
    await page.setOfflineMode(false)
    await press('Try again')
    await sees('v1')
    await page.setRequestInterception(true)
    const error = { code: 'UNKNOWN', message: 'the registry failed', detail: { requestId: 'abc' } }
    page.on('request', (request) => {
      if (!request.url().includes('/api/v1/images')) return void request.continue()
      const body = JSON.stringify({ errors: [error] })
      return void request.respond({ status: 500, contentType: 'application/json', body })
    })
    await page.evaluate(`location.hash = '#/r/public/hello:v1'`)
    await sees('request abc')
    await picture('error')
  }, 600_000)
})

test('signing in brings one back, and signing out takes away what others may not see', async () => {
  await show('#/r/team/web')
  await press('Sign in')
  await signIn('alice', 'right horse')
  await sees('Multi-platform')
  const hash = () => page.evaluate('location.hash')
  await expect.poll(hash, { timeout: PATIENCE }).toBe('#/r/team/web')
  const cookies = (await profile.cookies()).filter(({ name }) => name.includes('slipway'))
  expect(cookies).toMatchObject([
    { name: 'slipway-page', path: '/api', httpOnly: true, sameSite: 'Strict' },
  ])
  const kept = await page.evaluate('[document.cookie, localStorage.length, sessionStorage.length]')
  expect(kept).toEqual(['', 0, 0])
  const status = await page.evaluate(`fetch('/v2/team/web/tags/list').then(({ status }) => status)`)
  expect(status).toBe(401)
  await press('Sign out')
  await sees('public/hello')
  await expect.poll(text, { timeout: PATIENCE }).not.toContain('team/')
  await page.evaluate(`location.hash = '#/r/team/web'`)
  await sees('Sign in to see this')
  const left = async () => (await profile.cookies()).filter(({ name }) => name.includes('slipway'))
  await expect.poll(left, { timeout: PATIENCE }).toEqual([])
})

test('nobody is sent elsewhere by a link to the form', async () => {
  await show(`#/sign-in?to=${encodeURIComponent('https://cats.example/')}`)
  await signIn('alice', 'right horse')
  await sees('team/web')
  expect(await page.evaluate('location.hash')).toBe('#/')
})

test('by keyboard alone: to a repository, two of its tags, and what is different', async () => {
  await signedIn()
  const focused = () =>
    page.evaluate(
      `(({ textContent, ariaLabel, placeholder }) => ariaLabel || textContent || placeholder)(document.activeElement)`,
    )
  const tabTo = async (words: RegExp, held?: 'Shift') => {
    if (held) await page.keyboard.down(held)
    for (let tries = 0; tries < 40 && !words.test(String(await focused())); tries++) {
      await page.keyboard.press('Tab')
    }
    if (held) await page.keyboard.up(held)
    if (words.test(String(await focused()))) return
    throw new Error(`nothing that says ${words} can be reached, the last was ${await focused()}`)
  }
  await tabTo(/^Search repositories$/)
  await page.keyboard.type('team/web')
  await expect.poll(text, { timeout: PATIENCE }).not.toContain('charts/')
  await tabTo(/^team\/web\d+ tags/)
  await page.keyboard.press('Enter')
  await sees('1.4.0')
  // A new view begins at its title.
  expect(await focused()).toBe('team/web')
  for (const tag of [/^Compare 1\.4\.0$/, /^Compare 1\.5\.0$/]) {
    await tabTo(tag)
    await page.keyboard.press('Space')
  }
  await tabTo(/^Compare$/, 'Shift')
  await page.keyboard.press('Enter')
  await sees('env FEATURE_NEW_CART')
  expect(await page.title()).toContain('Compare team/web')
})

test('commands are copied, for each client', async () => {
  await signedIn('#/r/team/web:1.5.0')
  const { host } = new URL(url)
  await sees(`docker pull ${host}/team/web:1.5.0`)
  await press('crane')
  await sees(`crane pull ${host}/team/web:1.5.0 web.tar`)
  await page.evaluate(`document.querySelector('.command .copy').click()`)
  await expect
    .poll(() => page.evaluate(`document.querySelector('output').textContent`), {
      timeout: PATIENCE,
    })
    .toBe('Copied the command')
})

test('referrers lead on, and back to their subject', async () => {
  await signedIn('#/r/team/web:1.5.0')
  await sees('Attestation')
  await page.evaluate(`document.querySelector('.badge-signature').closest('a').click()`)
  await sees('Refers to')
  await press(subject.slice(7, 19))
  await sees('FEATURE_NEW_CART')
})

test('of 10,000 tags 50 are shown, and 50 more when they are asked for', async () => {
  await signedIn('#/')
  requests.length = 0
  await page.evaluate(`performance.mark('begin'); location.hash = '#/r/many'`)
  await page.waitForFunction(`document.querySelectorAll('.tags tbody tr').length === 50`)
  const took = await page.evaluate(`Math.round(performance.measure('rows', 'begin').duration)`)
  console.info(`the first of 10,000 tags were there after ${took} ms`)
  // Asked again for what is not known of them yet; of no others.
  const api = new Set(requests.filter((each) => each.includes('/api/')))
  expect([...api]).toEqual([`${url}/api/v1/tags/many?n=50`])
  await press('More tags')
  await page.waitForFunction(`document.querySelectorAll('.tags tbody tr').length === 100`)
  expect(await text()).toContain('100+ tags')
  await page.type('input[type=search]', 'build-0999')
  await page.waitForFunction(`document.querySelectorAll('.tags tbody tr').length === 10`)
})

test('a link from elsewhere that names a script as a repository runs nothing', async () => {
  const evil = encodeURIComponent('<img src=x onerror=globalThis.hacked=1>')
  for (const hash of [
    `#/r/${evil}`,
    `#/r/app:${evil}`,
    `#/compare/${evil}?a=${evil}&b=${evil}`,
    `#/?q=${evil}`,
    `#/sign-in?to=javascript:alert(1)`,
  ]) {
    await show(hash)
    expect([hash, await page.evaluate('globalThis.hacked ?? null')]).toEqual([hash, null])
    expect([
      hash,
      await page.evaluate(`document.querySelectorAll('img, [onerror]').length`),
    ]).toEqual([hash, 0])
  }
})

test('a page of another origin that a setting names reads, pages and deletes; others do not', async () => {
  const Authorization = `Basic ${Buffer.from('alice:right horse').toString('base64')}`
  const from = async (origin: string, path: string, init: object = {}) => {
    await page.goto(`${origin}/v2/`)
    return page.evaluate(
      `fetch(${JSON.stringify(url + path)}, ${JSON.stringify(init)}).then(
        ({ status, headers }) => [status, headers.get('Docker-Content-Digest'), headers.get('Link'), headers.get('WWW-Authenticate')],
        ({ name }) => [name])`,
    )
  }
  const digest = expect.stringMatching(/^sha256:/)
  const as = { headers: { Authorization } }
  const manifest = '/v2/team/web/manifests/1.5.0'
  expect(await from(emptyUrl, manifest, as)).toEqual([200, digest, null, null])
  expect(await from(emptyUrl, manifest)).toEqual([401, null, null, expect.stringMatching('realm')])
  const paged = await from(emptyUrl, '/v2/team/web/tags/list?n=1', as)
  expect(paged).toEqual([200, null, expect.stringContaining('rel="next"'), null])
  const gone = { ...as, method: 'DELETE' }
  expect(await from(emptyUrl, '/v2/many/manifests/build-00001', gone)).toEqual([
    202,
    null,
    null,
    null,
  ])
  const elsewhere = emptyUrl.replace('127.0.0.1', 'other.example')
  expect(await from(elsewhere, manifest, as)).toEqual(['TypeError'])
  complaints = complaints.filter((each) => !each.includes('blocked by CORS policy'))
})

test('what goes is said before it does, and it can be brought back', async () => {
  await signedIn('#/r/team/worker:2026.11', 'root')
  await sees('Delete tag…')
  await press('Delete tag…')
  await sees('This tag goes.')
  await sees('It can be brought back for 14 days')
  expect(await violations()).toEqual([])
  await page.screenshot({ path: join(PICTURES, 'delete-tag-light-1200.png'), fullPage: false })
  await page.keyboard.press('Escape')
  await expect.poll(text, { timeout: PATIENCE }).not.toContain('This tag goes.')
  await press('Delete tag…')
  await sees('This tag goes.')
  await press('Delete tag')
  await sees('No tags')
  await page.goto(`${url}/#/deleted/team/worker`)
  await sees('Bring back')
  expect(await violations()).toEqual([])
  await page.screenshot({ path: join(PICTURES, 'deleted-light-1200.png'), fullPage: true })
  await press('Bring back')
  await sees('is there')
  await page.goto(`${url}/#/r/team/worker`)
  await sees('2026.11')
  await press('Delete repository…')
  await sees('All of the repository goes, with 1 tag')
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }])
  await page.setViewport({ width: 390, height: 844 })
  expect(await violations()).toEqual([])
  await page.screenshot({ path: join(PICTURES, 'delete-repository-dark-390.png'), fullPage: false })
  await press('Delete repository')
  await sees('team/models')
  expect(await text()).not.toContain('team/worker')
  await page.goto(`${url}/#/deleted/team/worker`)
  await sees('All of the repository')
  await press('Bring back')
  await page.waitForFunction(`document.querySelector('output').textContent.startsWith('Back')`)
  await page.goto(`${url}/#/r/team/worker`)
  await sees('2026.11')
})

test('many deletes come in pages, the latest first', async () => {
  const store = openFileStore(join(files.path, 'full'))
  const now = Date.now()
  for (let at = 0; at < 120; at++) {
    const id = String(at).padStart(16, '0')
    const note = { id, digest: `sha256:${'a'.repeat(64)}`, tag: `gone-${at}` }
    const key = deletionKey('many', now - 60_000 * (at + 1), id)
    await store.put(key, Buffer.from(JSON.stringify(note)))
  }
  await signedIn('#/deleted/many', 'root')
  await sees('100+ deletes')
  await sees('gone-0')
  expect(await text()).not.toContain('gone-119')
  await press('More deletes')
  await sees('gone-119')
  expect(await text()).not.toMatch(/More deletes|100\+/)
  expect(await violations()).toEqual([])
})

test('what one may not do is not offered', async () => {
  await signedIn('#/r/public/hello')
  await sees('v1')
  expect(await text()).not.toMatch(/Delete|Deleted/)
  await page.evaluate(`location.hash = '#/r/team/web'`)
  await sees('Delete repository…')
  expect(await text()).not.toContain('Deleted')
  await page.evaluate(`location.hash = '#/deleted/team/web'`)
  await sees('You may not see this')
  const status = await page.evaluate(
    `fetch('/api/v1/images/public/hello?reference=v1', { method: 'DELETE', headers: { 'X-Slipway-Page': '1' } }).then(({ status }) => status)`,
  )
  expect(status).toBe(403)
})

test('those who administer see usage, accounts, policy and changes, and others see none of it', async () => {
  await signedIn('#/', 'alice')
  expect(await text()).not.toContain('Administration')
  await page.evaluate(`location.hash = '#/admin/users'`)
  await sees('You may not see this')
  await press('Sign out')
  await sees('Sign in')
  await signedIn('#/admin/users', 'root')
  await sees('Add user')
  const looks = async (name: string) => {
    await page.waitForNetworkIdle({ idleTime: 100 })
    expect([name, await violations()]).toEqual([name, []])
    await page.screenshot({ path: join(PICTURES, `admin-${name}-light-1200.png`), fullPage: true })
  }
  await page.type('input[name=name]', 'bob')
  await page.type('input[name=password]', 'a long password')
  await press('Add user')
  await expect.poll(text, { timeout: PATIENCE }).toMatch(/bob\s+in no group/)
  await looks('users')
  await press('Robots')
  await page.waitForFunction(`document.querySelector('form[aria-label="Add a robot"]')`)
  await page.type('input[name=name]', 'ci')
  await press('Add robot')
  await sees('robot+ci has a new secret')
  await looks('robots')
  await press('Policy and rules')
  await page.waitForFunction(`document.querySelector('textarea')?.value.includes('anonymous')`)
  await looks('documents')
  const asks = async (form: string, values: Readonly<Record<string, string>>, button: string) => {
    await page.waitForFunction(`document.querySelector('form[aria-label="${form}"]')`)
    for (const [name, value] of Object.entries(values)) {
      const input = `form[aria-label="${form}"] input[name=${name}]`
      await page.evaluate(`document.querySelector('${input}').value = ''`)
      await page.type(input, value)
    }
    await press(button)
  }
  await asks('Try the policy', { as: 'user:alice', repository: 'team/web' }, 'Try policy')
  await sees('user:alice may pull, push, delete in team/**, charts/**')
  await sees(/admin\s+denied\s+no rule is about it/)
  await looks('policy-trial')
  await asks('Try the policy', { as: 'nonsense' }, 'Try policy')
  await sees(/"nonsense" is not a caller/i)
  await press('Rules on tags')
  await sees('There is none yet.')
  await page.type('textarea', RULES)
  await asks('Try the rules on tags', { repository: 'team/web' }, 'Show what would go')
  await sees('stays by releases, though all')
  await sees(/latest\s+goes by all/)
  await looks('retention-trial')
  await press('Undo')
  await asks('Try the rules on tags', { repository: 'team/web' }, 'Show what would go')
  await sees('there are no rules')
  await press('Policy')
  await page.waitForFunction(`document.querySelector('textarea')?.value.includes('anonymous')`)
  await page.type('textarea', 'nonsense: ')
  await press('Save')
  await page.waitForFunction(`document.querySelector('.editor .problem')`)
  await press('Undo')
  await press('Changes')
  await sees('htpasswd')
  await looks('changes')
  await press('Uploads')
  await sees('Nothing is staged')
  await press('Deleted')
  await sees(/team.worker|No repository was deleted/)
  await page.evaluate(`location.hash = '#/r/team/web'`)
  await press('Rules')
  await sees('there are no rules')
  await slipway('retention', { directory: join(files.path, 'full') }, ['set', '-'], {
    input: RULES,
  })
  await press('All repositories')
  await page.evaluate(`location.hash = '#/rules/team/web'`)
  await sees('stays by releases, though all')
  await looks('rules')
  await page.evaluate(`location.hash = '#/admin/usage'`)
  await press('Usage')
  await sees('Nothing is counted yet')
  await slipway('usage', { directory: join(files.path, 'full') }, ['--now'])
  await press('Changes')
  await press('Usage')
  await sees('By repository')
  await looks('usage')
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }])
  await page.setViewport({ width: 390, height: 844 })
  await page.evaluate(`location.hash = '#/admin/users'`)
  await sees('bob')
  await press('Remove')
  await sees('can no longer log in')
  expect(await violations()).toEqual([])
  const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
  expect(Math.max(0, Number(over))).toBe(0)
  await page.screenshot({ path: join(PICTURES, 'admin-users-dark-390.png'), fullPage: false })
})

test('on S3 it says who has set a tag; which one is signed, and when it was pulled last', async () => {
  const s3 = await startS3()
  const users = { alice: 'right horse', 'robot-of-the-release-pipeline': 'right horse' }
  for (const name of Object.keys(users)) {
    await slipway('user', s3, ['add', name, '--password-stdin'], { input: 'right horse' })
  }
  const policy = `
version: 1
rules:
  - { who: [anonymous, authenticated], repositories: ['**'], actions: [pull] }
  - { who: [authenticated], repositories: ['**'], actions: ['*'] }
`
  await slipway('policy', s3, ['set', '-'], { input: policy })
  const { address, close } = await startRegistry('slipway', s3)
  const at = `http://${address}`
  try {
    const signed = await pushPageContent(async (method, path, body, type) => {
      const who = path.includes('1.4.0') ? 'robot-of-the-release-pipeline' : 'alice'
      const Authorization = `Basic ${Buffer.from(`${who}:right horse`).toString('base64')}`
      const headers = { 'Content-Type': type, Authorization }
      const { status } = await fetch(at + path, { method, body, headers })
      expect([path, status]).toEqual([path, 201])
    })
    const store = storeOn(s3)
    const now = Date.now()
    await sayRecorded(store, now)
    await recordPulls(store, [{ repository: 'team/web', digest: signed }], now)
    await show('#/r/team/web', at)
    await sees('signed')
    await sees('not yet')
    expect(await text()).not.toContain('by alice')
    await show(`#/sign-in?to=${encodeURIComponent('#/r/team/web')}`, at)
    await signIn('alice', 'right horse')
    await sees(/1\.5\.0\s+(?:Immutable\s+)?Image\s+signed/)
    await sees('by alice')
    for (const [scheme, width] of LOOKS) {
      await page.setViewport({ width, height: 844 })
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
      const path = join(PICTURES, `tags-${scheme}-${width}.png`)
      await page.screenshot({ path, fullPage: true })
      expect(await violations()).toEqual([])
      const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      expect(Math.max(0, Number(over))).toBe(0)
    }
  } finally {
    await close()
    await s3.close()
  }
}, 600_000)
