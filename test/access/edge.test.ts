/**
 * Behind a CDN: who comes through it is answered, by its secrets alone, and is who it says.
 *
 * @module
 */

import { describe, expect, onTestFinished, test } from 'vitest'
import { EDGE_HEADER } from '../../functions/api/middleware/edge.ts'
import { edgeSecret } from '../../functions/compose/edge.ts'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { CONFIG, putBlob } from '../support/hosts/content.ts'
import { basic, openRig, type RigOptions } from './rig.ts'

const PUBLIC = '--public-url=https://registry.example.com'
const DOCUMENTS = {
  users: { alice: 'right horse' },
  policy: [{ who: ['authenticated'], repositories: ['**'], actions: ['*'] }],
}

/** A registry with an edge, and what the edge would show under a name. */
const open = async (args: readonly string[], more: RigOptions = DOCUMENTS) => {
  const rig = await openRig({ onTestFinished }, { ...more, args: [PUBLIC, ...args] })
  const root = await uploadSecret(rig.store)
  return { ...rig, shown: (name: string) => ({ [EDGE_HEADER]: edgeSecret(root, name) }) }
}

type Shown = (of: (name: string) => Record<string, string>) => Record<string, string>
const WRONG: Shown = () => ({ [EDGE_HEADER]: 'A'.repeat(43) })
const STATUSES: readonly (readonly [
  description: string,
  args: readonly string[],
  shown: Shown,
  status: number,
])[] = [
  ['off, nothing is shown', ['--edge=off'], () => ({}), 401],
  ['on, nothing is shown', ['--edge=on'], () => ({}), 403],
  ['on, the secret', ['--edge=on'], (of) => of('1'), 401],
  ['on, another secret', ['--edge=on'], (of) => of('2'), 403],
  ['on, something else of its length', ['--edge=on'], WRONG, 403],
  ['on, nothing in the header', ['--edge=on'], () => ({ [EDGE_HEADER]: '' }), 403],
  [
    'on, the secret twice',
    ['--edge=on'],
    (of) => ({ [EDGE_HEADER]: `${of('1')[EDGE_HEADER]}, ${of('1')[EDGE_HEADER]}` }),
    403,
  ],
  ['changing, the old secret', ['--edge=on', '--edge-secrets=2,1'], (of) => of('1'), 401],
  ['changing, the new secret', ['--edge=on', '--edge-secrets=2,1'], (of) => of('2'), 401],
  ['changed, the old secret', ['--edge=on', '--edge-secrets=2'], (of) => of('1'), 403],
  ['open, nothing is shown', ['--edge=open'], () => ({}), 401],
  ['open, something else', ['--edge=open'], WRONG, 401],
]

describe('the secret of the edge', () => {
  test.each(STATUSES)('%s', async (_, args, shown, status) => {
    const rig = await open(args)
    const { status: given } = await rig.send('GET /v2/', { headers: shown(rig.shown) })
    expect(given).toBe(status)
  })

  test.each(['GET /', 'GET /token', 'GET /.well-known/jwks.json', 'PUT /v2/a/manifests/b'])(
    'is asked for before anything else: %s',
    async (request) => {
      const { send } = await open(['--edge=on'])
      expect((await send(request)).status).toBe(403)
    },
  )

  test.each(['GET /livez', 'GET /readyz'])(
    'is not asked for by what only tells whether it serves: %s',
    async (request) => {
      const { send } = await open(['--edge=on'])
      expect((await send(request)).status).toBe(200)
    },
  )

  test('a refusal says where to go, is counted, and what was shown is nowhere', async () => {
    const rig = await open(['--edge=on'])
    const value = 'B'.repeat(43)
    const answer = await rig.send('GET /v2/', { headers: { [EDGE_HEADER]: value } })
    const [{ code, message }] = JSON.parse(answer.body.toString()).errors
    expect([code, message]).toEqual([
      'DENIED',
      'the registry does not answer here, only at https://registry.example.com',
    ])
    expect(rig.events()).toEqual([
      {
        event: 'refusal',
        what: 'GET /v2/',
        from: '192.0.2.1',
        outcome: 'failed',
        why: 'not through the edge',
        requestId: expect.any(String),
      },
    ])
    expect(JSON.stringify(rig.logged) + answer.body).not.toContain(value)
  })

  test('a secret that is right is in no log, nor the one it comes from', async () => {
    const rig = await open(['--edge=on'])
    const headers = rig.shown('1')
    const { body } = await rig.send('GET /v2/', { headers })
    const root = Buffer.from(await uploadSecret(rig.store))
    const said = JSON.stringify(rig.logged) + body
    for (const secret of [headers[EDGE_HEADER]!, root.toString('base64url'), root.toString('hex')])
      expect(said).not.toContain(secret)
  })

  test('secrets differ by name and by registry, and are long', () => {
    const roots = [new Uint8Array(32), new Uint8Array(32).fill(1)]
    const secrets = roots.flatMap((root) => ['1', '2'].map((name) => edgeSecret(root, name)))
    expect(new Set(secrets).size).toBe(4)
    expect(secrets.map((secret) => Buffer.from(secret, 'base64url').byteLength)).toEqual(
      secrets.map(() => 32),
    )
  })
})

