/**
 * A registry with access control in this process: documents in a store, a clock that tests set,
 * and everything it logs.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll } from 'vitest'
import { createApp } from '../../functions/api/app.ts'
import type { RequestLogger } from '../../functions/api/env.ts'
import { hashPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { formatRobots, newSecret } from '../../functions/auth/accounts/robots.ts'
import type { AuditEvent } from '../../functions/auth/audit.ts'
import { openEdge } from '../../functions/compose/edge.ts'
import { openAccess } from '../../functions/compose/open-access.ts'
import { openRules } from '../../functions/compose/open-rules.ts'
import { openUploadSecret } from '../../functions/compose/open-store.ts'
import { pageDesk } from '../../functions/compose/page-desk.ts'
import { readSettings, type Settings } from '../../functions/compose/settings.ts'
import { openBrowser } from '../../functions/page/browser.ts'
import type { PageFiles } from '../../functions/page/files.ts'
import {
  GROUPS_KEY,
  HTPASSWD_KEY,
  ISSUERS_KEY,
  POLICY_KEY,
  ROBOTS_KEY,
} from '../../functions/registry/layout.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { openCurrent } from '../../functions/search/current.ts'
import { once } from '../../functions/shared/once.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { type Clock, createClock, userLine, write } from '../auth/harness.ts'
import type { WrittenRule } from '../auth/policy-model.ts'
import { ec, forge, jwkOf } from '../auth/tokens-forge.ts'
import { CONFIG, imageOf, putBlob, putManifest } from '../support/hosts/content.ts'
import type { Answer, Sent } from '../support/hosts/host.ts'
import { requestOf } from '../support/hosts/start.ts'
import { clientOf, expectStatus, requestLine } from '../support/rig/client.ts'
import { recorderOf } from '../support/rig/recorded.ts'
import { openFiles } from '../support/rig/stores.ts'

/** Where clients find the registry. */
export const ORIGIN = 'https://registry.example'

const pageFile = (type: string, text: string) => {
  const bytes = new TextEncoder().encode(text)
  return { type, bytes, gzip: bytes, etag: String(text.length) }
}

/** A page as small as it can be. */
const PAGE_FILES: PageFiles = new Map([
  ['index.html', pageFile('text/html; charset=utf-8', '<title>Page</title>')],
  ['main-0.js', pageFile('text/javascript; charset=utf-8', 'void 0')],
])

/** What is written into the store first. */
export interface Documents {
  /** Passwords by user. */
  readonly users?: Readonly<Record<string, string>>
  /** Members by group. */
  readonly groups?: Readonly<Record<string, readonly string[]>>
  /** Robots; each gets one secret. */
  readonly robots?: readonly string[]
  /** Rules, or the text of a document. */
  readonly policy?: readonly WrittenRule[] | string
  /** Whether tokens of {@link foreignToken} are trusted. */
  readonly foreign?: boolean
}

const FOREIGN_ISSUER = 'https://tokens.example'
const FOREIGN_KEY = ec()

/** A token of another issuer, of five minutes from a time in milliseconds. */
export const foreignToken = (
  now: number,
  claims: Readonly<Record<string, unknown>>,
  key = FOREIGN_KEY,
): string => {
  const iat = Math.floor(now / 1000)
  const standard = { iss: FOREIGN_ISSUER, aud: 'slipway', sub: 'someone', iat, exp: iat + 300 }
  return forge({
    header: { typ: 'JWT', alg: 'ES256', kid: 'other' },
    claims: { ...standard, ...claims },
    key,
  })
}

/** Text of a policy document. */
export const policyText = (rules: readonly WrittenRule[]): string =>
  JSON.stringify({ version: 1, rules })

/** Text of the document of robots, and each robot's secret. */
const robotsText = (names: readonly string[], now: number) => {
  const made = names.map((name) => ({ name, ...newSecret(now, 90 * 24 * 3600 * 1000) }))
  const secrets = new Map(made.map(({ name, secret }) => [name, secret]))
  return { text: formatRobots(new Map(made.map(({ name, entry }) => [name, [entry]]))), secrets }
}

/** Writes documents into a store. @returns the robots' secrets by name */
export const writeDocuments = async (
  store: ObjectStore,
  { users, groups, robots, policy, foreign }: Documents,
  now: number,
): Promise<ReadonlyMap<string, string>> => {
  if (users !== undefined) {
    const lines = Object.entries(users).map(([name, password]) => userLine(name, password))
    await write(store, HTPASSWD_KEY, (await Promise.all(lines)).join(''))
  }
  if (groups !== undefined) {
    const lines = Object.entries(groups).map(([group, all]) => `${group}: ${all.join(' ')}\n`)
    await write(store, GROUPS_KEY, lines.join(''))
  }
  if (policy !== undefined) {
    await write(store, POLICY_KEY, typeof policy === 'string' ? policy : policyText(policy))
  }
  if (foreign === true) {
    const jwks = { keys: [jwkOf(FOREIGN_KEY, { kid: 'other' })] }
    const issuers = { version: 1, issuers: [{ issuer: FOREIGN_ISSUER, jwks }] }
    await write(store, ISSUERS_KEY, JSON.stringify(issuers))
  }
  const { text, secrets } = robotsText(robots ?? [], now)
  if (robots !== undefined) await write(store, ROBOTS_KEY, text)
  return secrets
}

/** Pushes an image as `v1` into repositories, past access control. */
export const fill = async (store: ObjectStore, repositories: readonly string[]): Promise<void> => {
  const send = await clientOf(store)
  for (const name of repositories) {
    for (const step of [putBlob(name, CONFIG), putManifest(name, 'v1', imageOf())]) {
      await expectStatus(step.status, send(step.send, step.body as Buffer, step.headers))
    }
  }
}

