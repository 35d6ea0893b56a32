/**
 * The gateway's emulation keeps the limits of the one it stands for.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { describe, test } from 'vitest'
import type { Answer, Sent } from '../../support/hosts/host.ts'
import { type Invoke, lambdaOf } from './function.ts'
import { MAX_BODY, sendThrough } from './gateway.ts'
import { GATEWAYS, type GatewayHabits } from './habits.ts'
import { startGateway } from './server.ts'

const HABITS = GATEWAYS['length kept']

type Result = APIGatewayProxyStructuredResultV2
type Handler = (event: APIGatewayProxyEventV2) => Promise<Result>

const invoking = (handler: Handler): Invoke => lambdaOf(handler)
const giving = (result: Result): Invoke => invoking(async () => result)
const told: Invoke = invoking(async (event) => ({
  statusCode: 200,
  body: JSON.stringify({ headers: event.headers, path: event.rawPath }),
}))

const send = (
  invoke: Invoke,
  sent: Partial<Sent> = {},
  habits: GatewayHabits = HABITS,
  timeout = 60_000,
) => sendThrough({ invoke, habits, timeout }, { method: 'GET', target: '/v2/', ...sent })

/** A body that fails the test when it is read. */
const unread: Sent['body'] = {
  [Symbol.asyncIterator]: () => assert.fail('the body was read'),
}

