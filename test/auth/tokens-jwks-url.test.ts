/**
 * Key sets fetched from another issuer: when, how often, what is refused, and what happens when it
 * does not answer.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest'
import { AccessError } from '../../functions/auth/errors.ts'
import { remoteJwks } from '../../functions/auth/trusted-keys/jwks-url.ts'
import { remoteSource } from '../../functions/auth/trusted-keys/key-source.ts'
import { type Draft, ec, forge, jwkOf } from './tokens-forge.ts'
import { verifierOf } from './tokens-verifier.ts'
import { SERVICE, VALID } from './tokens-world.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 5, 1)

const [first, second, stranger] = [ec(), ec(), ec()]

describe('a key set at a URL', () => {
  let url = ''
  let requests = 0
  let time = START
  let respond: RequestListener
  const serve =
    (...keys: unknown[]): RequestListener =>
    (_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ keys }))
    }
  const one = jwkOf(first, { kid: 'first' })
  const two = jwkOf(second, { kid: 'second' })
  const server = createServer((request, response) => {
    requests++
    respond(request, response)
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    requests = 0
    time = START
    respond = serve(one)
  })

  const open = () => {
    const source = remoteSource(remoteJwks({ url, now: () => time, privateAddresses: true }))
    const issuers = [{ issuer: 'single', audience: SERVICE, source }]
    return verifierOf({ issuers, now: () => time })
  }
  const token = (kid: string, key: Draft['key']): string => {
    const exp = time / 1000 + 300
    const { header, claims } = VALID.single
    return forge({
      header: { ...header, kid },
      claims: { ...claims, iat: undefined, nbf: undefined, exp },
      key,
    })
  }
  const unavailable = (error: unknown) => {
    assert.ok(error instanceof AccessError, String(error))
    assert.equal(error.code, 'UNAVAILABLE')
    // Where an issuer's keys lie is no business of clients.
    assert.ok(!error.message.includes('127.0.0.1'))
    return true
  }

  test('is fetched once for many tokens, and again after ten minutes', async () => {
    const verifier = open()
    assert.equal(requests, 0)
    await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token('first', first))))
    assert.equal(requests, 1)
    time += 10 * MINUTE - 1
    await verifier.verify(token('first', first))
    assert.equal(requests, 1)
    time += 1
    await verifier.verify(token('first', first))
    assert.equal(requests, 2)
  })

  test('is fetched again for a key that is new, but not more than twice a minute', async () => {
    const verifier = open()
    await verifier.verify(token('first', first))
    respond = serve(one, two)
    time += 30_000
    await verifier.verify(token('second', second))
    assert.equal(requests, 2)
    for (let index = 0; index < 50; index++) {
      time += 500
      await assert.rejects(verifier.verify(token(`x${index}`, stranger)), /does not have/)
    }
    assert.equal(requests, 2)
    time += 5_000
    await assert.rejects(verifier.verify(token('y', stranger)), /does not have/)
    assert.equal(requests, 3)
  })

  test('drops a key that its issuer has removed', async () => {
    const verifier = open()
    await verifier.verify(token('first', first))
    respond = serve(two)
    time += 10 * MINUTE
    await assert.rejects(verifier.verify(token('first', first)), /does not have/)
    await verifier.verify(token('second', second))
  })

  test('is used for an hour when its server fails, and requested twice a minute', async () => {
    const verifier = open()
    await verifier.verify(token('first', first))
    respond = (_, response) => response.writeHead(500).end()
    time += 59 * MINUTE
    for (let index = 0; index < 10; index++) await verifier.verify(token('first', first))
    assert.equal(requests, 2)
    time += MINUTE
    await assert.rejects(verifier.verify(token('first', first)), unavailable)
    respond = serve(one)
    time += 30_000
    await verifier.verify(token('first', first))
  })

  test('that was never fetched makes the registry unavailable, not the token wrong', async () => {
    respond = (_, response) => response.writeHead(404).end()
    const verifier = open()
    await assert.rejects(verifier.verify(token('first', first)), unavailable)
    await assert.rejects(verifier.verify(token('first', first)), unavailable)
    assert.equal(requests, 1)
  })

  const answers: readonly (readonly [string, RequestListener])[] = [
    ['a redirect', (_, response) => response.writeHead(302, { location: url }).end()],
    ['text', (_, response) => response.end('keys')],
    ['another object', (_, response) => response.end('{}')],
    ['no usable key', serve({ kty: 'oct', k: 'AAAA', kid: 'first' })],
    ['no keys', serve()],
    ['more than 256 KiB', serve(one, { padding: 'x'.repeat(256 * 1024) })],
    [
      'a cut body',
      (request, response) => {
        response.writeHead(200, { 'content-length': '9999' }).write('{"keys":')
        request.socket.end()
      },
    ],
  ]
  for (const [name, answer] of answers) {
    test(`${name} in the response is not a key set`, async () => {
      const verifier = open()
      respond = answer
      await assert.rejects(verifier.verify(token('first', first)), unavailable)
      assert.equal(requests, 1)
      respond = serve(one)
      time += 30_000
      await verifier.verify(token('first', first))
    })
  }

  test('with a slow response is given up after five seconds', { timeout: 90_000 }, async () => {
    respond = (_, response) => {
      response.write('{')
    }
    const begin = performance.now()
    await assert.rejects(open().verify(token('first', first)), unavailable)
    const took = performance.now() - begin
    // Late it may be on a busy machine; without an end it would be never.
    assert.ok(took > 4_500 && took < 60_000, `${took} ms`)
  })

  const urls: readonly (readonly [string, boolean])[] = [
    ['https://issuer.example/jwks', true],
    ['http://127.0.0.1:8080/jwks', true],
    ['http://127.9.9.9/jwks', true],
    ['http://localhost/jwks', true],
    ['http://[::1]:1/jwks', true],
    ['http://issuer.example/jwks', false],
    ['http://localhost.example/jwks', false],
    ['http://127.0.0.1.example/jwks', false],
    ['http://169.254.169.254/jwks', false],
    ['file:///etc/jwks', false],
    ['ftp://127.0.0.1/jwks', false],
    ['data:application/json,{}', false],
    ['jwks.json', false],
  ]
  for (const [address, allowed] of urls) {
    test(`${address} ${allowed ? 'may' : 'may not'} be one`, () => {
      const attempt = () => remoteJwks({ url: address, now: Date.now, privateAddresses: true })
      if (allowed) attempt()
      else assert.throws(attempt, TypeError)
    })
  }
})
