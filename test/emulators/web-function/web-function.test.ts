/**
 * The endpoint's emulation does what AWS says of the one it stands for. Names of tests begin with the
 * number of the fact in the README.
 *
 * @module
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { until } from '../../support/until.ts'
import type { Environment, StartEnvironment } from './fleet.ts'
import { WEB_FUNCTIONS, type WebFunctionHabits } from './habits.ts'
import { type Endpoint, type EndpointLimits, startEndpoint } from './server.ts'

const HABITS: WebFunctionHabits = WEB_FUNCTIONS['length kept']
const MIB = 1024 * 1024

/** An environment in this process. */
const environmentOf = (listener: RequestListener): StartEnvironment => {
  return async () => {
    const server = createServer({ requestTimeout: 0, maxHeaderSize: MIB }, listener)
    server.maxHeadersCount = 0
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const ended = new Promise<void>((resolve) => server.once('close', resolve))
    const end = async (): Promise<void> => {
      server.close()
      server.closeAllConnections()
      await ended
    }
    return { port: (server.address() as AddressInfo).port, ended, end } satisfies Environment
  }
}

/** Says what it was sent. */
const told: RequestListener = async (incoming, outgoing) => {
  const body = await text(incoming)
  const { method, url, headers, rawHeaders } = incoming
  outgoing.end(JSON.stringify({ method, url, headers, rawHeaders, size: body.length }))
}

interface Wishes {
  readonly habits?: Partial<WebFunctionHabits>
  readonly limits?: Partial<EndpointLimits>
}

const endpointOf = async (
  app: RequestListener | StartEnvironment,
  { habits, limits }: Wishes = {},
): Promise<Endpoint> => {
  const start = app.length === 0 ? (app as StartEnvironment) : environmentOf(app as RequestListener)
  const endpoint = await startEndpoint({
    habits: { ...HABITS, ...habits },
    open: () => start,
    ...(limits === undefined ? {} : { limits }),
  })
  onTestFinished(() => endpoint.stop())
  return endpoint
}

const open = async ({ url }: Endpoint): Promise<Socket> => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  onTestFinished(() => void socket.destroy())
  return socket.on('error', () => {})
}

/** Sends bytes, and gives all that comes back until the endpoint closes the connection. */
const raw = async (endpoint: Endpoint, head: readonly string[], body = ''): Promise<string> => {
  const socket = await open(endpoint)
  socket.write(`${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`)
  return text(socket)
}

const hosted = ({ address }: Endpoint, ...lines: readonly string[]) => [
  lines[0] ?? '',
  `Host: ${address}`,
  ...lines.slice(1),
]

const statusOf = (answer: string): number => Number(answer.match(/^HTTP\/1\.1 (\d{3})/)?.[1])
const sentOf = (answer: string) =>
  JSON.parse(answer.slice(answer.indexOf('{"method')).replace(/\r\n.*$/s, ''))