const zeros = (size: number): Buffer => Buffer.alloc(size)
async function* inChunks(size: number): AsyncGenerator<Buffer> {
  for (let left = size; left > 0; left -= 1_000_000) yield zeros(Math.min(left, 1_000_000))
}
const POST = { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' } }
const OTHER = { ...HABITS, tooLarge: 500 } as const

const REFUSALS: readonly (readonly [string, () => Promise<Answer>, number, string])[] = [
  [
    'headers of more than 10,240 bytes',
    () => send(told, { headers: { Authorization: `Bearer ${'x'.repeat(10_200)}` } }),
    431,
    'Request Header Fields Too Large',
  ],
  ['a path that is no UTF-8', () => send(told, { target: '/v2/%ff' }), 400, 'Bad Request'],
  [
    'a Content-Length over 10 MiB, before the body is read',
    () => send(told, { ...POST, headers: { 'Content-Length': `${MAX_BODY + 1}` }, body: unread }),
    413,
    'Request Entity Too Large',
  ],
  [
    'more than 10 MiB in chunks',
    () => send(told, { ...POST, body: inChunks(MAX_BODY + 1) }),
    413,
    'Request Entity Too Large',
  ],
  [
    'an event over 6 MiB',
    () => send(told, { ...POST, body: zeros(4_800_000) }),
    413,
    'Request Entity Too Large',
  ],
  [
    'an event over 6 MiB, the other way',
    () => send(told, { ...POST, body: zeros(4_800_000) }, OTHER),
    500,
    'Internal Server Error',
  ],
  [
    'a result over 6 MiB',
    () => send(giving({ statusCode: 200, body: 'x'.repeat(6_300_000) })),
    500,
    'Internal Server Error',
  ],
  [
    'a function that throws',
    () => send(invoking(() => Promise.reject(new Error('no')))),
    500,
    'Internal Server Error',
  ],
  [
    'a function that takes too long',
    () =>
      send(
        invoking(() => sleep(400, {})),
        {},
        HABITS,
        200,
      ),
    503,
    'Service Unavailable',
  ],
]

describe('refusals', () => {
  for (const [name, ask, status, message] of REFUSALS) {
    test(name, async () => {
      const answer = await ask()
      assert.equal(answer.status, status)
      assert.deepEqual(JSON.parse(answer.body.toString()), { message })
    })
  }

  test('4.7 MB and 10,000 bytes of headers are passed', async () => {
    const headers = { ...POST.headers, Authorization: 'x'.repeat(9_900) }
    assert.equal((await send(told, { ...POST, headers, body: zeros(4_700_000) })).status, 200)
  })
})

const CHALLENGE = 'Bearer realm="https://registry.example.com/token"'
const challenged = (status: number, headers: Record<string, string>): Invoke =>
  giving({ statusCode: status, headers: { 'www-authenticate': CHALLENGE, ...headers } })

describe('headers of answers', () => {
  const COPY = { 'x-registry-challenge': CHALLENGE }
  const ROWS: readonly (readonly [string, Invoke, boolean, string | null, string | null])[] = [
    ['not renamed', challenged(401, COPY), false, CHALLENGE, null],
    ['renamed and mapped back', challenged(401, COPY), true, CHALLENGE, CHALLENGE],
    ['renamed, with nothing to map', challenged(401, {}), true, null, CHALLENGE],
    ['renamed where no mapping is for the status', challenged(403, COPY), true, null, CHALLENGE],
  ]
  for (const [name, invoke, renamesChallenge, expected, remapped] of ROWS) {
    test(`a challenge: ${name}`, async () => {
      const { headers } = await send(invoke, {}, { ...HABITS, renamesChallenge })
      assert.equal(headers.get('WWW-Authenticate'), expected)
      assert.equal(headers.get('x-amzn-Remapped-WWW-Authenticate'), remapped)
    })
  }

  test('a function may not set what is reserved', async () => {
    for (const name of ['x-amz-meta', 'Content-Encoding', 'connection', 'X-Forwarded-For']) {
      const invoke = giving({ statusCode: 200, headers: { [name]: 'x' } })
      await assert.rejects(send(invoke), { name: 'AssertionError' })
    }
  })

  const LENGTHS = [
    ['kept', 'length kept', '9', '9'],
    ['counted', 'path decoded, length counted, challenge renamed', '4', '9'],
    ['zero', 'length zero, challenge renamed', '0', '0'],
  ] as const
  for (const [name, gateway, head, empty] of LENGTHS) {
    test(`HEAD, length ${name}`, async () => {
      const headers = { 'content-length': '9' }
      const of = (body: string) =>
        send(giving({ statusCode: 200, headers, body }), { method: 'HEAD' }, GATEWAYS[gateway])
      const answers = [await of('four'), await of('nine char')]
      assert.deepEqual(
        answers.map(({ headers }) => headers.get('Content-Length')),
        [head, empty],
      )
      assert.deepEqual(
        answers.map(({ body }) => body.byteLength),
        [0, 0],
      )
    })
  }

  test('a length that is not the body’s is found out', async () => {
    const invoke = giving({ statusCode: 200, headers: { 'content-length': '9' }, body: 'four' })
    await assert.rejects(send(invoke), { name: 'AssertionError' })
  })
})

describe('as a server', () => {
  const withServer = async (work: (port: number, url: string) => Promise<void>) => {
    const gateway = await startGateway({ habits: HABITS, open: () => told, timeout: 60_000 })
    try {
      await work(Number(new URL(gateway.url).port), gateway.url)
    } finally {
      await gateway.stop()
    }
  }

  test('refuses a large body before it comes, and lets the client send on', () =>
    withServer(async (port) => {
      const socket = connect(port, '127.0.0.1')
      socket.write(`POST /v2/ HTTP/1.1\r\nHost: a\r\nContent-Length: ${MAX_BODY + 1}\r\n\r\n`)
      const [answer] = (await once(socket, 'data')) as [Buffer]
      assert.match(`${answer}`, /^HTTP\/1\.1 413 .*\{"message":"Request Entity Too Large"\}$/s)
      socket.write(zeros(MAX_BODY + 1))
      socket.end('GET /v2/after HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      assert.match(await text(socket), /^HTTP\/1\.1 200 .*"path":"\/v2\/after"/s)
    }))

  test('hands on what it received, without what is between it and the client', () =>
    withServer(async (_, url) => {
      const body = ReadableStream.from([Buffer.from('abc')])
      const init = { method: 'POST', body, duplex: 'half' as const, headers: { 'X-A': 'b' } }
      const answer = await fetch(`${url}/v2/x?y=z`, init)
      const { headers, path } = JSON.parse(await answer.text())
      assert.equal(path, '/v2/x')
      assert.equal(headers['x-a'], 'b')
      assert.equal(headers['content-length'], '3')
      assert.equal(headers['transfer-encoding'], undefined)
      assert.equal(headers.host, new URL(url).host)
    }))

  test('remembers what it answered', async () => {
    const gateway = await startGateway({ habits: HABITS, open: () => told })
    await (await fetch(`${gateway.url}/v2/?a`)).text()
    assert.deepEqual(
      gateway.passed.map(({ method, target, status }) => [method, target, status]),
      [['GET', '/v2/?a', 200]],
    )
    await gateway.stop()
  })
})
