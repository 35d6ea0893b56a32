/**
 * No secret is found in the log, in error responses, or in what the system shows of the process.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'vitest'
import type { AuditEvent } from '../../functions/auth/audit.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import {
  HTPASSWD_KEY,
  SIGNING_KEYS_KEY,
  UPLOAD_SECRET_KEY,
} from '../../functions/registry/layout.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { write } from '../auth/harness.ts'
import { serve } from '../cli/program.ts'
import { CONFIG } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { requestLine } from '../support/rig/client.ts'
import { ENDPOINTS, IMAGE } from './endpoints.ts'
import { basic, bearer, foreignToken, jsonOf, type More, writeDocuments } from './rig.ts'

const RIGHT = 'correct-horse-Battery'
const WRONG = 'guess-that-is-Almost-right'
const TYPED = 'password-typed-as-Scheme'
const HASH_LIKE = 'cleartext-in-Htpasswd'

/** A session with a server of its own process. */
interface Session {
  readonly store: ObjectStore
  readonly robot: string
  /** What must be found nowhere, by what it is. */
  readonly secrets: Map<string, string>
  /** Bodies and headers of refusals. */
  readonly refusals: string[]
  send(request: string, more?: More): Promise<Answer>
}

/** Keeps the state of an upload as a secret. */
const noteState = ({ secrets }: Session, answer: Answer): string => {
  const location = answer.headers.get('Location') ?? ''
  const state = new URL(location, 'http://x').searchParams.get('_state')
  assert.ok(state)
  secrets.set(`state ${secrets.size}`, state)
  return location
}

const form = (body: string): More => ({
  body: Buffer.from(body),
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
})

/** Log-ins, right and wrong, in all forms. @returns a token */
const logIns = async (session: Session): Promise<string> => {
  const { send, secrets, robot } = session
  const scope = 'scope=repository:team/a:pull,push,delete'
  const answers = [
    await send(`GET /token?${scope}&offline_token=true`, { as: basic('alice', RIGHT) }),
    await send('GET /token', { as: basic('robot+ci', robot) }),
    await send(
      'POST /token',
      form(`grant_type=password&username=alice&password=${RIGHT}&${scope}`),
    ),
  ]
  const refresh = jsonOf(answers[0] as Answer).refresh_token
  const again = `grant_type=refresh_token&refresh_token=${refresh}`
  answers.push(await send('POST /token', form(again)))
  for (const [index, answer] of answers.entries()) {
    assert.equal(answer.status, 200)
    secrets.set(`access token ${index}`, jsonOf(answer).token)
  }
  secrets.set('refresh token', refresh)
  const wrong: readonly (readonly [string, More])[] = [
    ['GET /token', { as: basic('alice', WRONG) }],
    ['GET /token', { as: basic('nobody', WRONG) }],
    ['GET /token', { as: basic('robot+ci', `${robot}x`) }],
    ['GET /token', { as: `Basic ${RIGHT}` }],
    ['GET /token', { as: `${TYPED} ${RIGHT}` }],
    ['GET /token', { as: bearer(refresh) }],
    ['GET /v2/', { as: basic('alice', WRONG) }],
    ['GET /v2/', { as: bearer(refresh) }],
    ['GET /v2/', { as: bearer(`${jsonOf(answers[0] as Answer).token}x`) }],
    ['GET /v2/', { as: `${TYPED}` }],
    ['POST /token', form(`grant_type=password&username=alice&password=${WRONG}`)],
    ['POST /token', form(`${again}x`)],
    ['POST /token', form(`grant_type=refresh_token&refresh_token=${RIGHT}`)],
    ['POST /token', form(`username=alice&password=${RIGHT}`)],
    ['POST /token', { ...form(`{"password":"${RIGHT}"}`), headers: { 'Content-Type': 'a/b' } }],
    [`GET /token?password=${RIGHT}&refresh_token=${refresh}&service=x`, {}],
    [`GET /v2/team/a/tags/list?access_token=${refresh}`, {}],
  ]
  for (const [request, more] of wrong) {
    const { status } = await send(request, more)
    assert.ok([400, 401].includes(status), `${request}: ${status}`)
  }
  for (let guess = 0; guess < 8; guess++) {
    await send('GET /token', { as: basic('bob', `${WRONG}-${guess}`) })
  }
  return jsonOf(answers[0] as Answer).token
}