describe('requests', () => {
  test('W1: HTTP/1.0 is refused', async () => {
    const endpoint = await endpointOf(told)
    expect(statusOf(await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.0')))).toBe(505)
    expect(endpoint.load).toEqual([])
  })

  test('W2: seven methods are passed on, others are refused', async () => {
    const endpoint = await endpointOf(told)
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'OPTIONS', 'DELETE']) {
      const answer = await raw(endpoint, hosted(endpoint, `${method} /a?b=%20c HTTP/1.1`))
      expect(statusOf(answer)).toBe(200)
      if (method !== 'HEAD') expect(sentOf(answer)).toMatchObject({ method, url: '/a?b=%20c' })
    }
    for (const method of ['TRACE', 'PROPFIND', 'CONNECT', 'LINK', 'NONSENSE']) {
      const answer = await raw(endpoint, hosted(endpoint, `${method} /a HTTP/1.1`))
      expect(statusOf(answer)).toBe(400)
    }
  })

  test('W3: headers between two hosts, and those that pretend, are taken out', async () => {
    const endpoint = await endpointOf(told)
    const removed = [
      ...['Connection: X-Mine', 'X-Mine: a', 'Keep-Alive: a', 'Upgrade: h2c', 'TE: trailers'],
      ...['Trailer: a', 'Proxy-Authorization: a', 'Proxy-Connection: a', 'X-Real-IP: 192.0.2.1'],
      ...['X-HTTP-Method-Override: PUT', 'X-HTTP-Method: PUT', 'X-Method-Override: PUT'],
      ...['lambda-web-request-id: mine', 'lambda-web-other: a'],
    ]
    const kept = ['Authorization: Bearer a', 'Accept: a', 'Accept: b', 'X-Forwarded-Host: evil']
    const { headers, rawHeaders } = sentOf(
      await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1', ...removed, ...kept)),
    )
    const names = Object.keys(headers)
    for (const line of removed.slice(1)) {
      const name = line.split(':')[0]?.toLowerCase() ?? ''
      if (name !== 'lambda-web-request-id') expect(names).not.toContain(name)
    }
    expect(headers['lambda-web-request-id']).not.toBe('mine')
    expect(rawHeaders.join('|')).toContain(
      'Authorization|Bearer a|Accept|a|Accept|b|X-Forwarded-Host|evil',
    )
  })

  test('W4: Expect is refused with 417, or taken out', async () => {
    const strict = await endpointOf(told)
    const lax = await endpointOf(told, { habits: { refusesExpect: false } })
    const head = (endpoint: Endpoint) =>
      hosted(endpoint, 'PUT / HTTP/1.1', 'Expect: 100-continue', 'Content-Length: 1')
    expect(statusOf(await raw(strict, head(strict), 'a'))).toBe(417)
    const answer = await raw(lax, head(lax), 'a')
    expect(sentOf(answer).headers).not.toHaveProperty('expect')
  })

  test('W5: the function is found by its name alone', async () => {
    const endpoint = await endpointOf(told)
    expect(statusOf(await raw(endpoint, ['GET / HTTP/1.1', 'Host: other.example']))).toBe(404)
    expect(endpoint.load).toEqual([])
    const answer = await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1'))
    expect(sentOf(answer).headers.host).toBe(endpoint.address)
  })

  test("W6: the caller's address is the last of X-Forwarded-For", async () => {
    const endpoint = await endpointOf(told)
    const lines = ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-For: 192.0.2.2']
    const answer = await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1', ...lines))
    expect(sentOf(answer).headers['x-forwarded-for']).toBe('192.0.2.1, 192.0.2.2, 127.0.0.1')
  })

  test('W7: the function is told the id of the request and the name of the endpoint', async () => {
    const endpoint = await endpointOf(told)
    const answer = await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1'))
    const { headers } = sentOf(answer)
    expect(headers['lambda-web-endpoint-name']).toBe('prod')
    expect(answer).toContain(`lambda-web-request-id: ${headers['lambda-web-request-id']}\r\n`)
  })

  test('W11: more than 6,300 lines of headers are refused', async () => {
    const endpoint = await endpointOf(told, { habits: { maxHeader: 256 * 1024 } })
    const lines = (count: number) => Array.from({ length: count }, () => 'a: b')
    // With Host and Connection.
    const most = await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1', ...lines(6_298)))
    expect(statusOf(most)).toBe(200)
    const more = await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1', ...lines(6_299)))
    expect(statusOf(more)).toBe(431)
  })

  test('W12: too many bytes of headers, and the connection is dropped', async () => {
    for (const maxHeader of [8, 16, 64].map((kibi) => kibi * 1024)) {
      const endpoint = await endpointOf(told, { habits: { maxHeader } })
      const head = (size: number) => hosted(endpoint, 'GET / HTTP/1.1', `a: ${'x'.repeat(size)}`)
      expect(statusOf(await raw(endpoint, head(maxHeader - 300)))).toBe(200)
      const dropped = raw(endpoint, head(maxHeader + 10)).catch(() => '')
      expect(await dropped).toBe('')
      expect(endpoint.passed).toHaveLength(1)
    }
  })
})

