/**
 * Requests as an attacker writes them, byte by byte, against the Node server; and the function behind
 * API Gateway.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { createHandler } from '../../functions/handlers/api.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { lambdaOf } from '../emulators/gateway/function.ts'
import { sendThrough } from '../emulators/gateway/gateway.ts'
import { GATEWAYS } from '../emulators/gateway/habits.ts'
import { CONFIG } from '../support/hosts/content.ts'
import { startBucket } from '../support/hosts/start.ts'
import { connectTo } from '../support/rig/server.ts'
import { basic, bearer, claimsOf, fill, jsonOf, openRig } from './rig.ts'
import { type Served, serveWith } from './serve.ts'

const DOCUMENTS = {
  users: { alice: 'right horse', bob: 'battery' },
  policy: [
    { who: ['user:alice'], repositories: ['team/*'], actions: ['*'] },
    { who: ['user:bob'], repositories: ['public/*'], actions: ['*'] },
  ],
}
const ALICE = basic('alice', 'right horse')
const BOB = basic('bob', 'battery')

let served: Served
const ends: (() => Promise<void>)[] = []
beforeAll(async () => {
  served = await serveWith({ onTestFinished: (end) => void ends.unshift(end) }, DOCUMENTS)
  await fill(served.store, ['team/a', 'public/a'])
})
afterAll(async () => {
  for (const end of ends) await end()
})

/** Sends lines as they are. @returns status, header lines and the body as text */
const raw = async (...lines: readonly string[]): Promise<{ status: number; text: string }> => {
  const socket = await connectTo(served.url)
  socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`, 'latin1')
  const answer = await text(socket)
  return { status: Number(answer.match(/^HTTP\/1\.1 (\d{3})/)?.[1]), text: answer }
}

const tokenOf = async (as: string, scope: string): Promise<string> =>
  jsonOf(await served.send(`GET /token?scope=${scope}`, { as })).token

const PULL = 'GET /v2/team/a/tags/list HTTP/1.1'
const HOST = 'Host: registry.example'
const auth = (value: string): string => `Authorization: ${value}`

describe('Authorization', () => {
  const rows: readonly (readonly [string, readonly string[], number])[] = [
    ['as it should be', [auth(ALICE)], 200],
    ['the scheme in other cases', [auth(ALICE.replace('Basic', 'bAsIC'))], 200],
    ['more spaces', [auth(ALICE.replace(' ', '    '))], 200],
    ['none', [], 401],
    ['empty', [auth('')], 401],
    ['two, the right one first', [auth(ALICE), auth(BOB)], 401],
    ['two, the right one last', [auth(BOB), auth(ALICE)], 401],
    ['two, of which one is nothing', [auth(ALICE), auth('Bearer x')], 401],
    ['two in one', [auth(`${ALICE}, ${BOB}`)], 401],
    ['two in one without a space', [auth(`${ALICE},${BOB}`)], 401],
    ['a tab after the scheme', [auth(ALICE.replace(' ', '\t'))], 401],
    ['another scheme with the same credentials', [auth(ALICE.replace('Basic', 'Negotiate'))], 401],
    ['the name of another after a NUL', [auth(basic('alice\0bob', 'right horse'))], 401],
    ['the name with a space', [auth(basic('alice ', 'right horse'))], 401],
    ['the name in capitals', [auth(basic('Alice', 'right horse'))], 401],
    ['the password with more behind', [auth(basic('alice', 'right horse\0'))], 401],
    ['a header of a proxy', [`Proxy-${auth(ALICE)}`], 401],
    ['headers that tell who is there', ['X-Forwarded-User: alice', 'Remote-User: alice'], 401],
  ]
  for (const [description, headers, status] of rows) {
    test(`${status}: ${description}`, async () => {
      const answer = await raw(PULL, HOST, ...headers)
      assert.equal(answer.status, status, answer.text)
      assert.equal(answer.text.includes('"v1"'), status === 200)
    })
  }

  test('two bearer tokens, in either order, count as none', async () => {
    const right = bearer(await tokenOf(ALICE, 'repository:team/a:pull'))
    const wrong = bearer(await tokenOf(BOB, 'repository:public/a:pull'))
    assert.equal((await raw(PULL, HOST, auth(right))).status, 200)
    for (const pair of [
      [right, wrong],
      [wrong, right],
    ]) {
      assert.equal((await raw(PULL, HOST, ...pair.map(auth))).status, 401)
      assert.equal((await raw(PULL, HOST, auth(pair.join(', ')))).status, 401)
    }
  })

  test('a token outside its header counts as none', async () => {
    const token = await tokenOf(ALICE, 'repository:team/a:pull')
    const line = (query: string) => PULL.replace(' HTTP', `?${query} HTTP`)
    for (const query of ['access_token', 'token', 'authorization', '_state']) {
      assert.equal((await raw(line(`${query}=${token}`), HOST)).status, 401)
    }
    assert.equal((await raw(PULL, HOST, `Cookie: token=${token}`)).status, 401)
  })
})

describe('headers are not split', () => {
  const LINES = ['%0d%0aX-Injected:%20yes', '%0aX-Injected:yes', '%E5%98%8D%E5%98%8AX-Injected:yes']
  for (const line of LINES) {
    for (const target of [
      `/v2/team/a${line}/tags/list`,
      `/v2/public/a/manifests/v1${line}`,
      `/v2/public/a/tags/list?n=1&last=${line}`,
      `/v2/_catalog?n=1&last=${line}`,
      `/v2/public/a/blobs/uploads/?mount=${CONFIG.sha256}&from=${line}`,
      `/token?scope=repository:public/a${line}:pull`,
      `/token?service=${line}`,
    ]) {
      test(target, async () => {
        const method = target.includes('uploads') ? 'POST' : 'GET'
        const length = method === 'POST' ? ['Content-Length: 0'] : []
        const answer = await raw(`${method} ${target} HTTP/1.1`, HOST, auth(BOB), ...length)
        const [head = ''] = answer.text.split('\r\n\r\n')
        assert.ok(answer.status >= 200 && answer.status < 500, answer.text)
        assert.doesNotMatch(head, /^X-Injected/im)
      })
    }
  }

  test('an invalid request id is not sent back', async () => {
    for (const id of ['a"b', 'a;b', 'é', 'x'.repeat(300)]) {
      const answer = await raw(PULL, HOST, `X-Request-Id: ${id}`)
      assert.match(answer.text, /^x-request-id: [\w=-]{1,255}\r$/im)
    }
  })
})

describe('a token is valid for exactly the name in it', () => {
  const names: readonly string[] = [
    'team/a2',
    'team/a/b',
    'team',
    'a',
    'team%2Fa%2Fb',
    'team/a%2F..%2Fb',
    'x/team/a',
    'team/a/blobs/uploads',
    'team/a/manifests/x',
  ]
  for (const name of names) {
    for (const rest of ['tags/list', 'manifests/v1', `blobs/${CONFIG.sha256}`]) {
      test(`/v2/${name}/${rest}`, async () => {
        const as = auth(bearer(await tokenOf(ALICE, 'repository:team/a:pull,push')))
        const answer = await raw(`GET /v2/${name}/${rest} HTTP/1.1`, HOST, as)
        assert.ok([400, 401, 404].includes(answer.status), answer.text)
      })
    }
  }

  test('scopes with patterns match no repository', async () => {
    for (const name of ['**', 'team/*', '*', 'team/', '/team/a', 'team/a,team/b', 'TEAM/A']) {
      const { body } = await served.send(
        `GET /token?scope=${encodeURIComponent(`repository:${name}:pull`)}`,
        { as: ALICE },
      )
      assert.equal(JSON.parse(body.toString()).scope, '', name)
    }
  })
})

test('a request is refused before its body has come, and without reading it', async () => {
  const socket = await connectTo(served.url)
  socket.write(
    `PUT /v2/team/a/manifests/v1 HTTP/1.1\r\n${HOST}\r\nContent-Length: 4000000\r\nConnection: close\r\n\r\n`,
  )
  const answer = await text(socket)
  assert.match(answer, /^HTTP\/1\.1 401 /)
})

for (const [name, habits] of Object.entries(GATEWAYS)) {
  describe(`API Gateway, ${name}`, () => {
    test('nothing set up: nobody gets in', async (t) => {
      const { server, env } = await startBucket()
      t.onTestFinished(server.close)
      const handler = createHandler({ ...env, SLIPWAY_AUTH: '' })
      for (const [method, target] of [
        ['GET', '/v2/'],
        ['GET', '/v2/_catalog'],
        ['GET', '/v2/a/tags/list'],
        ['POST', '/v2/a/blobs/uploads/'],
      ] as const) {
        const gateway = { invoke: lambdaOf(handler), habits }
        const { status, headers } = await sendThrough(gateway, { method, target })
        assert.equal(status, 401, target)
        const challenge = headers.get('X-Registry-Challenge')
        assert.equal(headers.get('WWW-Authenticate'), challenge)
        const realm = 'Bearer realm="https://registry.example.com/token",service="slipway"'
        assert.ok(challenge?.startsWith(realm), `${challenge}`)
      }
      const gateway = { invoke: lambdaOf(handler), habits }
      const target = '/token?scope=repository:a:pull'
      const { status, body } = await sendThrough(gateway, { method: 'GET', target })
      assert.equal(status, 200)
      assert.deepEqual(claimsOf(JSON.parse(body.toString()).token).access, [])
    })

    test('the realm is the public address, not what a client says', async (t) => {
      const { server, env } = await startBucket()
      t.onTestFinished(server.close)
      const forged = { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example' }
      for (const [url, expected] of [
        ['', 'https://registry.example.com'],
        ['https://public.example/', 'https://public.example'],
      ] as const) {
        const handler = createHandler({ ...env, SLIPWAY_AUTH: 'token', SLIPWAY_PUBLIC_URL: url })
        const sent = { method: 'GET', target: '/v2/', headers: forged }
        const { headers } = await sendThrough({ invoke: lambdaOf(handler), habits }, sent)
        const challenge = `Bearer realm="${expected}/token",service="slipway"`
        assert.equal(headers.get('WWW-Authenticate'), challenge)
      }
    })
  })
}

test('a hash is not accepted as a password', async (t) => {
  const rig = await openRig(t, DOCUMENTS)
  const object = await rig.store.get('slipway/v1/config/htpasswd')
  const [, hash = ''] =
    String(await readAll(object?.body ?? [], 100_000)).match(/^alice:(.*)$/m) ?? []
  assert.match(hash, /^\$2y\$/)
  assert.equal((await rig.send('GET /v2/', { as: basic('alice', hash) })).status, 401)
})