/** Pushes, pulls, deletes, and what goes wrong with uploads. */
const pushes = async (session: Session, token: string): Promise<void> => {
  const { send } = session
  const as = bearer(token)
  const begun = await send('POST /v2/team/a/blobs/uploads/', { as })
  const location = noteState(session, begun)
  const patched = await send(`PATCH ${location}`, { as, body: CONFIG.bytes.subarray(0, 9) })
  const next = noteState(session, patched)
  const uuid = '00000000-0000-4000-8000-000000000000'
  const state = new URL(next, 'http://x').search
  for (const [request, status] of [
    [`PUT ${next}&digest=sha256:${'0'.repeat(64)}`, 400],
    [`PUT ${location.slice(0, -3)}xyz&digest=${CONFIG.sha256}`, 404],
    [`PATCH /v2/team/a/blobs/uploads/${uuid}${state}`, 404],
    [`PATCH /v2/team/other/blobs/uploads/${uuid}${state}`, 401],
    [`GET /v2/team/a/manifests/missing${state}`, 404],
  ] as const) {
    assert.equal((await send(request, { as })).status, status, request)
  }
  const put = await send(`PUT ${location}&digest=${CONFIG.sha256}`, { as, body: CONFIG.bytes })
  assert.equal(put.status, 201)
  const headers = { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' }
  const manifest = await send('PUT /v2/team/a/manifests/v1', { as, headers, body: IMAGE.bytes })
  assert.equal(manifest.status, 201)
  for (const { method, target, more } of ENDPOINTS) {
    await send(`${method} ${target('team/a')}`, { ...more, as })
    await send(`${method} ${target('other')}`, { ...more, as })
  }
  assert.equal((await send('DELETE /v2/team/a/manifests/v1', { as })).status, 202)
}

const textOf = async (store: ObjectStore, key: string): Promise<Buffer> =>
  readAll((await store.get(key))?.body ?? [], 100_000)

/** Private keys and secrets as they lie in the store. */
const noteKeys = async ({ store, secrets }: Session): Promise<void> => {
  const document = JSON.parse((await textOf(store, SIGNING_KEYS_KEY)).toString())
  for (const { jwk } of document.keys) secrets.set('private key', jwk.d)
  const upload = await textOf(store, UPLOAD_SECRET_KEY)
  for (const encoding of ['hex', 'base64', 'base64url'] as const) {
    secrets.set(`upload secret, ${encoding}`, upload.toString(encoding))
  }
  const hashes = (await textOf(store, HTPASSWD_KEY)).toString().matchAll(/\$2y\$\d+\$(.{53})/g)
  for (const [, hash = ''] of hashes) secrets.set(`hash ${secrets.size}`, hash)
}

/** Starts a server over documents; `first` may change them. */
const startSession = async (t: TestContext, first: (store: ObjectStore) => Promise<void>) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  const users = { alice: RIGHT, bob: 'other-Word-of-bob' }
  const policy = [{ who: ['authenticated'], repositories: ['team/*'], actions: ['*'] }]
  const robots = await writeDocuments(
    store,
    { users, robots: ['ci'], policy, foreign: true },
    Date.now(),
  )
  await first(store)
  const serving = await serve([`--store=file:${path}`, '--log-level=debug', '--auth=token'])
  const agent = createAgent()
  t.onTestFinished(async () => {
    agent.destroy()
    serving.program.kill()
    await serving.exit
  })
  const robot = robots.get('ci') ?? ''
  const refusals: string[] = []
  const session: Session = {
    store,
    robot,
    refusals,
    secrets: new Map([
      ['password', RIGHT],
      ['wrong password', WRONG],
      ['password of bob', users.bob],
      ['a scheme that is a password', TYPED],
      ['a password in a document', HASH_LIKE],
      ['secret of the robot', robot],
    ]),
    async send(request, { body, headers, as } = {}) {
      const all = { ...headers, ...(as === undefined ? {} : { Authorization: as }) }
      const shown = as?.split(' ')[1] ?? ''
      if (shown.length >= 16) session.secrets.set(`credentials ${shown.slice(0, 20)}`, shown)
      const answer = await sendOver(agent, serving.url, {
        ...requestLine(request),
        body,
        headers: all,
      })
      if (answer.status >= 400) refusals.push(`${[...answer.headers].join('\n')}\n${answer.body}`)
      return answer
    },
  }
  return { serving, session, path }
}