const NAMES: readonly Record<string, string>[] = [
  { Host: 'abc.lambda-web.eu-central-1.on.aws' },
  { 'X-Forwarded-Host': 'evil.example' },
  { Forwarded: 'host=evil.example;proto=http' },
]

describe('the name behind the edge', () => {
  test.each(NAMES)("is the setting's, whatever the headers say: %j", async (headers) => {
    const { send, shown } = await open(['--edge=on'])
    const answer = await send('GET /v2/', { headers: { ...headers, ...shown('1') } })
    expect(answer.headers.get('WWW-Authenticate')).toBe(
      'Bearer realm="https://registry.example.com/token",service="slipway"',
    )
  })

  test('Locations of uploads are relative', async () => {
    const push = '--upload-origin=https://push.example.com'
    const { send, shown } = await open(['--edge=open', '--auth=basic', push])
    const as = basic('alice', 'right horse')
    const client = { 'User-Agent': 'containerd/v2.3.4' }
    const around = await send('POST /v2/team/app/blobs/uploads/', { headers: client, as })
    expect(around.headers.get('Location')).toMatch(/^https:\/\/push\.example\.com\/v2\/team/)
    const headers = { ...client, ...shown('1') }
    const begun = await send('POST /v2/team/app/blobs/uploads/', { headers, as })
    expect(begun.headers.get('Location')).toMatch(/^\/v2\/team\/app\/blobs\/uploads\//)
    const { body, send: whole } = putBlob('team/app', CONFIG)
    const pushed = await send(whole, { headers, as, body: body as Buffer })
    expect(pushed.headers.get('Location')).toBe(`/v2/team/app/blobs/${CONFIG.sha256}`)
  })

  test('is needed', async () => {
    await expect(openRig({ onTestFinished }, { args: ['--edge=on'] })).rejects.toThrow(
      '--edge needs --public-url: behind a CDN, requests do not tell its name',
    )
  })
})

const CDN = '198.51.100.7'
const ADDRESSES: readonly (readonly [forwarded: string | undefined, through: boolean, string])[] = [
  // The Web Function and some gateways append the address of the edge, which the host knows.
  [`203.0.113.9, ${CDN}`, true, '203.0.113.9'],
  ['203.0.113.9', true, '203.0.113.9'],
  // What the client itself wrote comes before.
  [`192.0.2.66, 203.0.113.9, ${CDN}`, true, '203.0.113.9'],
  ['192.0.2.66, 203.0.113.9', true, '203.0.113.9'],
  ['2001:db8::1', true, '2001:db8::1'],
  [undefined, true, CDN],
  ['203.0.113.9', false, CDN],
]

describe('the address behind the edge', () => {
  test.each(ADDRESSES)('X-Forwarded-For %s, through the edge %s', async (list, through, from) => {
    const { send, shown, events } = await open(['--edge=open', '--auth=basic'])
    const headers = {
      ...(list === undefined ? {} : { 'X-Forwarded-For': list }),
      ...(through ? shown('1') : {}),
    }
    await send('GET /v2/', { headers, as: basic('alice', 'wrong'), address: CDN })
    expect(events().map((event) => event.from)).toEqual(events().map(() => from))
    expect(events().length).toBeGreaterThan(0)
  })
})
