/**
 * Uploads that go on at another host of the same store: what authorises them there is the state in
 * their address, whatever the client sends beside it.
 *
 * @module
 */

import { describe, expect, onTestFinished, test } from 'vitest'
import { POLICY_KEY } from '../../functions/registry/layout.ts'
import { write } from '../auth/harness.ts'
import { blob } from '../support/hosts/content.ts'
import {
  type AccessRig,
  basic,
  bearer,
  foreignToken,
  openRig,
  policyText,
  type RigOptions,
  tokenFor,
} from './rig.ts'

const UPLOAD = 'https://push.example'
const DOCKER = { 'User-Agent': 'docker/20.10.24 go/go1.19.8' }
const CONTENT = blob('at another host', 1000)
const START = 'POST /v2/team/a/blobs/uploads/'
const ALICE = basic('alice', 'right horse')
const RULES = [{ who: ['user:alice'], repositories: ['team/*'], actions: ['*'] }] as const
const OPTIONS: RigOptions = {
  users: { alice: 'right horse', bob: 'battery' },
  policy: [...RULES],
  args: ['--auth=token', `--upload-origin=${UPLOAD}`],
  foreign: true,
}

const HOUR = 60 * 60 * 1000

type At = Pick<AccessRig, 'send'>

/** Both hosts. */
const open = async (): Promise<{ api: AccessRig; there: At }> => {
  const api = await openRig({ onTestFinished }, OPTIONS)
  return { api, there: await api.beside(['--auth=token']) }
}

/** Starts an upload at the API. @returns its path and query at the upload origin */
const begin = async (api: At, as: string): Promise<string> => {
  const { status, headers } = await api.send(START, { as, headers: DOCKER })
  const location = headers.get('Location') ?? ''
  expect([status, location.startsWith(`${UPLOAD}/v2/team/a/blobs/uploads/`)]).toEqual([202, true])
  return location.slice(UPLOAD.length)
}

/** What clients send beside the state. */
const BESIDE: readonly (readonly [string, (rig: AccessRig) => Promise<string | undefined>])[] = [
  ['nothing', async () => undefined],
  ['the token of the API', (rig) => tokenFor(rig, ALICE, 'repository:team/a:pull,push')],
  ['a token for another repository', (rig) => tokenFor(rig, ALICE, 'repository:team/b:pull,push')],
  ['the token of who may not push here', (rig) => tokenFor(rig, basic('bob', 'battery'))],
  ['the password', async () => ALICE],
  ['a wrong password', async () => basic('alice', 'wrong')],
  ['a token of another host', async (rig) => bearer(foreignToken(rig.clock.now(), { aud: 'x' }))],
  ['a token that has expired', async (rig) => bearer(foreignToken(rig.clock.now() - HOUR, {}))],
  ['what is no token', async () => 'Bearer x'],
  ['an unknown scheme', async () => 'AWS4-HMAC-SHA256 Credential=x'],
]

describe('beside the state of the upload', () => {
  test.each(BESIDE)('%s', async (_, credentials) => {
    const { api, there } = await open()
    const as = await credentials(api)
    const path = await begin(api, ALICE)
    const more = { as, headers: DOCKER }
    const status = await there.send(`GET ${path}`, more)
    const sent = await there.send(`PATCH ${path}`, { ...more, body: CONTENT.bytes })
    const next = sent.headers.get('Location') ?? ''
    // Relative: this host has no upload origin of its own.
    expect(next).toMatch(/^\/v2\/team\/a\/blobs\/uploads\//)
    const made = await there.send(`PUT ${next}&digest=${CONTENT.sha256}`, more)
    const other = await begin(api, ALICE)
    const cancelled = await there.send(`DELETE ${other}`, more)
    expect([status, sent, made, cancelled].map((each) => each.status)).toEqual([204, 202, 201, 204])
    // What was made is at both hosts, for those who may see it; the first to answer is the upload's host.
    const location = made.headers.get('Location') ?? ''
    expect(location).toBe(`/v2/team/a/blobs/${CONTENT.sha256}`)
    for (const host of [there, api]) {
      const token = await tokenFor(host, ALICE, 'repository:team/a:pull')
      expect((await host.send(`HEAD ${location}`, { as: token })).status).toBe(200)
      expect((await host.send(`HEAD ${location}`)).status).toBe(401)
    }
  })
})

describe('without the state of the upload', () => {
  test('a forged or foreign one opens nothing there', async () => {
    const { api, there } = await open()
    const path = await begin(api, ALICE)
    for (const target of [
      path.replace(/_state=.*/, ''),
      path.replace(/_state=../, '_state=xx'),
      path.replace('/team/a/', '/team/b/'),
      path.replace(/uploads\/.{8}/, 'uploads/00000000'),
    ]) {
      const { status } = await there.send(`PATCH ${target}`, { body: CONTENT.bytes })
      expect(status, target).toBe(401)
    }
  })

  test('it ends at both hosts with the right of who began it', async () => {
    const { api, there } = await open()
    const path = await begin(api, ALICE)
    await write(api.store, POLICY_KEY, policyText([{ ...RULES[0], who: ['user:bob'] }]))
    api.clock.pass(60_000)
    const { status } = await there.send(`PATCH ${path}`, { body: CONTENT.bytes })
    expect(status).toBe(401)
  })
})

test('an upload that needs credentials beside its state stays at the API', async () => {
  const { api } = await open()
  // Claims that are too many to note: the state does not say whose right it is.
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`claim-${at}`, String(Math.sin(at))]),
  )
  await write(
    api.store,
    POLICY_KEY,
    policyText([{ who: ['claim:team=a'], repositories: ['team/*'], actions: ['*'] }]),
  )
  api.clock.pass(60_000)
  const token = (claims: object) => bearer(foreignToken(api.clock.now(), { team: 'a', ...claims }))
  const at = async (as: string) =>
    (await api.send(START, { as, headers: DOCKER })).headers.get('Location') ?? ''
  expect(await at(token({}))).toMatch(/^https:\/\/push\.example\//)
  expect(await at(token(many))).toMatch(/^\/v2\//)
})