/** One line of the log. */
export interface Logged {
  readonly level: keyof RequestLogger
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** More of a request than its line. */
export interface More {
  readonly body?: Sent['body']
  readonly headers?: Sent['headers']
  /** Value of Authorization. */
  readonly as?: string | undefined
  /** Address of the client. */
  readonly address?: string
}

export interface AccessRig {
  readonly store: ObjectStore
  readonly clock: Clock
  readonly secrets: ReadonlyMap<string, string>
  /** The audit trail so far. */
  readonly events: () => AuditEvent[]
  readonly logged: readonly Logged[]
  /** Sends `'<METHOD> <target>'`. */
  send(request: string, more?: More): Promise<Answer>
  /** Opens another registry over the same store, with nothing in its memory. */
  beside(args: readonly string[]): Promise<Pick<AccessRig, 'send'>>
}

export interface RigOptions extends Documents {
  /** Settings as flags. */
  readonly args?: readonly string[]
  /** Whether only this machine reaches the registry. Default false. */
  readonly onlyLocal?: boolean
  readonly readOnly?: boolean
  /** Whether there is an admin API. Default false. */
  readonly admin?: boolean
  /** Whether there are events of what the admin API changes. */
  readonly recorded?: boolean
  /** Whether there is a page, of one file. Default false. */
  readonly page?: boolean
  /** Repositories that hold an image of {@link CONFIG} as `v1`. */
  readonly images?: readonly string[]
}

/** Where to register what runs after a test. */
interface Ending {
  onTestFinished(end: () => Promise<void>): void
}

/** Opens a registry with access control over an empty store with these documents. */
export const openRig = async (
  t: Ending,
  {
    args = [],
    onlyLocal = false,
    readOnly = false,
    admin = false,
    recorded = false,
    page = false,
    images = [],
    ...documents
  }: RigOptions,
): Promise<AccessRig> => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const clock = createClock()
  const secrets = await writeDocuments(store, documents, clock.now())
  await fill(store, images)
  const logged: Logged[] = []
  const at = (level: Logged['level']) => (fields: object, message: string) =>
    void logged.push({ level, fields: { ...fields }, message })
  const logger = { info: at('info'), warn: at('warn'), error: at('error') }
  const open = async (settings: Settings): Promise<AccessRig['send']> => {
    const {
      isSetUp: _,
      sessions,
      ...access
    } = await openAccess(settings, {}, store, logger, onlyLocal, {
      now: clock.now,
    })
    const uploadSecret = openUploadSecret(settings, {}, store, clock.now)
    const registry = createRegistry({
      store,
      uploadSecret,
      undeletes: admin,
      uploadLife: settings['upload-life'],
      rules: openRules(store, logger, access.audit, clock.now),
      now: clock.now,
    })
    const app = createApp({
      ...access,
      edge: await openEdge(settings, uploadSecret, false),
      registry,
      browse: once(async () => openBrowser(store, registry, clock.now)),
      page: page ? pageDesk(access.issuing, sessions, async () => PAGE_FILES) : undefined,
      index: async () => openCurrent(store, () => 0),
      logger,
      origins: settings.cors,
      auditPulls: settings['audit-pulls'],
      redirects: false,
      redirectHeads: false,
      readOnly,
      admin: admin
        ? {
            store,
            now: clock.now,
            hashPassword: (password) => hashPassword(password, 4),
            policyInFile: settings.policy !== undefined,
            grace: settings['gc-grace'],
            events: recorded ? recorderOf(store) : undefined,
          }
        : undefined,
      undeleteDays: admin ? 14 : 0,
      publicUrl: settings['public-url'],
      uploadOrigin: settings['upload-origin'],
    })
    return async (request, { body, headers, as, address = '192.0.2.1' } = {}) => {
      const all = { ...headers, ...(as === undefined ? {} : { Authorization: as }) }
      const sent = requestOf({ ...requestLine(request), body, headers: all })
      const response = await app.fetch(sent, { origin: ORIGIN, address })
      const { status, headers: answered } = response
      return { status, headers: answered, body: Buffer.from(await response.arrayBuffer()) }
    }
  }
  return {
    store,
    clock,
    secrets,
    logged,
    events: () => logged.flatMap(({ fields }) => (fields.audit as AuditEvent | undefined) ?? []),
    send: await open(readSettings(args, {})),
    beside: async (others) => ({ send: await open(readSettings(others, {})) }),
  }
}

/** Opens one for all tests of a suite. */
export const sharedRig = (options: RigOptions): (() => AccessRig) => {
  const ends: (() => Promise<void>)[] = []
  let rig: AccessRig
  beforeAll(async () => {
    rig = await openRig({ onTestFinished: (end) => void ends.push(end) }, options)
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })
  return () => rig
}

/** Basic credentials as a header. */
export const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

/** A token as a header. */
export const bearer = (token: string): string => `Bearer ${token}`

/** JSON of a response. */
export const jsonOf = ({ body }: Answer) => JSON.parse(body.toString())

/** Claims of a token, unverified. */
export const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

/** A token of this registry with these scopes, as a header. @param as Basic credentials, or none */
export const tokenFor = async (
  { send }: Pick<AccessRig, 'send'>,
  as: string | undefined,
  ...scopes: readonly string[]
): Promise<string> => {
  const query = scopes.map((scope) => `&scope=${encodeURIComponent(scope)}`).join('')
  const answer = await send(`GET /token?service=slipway${query}`, { as })
  assert.equal(answer.status, 200, answer.body.toString())
  return bearer(jsonOf(answer).token)
}