describe('responses', () => {
  test('W8: connection-scoped headers and trailers are lost, the id and the log are added', async () => {
    const endpoint = await endpointOf((incoming, outgoing) => {
      incoming.resume()
      outgoing.writeHead(200, [
        ...['Connection', 'X-Mine', 'X-Mine', 'a', 'Keep-Alive', 'timeout=75', 'Trailer', 'X-Last'],
        ...['Set-Cookie', 'a', 'Set-Cookie', 'b', 'lambda-web-request-id', 'mine', 'Etag', '"c"'],
        ...['Transfer-Encoding', 'chunked'],
      ])
      outgoing.addTrailers([['X-Last', 'a']])
      outgoing.end('body')
    })
    const answer = await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1'))
    expect(answer).not.toMatch(/x-mine|timeout=75|trailer|x-last|mine\r/i)
    expect(answer).toContain('Set-Cookie: a\r\nSet-Cookie: b\r\nEtag: "c"\r\n')
    expect(answer).toMatch(/\r\nlambda-web-request-id: [\w-]{36}\r\nlambda-web-logstream: \S+\r\n/)
  })

  test('W8: what the endpoint itself says has its type', async () => {
    const endpoint = await endpointOf(told)
    const answer = await raw(endpoint, ['GET / HTTP/1.1', 'Host: other.example'])
    expect(answer).toContain('lambda-web-error-type: EndpointNotFound\r\n')
  })

  test('W18: WWW-Authenticate is renamed, or not', async () => {
    const app: RequestListener = (_, outgoing) =>
      outgoing
        .writeHead(401, { 'WWW-Authenticate': 'Basic', 'X-Registry-Challenge': 'Basic' })
        .end()
    for (const renamesChallenge of [true, false]) {
      const endpoint = await endpointOf(app, { habits: { renamesChallenge } })
      const answer = await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1'))
      expect(/\r\nWWW-Authenticate: Basic\r\n/.test(answer)).toBe(!renamesChallenge)
      const renamed = '\r\nx-amzn-Remapped-WWW-Authenticate: Basic\r\n'
      expect(answer.includes(renamed)).toBe(renamesChallenge)
      expect(answer).toContain('\r\nX-Registry-Challenge: Basic\r\n')
    }
  })

  const LENGTHS = { kept: '7', dropped: undefined, zero: '0' }
  for (const [headLength, expected] of Object.entries(LENGTHS)) {
    test(`W19: the length of a response to HEAD is ${headLength}`, async () => {
      const app: RequestListener = (_, outgoing) =>
        outgoing.writeHead(200, { 'Content-Length': '7' }).end('1234567')
      const habits = { headLength: headLength as WebFunctionHabits['headLength'] }
      const endpoint = await endpointOf(app, { habits })
      const head = await raw(endpoint, hosted(endpoint, 'HEAD / HTTP/1.1'))
      expect(head.match(/\r\nContent-Length: (\d+)/i)?.[1]).toBe(expected)
      expect(head).toMatch(/\r\n\r\n$/)
      const get = await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1'))
      expect(get).toMatch(/\r\nContent-Length: 7\r\n/i)
    })
  }

  for (const keepsConnections of [true, false]) {
    test(`W20: connections are ${keepsConnections ? '' : 'not '}kept between requests`, async () => {
      const ports = new Set<number | undefined>()
      const app: RequestListener = ({ socket }, outgoing) => {
        ports.add(socket.remotePort)
        outgoing.end()
      }
      const endpoint = await endpointOf(app, { habits: { keepsConnections } })
      for (let count = 0; count < 3; count += 1) {
        await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1'))
      }
      expect(ports.size).toBe(keepsConnections ? 1 : 3)
    })
  }
})

