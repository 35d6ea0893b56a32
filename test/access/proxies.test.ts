/**
 * Behind proxies: which address clients are sent to for tokens, and whose failures are counted.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { describe, test } from 'vitest'
import type { Sent } from '../support/hosts/host.ts'
import { connectTo } from '../support/rig/server.ts'
import { basic } from './rig.ts'
import { serveWith } from './serve.ts'

const DOCUMENTS = {
  users: { alice: 'right horse', bob: 'battery' },
  policy: [{ who: ['authenticated'], repositories: ['**'], actions: ['*'] }],
}
const FORWARDED = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'registry.example' }

interface Row {
  readonly description: string
  readonly args?: readonly string[]
  readonly headers?: Sent['headers']
  /** `<own>` is the address it listens on. */
  readonly origin: string
}

const REALMS: readonly Row[] = [
  { description: 'no proxy', origin: 'http://<own>' },
  { description: 'the Host of the request', headers: { Host: 'here:1' }, origin: 'http://here:1' },
  { description: 'an IPv6 Host', headers: { Host: '[::1]:80' }, origin: 'http://[::1]' },
  {
    description: 'headers of anybody are not believed',
    headers: FORWARDED,
    origin: 'http://<own>',
  },
  {
    description: 'nor those of a proxy in another network',
    args: ['--trust-proxy=10.0.0.0/8,::1/128'],
    headers: FORWARDED,
    origin: 'http://<own>',
  },
  {
    description: 'those of a trusted proxy are',
    args: ['--trust-proxy=10.0.0.0/8,127.0.0.0/8'],
    headers: FORWARDED,
    origin: 'https://registry.example',
  },
  {
    description: 'one of them alone',
    args: ['--trust-proxy=127.0.0.1'],
    headers: { 'X-Forwarded-Proto': 'https', Host: 'registry.example' },
    origin: 'https://registry.example',
  },
  {
    description: 'a scheme that is none is left out',
    args: ['--trust-proxy=127.0.0.1'],
    headers: { ...FORWARDED, 'X-Forwarded-Proto': 'javascript' },
    origin: 'http://registry.example',
  },
  {
    description: 'a public URL goes before all of them',
    args: ['--trust-proxy=127.0.0.1', '--public-url=https://public.example:8443/'],
    headers: FORWARDED,
    origin: 'https://public.example:8443',
  },
  ...['evil"x', 'evil",error="x', 'evil%22x', 'user@evil.example', 'evil.example/x', 'evil?x'].map(
    (host): Row => ({
      description: `a forwarded host that is none: ${host}`,
      args: ['--trust-proxy=127.0.0.1'],
      headers: { 'X-Forwarded-Host': host },
      origin: 'http://localhost',
    }),
  ),
]

for (const { description, args = [], headers, origin } of REALMS) {
  test(`realm: ${description}`, async (t) => {
    const { url, send } = await serveWith(t, DOCUMENTS, ...args)
    const answer = await send('GET /v2/', { headers })
    const expected = origin.replace('<own>', new URL(url).host)
    const challenge = `Bearer realm="${expected}/token",service="slipway"`
    assert.equal(answer.headers.get('WWW-Authenticate'), challenge)
    assert.equal(answer.headers.get('X-Registry-Challenge'), challenge)
  })
}

/** Hosts that a client writes on the wire itself. */
const HOSTS: readonly string[] = ['evil"x', 'a",error="b', 'evil%22', 'u@evil', 'evil/x', 'é"']