/** A signed or encrypted token. A hash of bcrypt may have as many dots, but is 53 characters long. */
const TOKEN = /^(?=.{100})[\w-]+(\.[\w-]*){2,4}$/

/** Each secret, and the ways to write it that are as good. */
const spellings = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  Buffer.from(secret).toString('hex'),
  // A signature, or a seal, alone tells too much.
  ...(TOKEN.test(secret) ? [secret.slice(secret.lastIndexOf('.') + 1)] : []),
]

const search = (place: string, text: string, secrets: ReadonlyMap<string, string>): void => {
  for (const [what, secret] of secrets) {
    for (const each of spellings(secret)) {
      assert.ok(each.length >= 16, `${what} is too short to be looked for`)
      assert.ok(!text.includes(each), `${what} is in ${place}`)
    }
  }
}

const ofProcess = (pid: number | undefined, file: string): Promise<string> =>
  readFile(join('/proc', String(pid), file), 'utf8')

test('a whole session leaves no secret behind', async (t) => {
  const { serving, session } = await startSession(t, async () => {})
  const token = await logIns(session)
  await pushes(session, token)
  const others = foreignToken(Date.now(), { access: [] })
  session.secrets.set("another issuer's token", others)
  await session.send('GET /v2/team/a/tags/list', { as: bearer(others) })
  await noteKeys(session)
  const { said, program } = serving
  assert.ok(session.refusals.length > 60, `${session.refusals.length} refusals`)
  assert.ok(said.stdout.split('\n').length > 100, 'it has logged every request')
  search('the log', said.stdout, session.secrets)
  search('standard error', said.stderr, session.secrets)
  search('answers', session.refusals.join('\n'), session.secrets)
  for (const file of ['environ', 'cmdline']) {
    search(file, await ofProcess(program.pid, file), session.secrets)
  }
  const seen = said.stdout
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => (JSON.parse(line).audit as AuditEvent | undefined) ?? [])
  const kinds = new Set(seen.map(({ event, outcome }) => `${event} ${outcome}`))
  for (const kind of [
    'login ok',
    'login failed',
    'grant ok',
    'refusal failed',
    'push ok',
    'delete ok',
  ]) {
    assert.ok(kinds.has(kind), `${kind} is among ${[...kinds]}`)
  }
})

test('documents broken from the start are reported without their content', async (t) => {
  const { serving, session } = await startSession(t, async (store) => {
    await write(store, HTPASSWD_KEY, `mallory:${HASH_LIKE}\n`)
  })
  const statuses: number[] = []
  for (const [request, as] of [
    ['GET /token', basic('alice', RIGHT)],
    ['GET /token', basic('robot+ci', session.robot)],
    ['GET /.well-known/jwks.json', undefined],
    ['GET /v2/', bearer(foreignToken(Date.now(), {}))],
  ] as const) {
    statuses.push((await session.send(request, { as })).status)
  }
  assert.deepEqual(statuses, [503, 200, 200, 200])
  const { said } = serving
  assert.match(said.stdout, /"level":"error"/)
  search('the log', said.stdout, session.secrets)
  search('answers', session.refusals.join('\n'), session.secrets)
})

test('damaged signing keys keep a server from starting, and are not quoted', async (t) => {
  const start = startSession(t, async (store) => {
    await write(store, SIGNING_KEYS_KEY, `{"keys":[{"jwk":{"d":"${HASH_LIKE}"`)
  })
  const said = await start.then(
    () => assert.fail('it starts'),
    (error: Error) => error.message,
  )
  assert.match(said, /the document of signing keys, .* is damaged/)
  assert.ok(!said.includes(HASH_LIKE))
})

test('the search finds secrets', () => {
  const token = `${'abcdefghijklmnop'.repeat(5)}.qrst.uvwxyz-0123456789`
  const secrets = new Map([['a secret', token]])
  for (const text of [`x ${token}`, '-uvwxyz-0123456789', Buffer.from(token).toString('hex')]) {
    assert.throws(() => search('here', text, secrets), /a secret is in here/)
  }
})

test('a hash of bcrypt is looked for whole, wherever it has dots', () => {
  const hash = 'abcdefghijklmnopqrstu.ABCDEFGHIJKLMNO.PQRSTUVWXYZ01.a'
  const secrets = new Map([['a hash', hash]])
  search('here', 'nothing, ended by a dot.', secrets)
  assert.throws(() => search('here', `x${hash}x`, secrets), /a hash is in here/)
})