describe('W10: half-duplex', () => {
  const put = (endpoint: Endpoint, size: number) =>
    `${hosted(endpoint, 'PUT / HTTP/1.1', `Content-Length: ${size}`).join('\r\n')}\r\n\r\n`

  test('an early response is passed on after the whole body', async () => {
    const endpoint = await endpointOf((incoming, outgoing) => {
      outgoing.writeHead(413).end()
      incoming.resume()
    })
    const socket = await open(endpoint)
    const early = vi.fn()
    socket.once('data', early)
    socket.write(`${put(endpoint, 2 * MIB)}${'x'.repeat(MIB)}`)
    await until(() => endpoint.load[0] === 1)
    await sleep(200)
    expect(early).not.toHaveBeenCalled()
    socket.write('x'.repeat(MIB))
    const [answer] = await once(socket.setEncoding('utf8'), 'data')
    expect(statusOf(answer)).toBe(413)
  })

  test('a server that responds without reading stalls, and the request is cut', async () => {
    const app: RequestListener = (_, outgoing) => void outgoing.writeHead(413).flushHeaders()
    const endpoint = await endpointOf(app, { limits: { timeout: 500 } })
    const socket = await open(endpoint)
    const answered = once(socket.setEncoding('utf8'), 'data')
    socket.write(`${put(endpoint, 64 * MIB)}${'x'.repeat(64 * MIB)}`)
    expect(statusOf((await answered)[0])).toBe(504)
  })

  test('a server that closes the connection has given no response', async () => {
    const endpoint = await endpointOf((incoming: IncomingMessage, outgoing) => {
      outgoing.writeHead(413).end(() => incoming.socket.destroy())
    })
    const socket = await open(endpoint)
    const answered = once(socket.setEncoding('utf8'), 'data')
    socket.write(`${put(endpoint, 16 * MIB)}${'x'.repeat(16 * MIB)}`)
    expect(statusOf((await answered)[0])).toBe(502)
  })

  test('bodies of any kind arrive whole', async () => {
    const endpoint = await endpointOf(told)
    const chunked = hosted(endpoint, 'PATCH / HTTP/1.1', 'Transfer-Encoding: chunked')
    const answer = await raw(endpoint, chunked, '5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n')
    expect(sentOf(answer)).toMatchObject({ size: 8, headers: { 'transfer-encoding': 'chunked' } })
    const sized = hosted(endpoint, 'PUT / HTTP/1.1', 'Content-Length: 5')
    expect(sentOf(await raw(endpoint, sized, 'hello'))).toMatchObject({
      size: 5,
      headers: { 'content-length': '5' },
    })
  })
})

describe('environments', () => {
  test('W13: a request is cut after its time', async () => {
    const endpoint = await endpointOf((_incoming, _outgoing) => {}, { limits: { timeout: 300 } })
    expect(statusOf(await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1')))).toBe(504)
  })

  test('W14: as many requests as set go to one, more to another, and then none', async () => {
    const waiting: (() => void)[] = []
    const app: RequestListener = (_, outgoing) => void waiting.push(() => outgoing.end())
    const endpoint = await endpointOf(app, { limits: { concurrency: 2, environments: 2 } })
    const head = hosted(endpoint, 'GET / HTTP/1.1')
    const asked: Promise<string>[] = []
    for (const load of [[1], [2], [2, 1], [2, 2]]) {
      asked.push(raw(endpoint, head))
      await until(() => waiting.length === asked.length)
      expect(endpoint.load).toEqual(load)
    }
    expect(statusOf(await raw(endpoint, head))).toBe(429)
    for (const go of waiting) go()
    for (const answer of asked) expect(statusOf(await answer)).toBe(200)
    expect(endpoint.load).toEqual([0, 0])
  })

  test('W16: a function that does not listen is an error of the function', async () => {
    const endpoint = await endpointOf(async () => {
      throw new Error('it does not listen')
    })
    const answer = await raw(endpoint, hosted(endpoint, 'GET / HTTP/1.1'))
    expect(statusOf(answer)).toBe(502)
    expect(answer).toContain('lambda-web-error-type: FunctionError\r\n')
  })

  test('W17: no more requests a second than set', async () => {
    const endpoint = await endpointOf(told, { limits: { rate: 2 } })
    const head = hosted(endpoint, 'GET / HTTP/1.1')
    // Of more than twice as many, in two seconds at most.
    const answers = await Promise.all(Array.from({ length: 7 }, () => raw(endpoint, head)))
    expect(answers.map(statusOf)).toContain(429)
    expect(answers.map(statusOf)).toContain(200)
  })

  for (const old of ['at once', 'after its requests'] as const) {
    test(`a deploy ends the old revision ${old}`, async () => {
      let go = () => {}
      const endpoint = await endpointOf((_, outgoing) => {
        go = () => outgoing.end('old')
      })
      const head = hosted(endpoint, 'GET / HTTP/1.1')
      const running = raw(endpoint, head)
      await until(() => endpoint.load[0] === 1)
      await until(() => String(go) !== '() => {}')
      const other = environmentOf((_, outgoing) => outgoing.end('new'))
      const deployed = (await endpoint.prepare(other))(old)
      await until(() => endpoint.load[0] === 0)
      expect(await raw(endpoint, head)).toContain('new')
      if (old === 'after its requests') go()
      const answer = await running
      if (old === 'at once') expect(statusOf(answer)).toBe(502)
      else expect(answer).toContain('old')
      await deployed
    })
  }
})