for (const host of HOSTS) {
  test(`realm: the Host ${host} does not get out of its quotes`, async (t) => {
    const { url } = await serveWith(t, DOCUMENTS)
    const socket = await connectTo(url)
    socket.write(`GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    const answer = await text(socket)
    const challenges = answer.match(/^www-authenticate: .*$/gim) ?? []
    const safe =
      /^www-authenticate: Bearer realm="http:\/\/[a-z0-9.:-]+\/token",service="slipway"$/i
    if (answer.startsWith('HTTP/1.1 400')) assert.deepEqual(challenges, [])
    else {
      assert.equal(challenges.length, 1, answer)
      assert.match(challenges[0] ?? '', safe)
    }
  })
}

/** Log-ins with a wrong password, until they are slowed. @returns how many were compared */
const guesses = async (
  send: Awaited<ReturnType<typeof serveWith>>['send'],
  most: number,
  headersOf: (guess: number) => Sent['headers'],
): Promise<number> => {
  for (let guess = 0; guess < most; guess++) {
    const as = basic('alice', `wrong ${guess}`)
    const { status } = await send('GET /token', { as, headers: headersOf(guess) })
    if (status === 429) return guess
    assert.equal(status, 401)
  }
  return most
}

describe('X-Forwarded-For', () => {
  const forged = (guess: number) => ({ 'X-Forwarded-For': `203.0.113.${guess}` })
  const rows: readonly (readonly [
    string,
    readonly string[],
    (guess: number) => Sent['headers'],
    boolean,
  ])[] = [
    ['nobody is trusted', [], forged, true],
    ['another network is', ['--trust-proxy=10.0.0.0/8'], forged, true],
    [
      'addresses that the client puts before the one that the proxy adds',
      ['--trust-proxy=127.0.0.1'],
      (guess) => ({ 'X-Forwarded-For': `203.0.113.${guess}, 198.51.100.7` }),
      true,
    ],
    [
      'the same with several headers',
      ['--trust-proxy=127.0.0.1'],
      (guess) => ({ 'X-Forwarded-For': [`203.0.113.${guess}`, '198.51.100.7'] }),
      true,
    ],
    [
      'the same with a proxy that adds ports',
      ['--trust-proxy=127.0.0.1'],
      (guess) => ({ 'X-Forwarded-For': `203.0.113.${guess}, 198.51.100.7:${4000 + guess}` }),
      true,
    ],
    [
      'the same with a proxy that says unknown',
      ['--trust-proxy=127.0.0.1'],
      (guess) => ({ 'X-Forwarded-For': `203.0.113.${guess}, unknown` }),
      true,
    ],
    [
      'the same with a chain of trusted proxies',
      ['--trust-proxy=127.0.0.1,10.0.0.0/8'],
      (guess) => ({ 'X-Forwarded-For': `203.0.113.${guess}, 198.51.100.7, 10.0.0.${guess}` }),
      true,
    ],
    [
      'one /64 of IPv6, with brackets and ports',
      ['--trust-proxy=127.0.0.1'],
      (guess) => ({ 'X-Forwarded-For': `[2001:db8::${guess}]:4${guess}` }),
      true,
    ],
    [
      'IPv4 in the form of IPv6',
      ['--trust-proxy=127.0.0.1'],
      (guess) => ({ 'X-Forwarded-For': guess % 2 ? '198.51.100.7' : '::ffff:198.51.100.7' }),
      true,
    ],
    ['clients that differ in truth', ['--trust-proxy=127.0.0.1'], forged, false],
  ]
  for (const [description, args, headersOf, slowed] of rows) {
    test(`${slowed ? 'slowed' : 'not slowed'}: ${description}`, async (t) => {
      const { send } = await serveWith(t, DOCUMENTS, ...args)
      assert.equal(await guesses(send, 12, headersOf), slowed ? 6 : 12)
    })
  }

  test('guessing through a proxy locks nobody else out', async (t) => {
    const { send } = await serveWith(t, DOCUMENTS, '--trust-proxy=127.0.0.1')
    await guesses(send, 12, () => ({ 'X-Forwarded-For': '203.0.113.5' }))
    const login = (address: string) =>
      send('GET /token', {
        as: basic('alice', 'right horse'),
        headers: { 'X-Forwarded-For': address },
      })
    assert.equal((await login('203.0.113.5')).status, 429)
    assert.equal((await login('203.0.113.6')).status, 200)
  })
})

test('a proxy trusted, and nothing set up: it does not start open', async (t) => {
  for (const arg of ['--trust-proxy=127.0.0.1', '--public-url=https://registry.example']) {
    await assert.rejects(serveWith(t, {}, arg), {
      name: 'SettingsError',
      message: /lets other machines reach this registry, which has no accounts and no policy/,
    })
  }
})
