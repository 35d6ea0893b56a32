/**
 * Where a request comes from, by what trusted proxies say, and by nobody else's word.
 *
 * @module
 */

import type { IncomingHttpHeaders } from 'node:http'
import { describe, expect, test } from 'vitest'
import { networks } from '../../functions/compose/networks.ts'
import { parseForwarded } from '../../functions/node/forwarded.ts'
import { originOf } from '../../functions/node/origin.ts'

const PROXIES = networks.parse('10.0.0.0/8,fd00::/8')
const PROXY = '10.0.0.1'
const STRANGER = '198.51.100.9'
const OWN = 'http://registry.internal:5000'

const read = (headers: IncomingHttpHeaders, peer = PROXY, trusts = true) =>
  originOf(
    {
      headers: { host: 'registry.internal:5000', ...headers },
      socket: { remoteAddress: peer, remotePort: 40_000 },
    },
    trusts ? PROXIES : undefined,
  )

test.each<[string, IncomingHttpHeaders, number | undefined]>([
  ['of a client that is connected itself', {}, 40_000],
  ['of no client behind a proxy', { 'x-forwarded-for': '192.0.2.1' }, undefined],
])('the port is that %s', (_, headers, port) => expect(read(headers).port).toBe(port))

type Row = readonly [what: string, headers: IncomingHttpHeaders, origin: string, address: string]

describe('behind a trusted proxy', () => {
  test.each<Row>([
    ['nothing', {}, OWN, PROXY],
    // Forwarded
    [
      'all',
      { forwarded: 'for=192.0.2.1;proto=https;host=r.example' },
      'https://r.example',
      '192.0.2.1',
    ],
    [
      'names in any case',
      { forwarded: 'For=192.0.2.1; PROTO=HTTPS ;Host=r.example' },
      'https://r.example',
      '192.0.2.1',
    ],
    [
      'what is unknown',
      { forwarded: 'by=_x;for=192.0.2.1;secret="a;b,c\\"d";proto=https' },
      'https://registry.internal:5000',
      '192.0.2.1',
    ],
    ['IPv6', { forwarded: 'for="[2001:db8::1]"' }, OWN, '2001:db8::1'],
    [
      'IPv6 and a port',
      { forwarded: 'for="[2001:db8::1]:4711";host="r.example:8443";proto=https' },
      'https://r.example:8443',
      '2001:db8::1',
    ],
    ['IPv4 and a port', { forwarded: 'for="192.0.2.1:4711"' }, OWN, '192.0.2.1'],
    [
      'a port without quotes',
      { forwarded: 'for=192.0.2.1:4711;host=r.example:8443' },
      'http://r.example:8443',
      '192.0.2.1',
    ],
    ['escapes in quotes', { forwarded: 'for="192\\.0.2.1"' }, OWN, '192.0.2.1'],
    [
      'an obfuscated client',
      { forwarded: 'for=_hidden;proto=https;host=r.example' },
      'https://r.example',
      PROXY,
    ],
    [
      'an unknown client',
      { forwarded: 'for=unknown;proto=https;host=r.example' },
      'https://r.example',
      PROXY,
    ],
    ['no client', { forwarded: 'proto=https;host=r.example' }, 'https://r.example', PROXY],
    [
      'what the client made up',
      { forwarded: 'for=192.0.2.66;host=evil.example, for=192.0.2.1;host=r.example' },
      'http://r.example',
      '192.0.2.1',
    ],
    [
      'made up before an unknown one',
      { forwarded: 'for=192.0.2.66;host=evil.example, for=unknown;proto=https' },
      'https://registry.internal:5000',
      PROXY,
    ],
    [
      'several proxies',
      { forwarded: 'for=192.0.2.1;host=r.example;proto=https, for=10.0.0.2;host=inner;proto=http' },
      'https://r.example',
      '192.0.2.1',
    ],
    [
      'several, of which the next tells the host',
      { forwarded: 'for=192.0.2.1, for=10.0.0.2;host=r.example, for="[fd00::1]";proto=https' },
      'https://r.example',
      '192.0.2.1',
    ],
    [
      'proxies only',
      { forwarded: 'for=10.0.0.3;host=r.example, for=10.0.0.2' },
      'http://r.example',
      '10.0.0.3',
    ],
    ['a header that is malformed', { forwarded: 'for=192.0.2.1;host="r.example' }, OWN, PROXY],
    ['the same twice', { forwarded: 'for=192.0.2.1;for=192.0.2.2' }, OWN, PROXY],
    ['a host that is none', { forwarded: 'host="a\\"b"' }, 'http://localhost', PROXY],
    [
      'a scheme that is none',
      { forwarded: 'proto=javascript;host=r.example' },
      'http://r.example',
      PROXY,
    ],
    [
      'Forwarded beside X-Forwarded-For',
      { forwarded: 'for=192.0.2.66;host=evil.example', 'x-forwarded-for': '192.0.2.1' },
      OWN,
      '192.0.2.1',
    ],
    [
      'Forwarded beside X-Forwarded-Proto',
      { forwarded: 'for=192.0.2.66;host=evil.example', 'x-forwarded-proto': 'https' },
      'https://registry.internal:5000',
      PROXY,
    ],
    // X-Forwarded-Port
    [
      'a port',
      { 'x-forwarded-host': 'r.example', 'x-forwarded-port': '8443', 'x-forwarded-proto': 'https' },
      'https://r.example:8443',
      PROXY,
    ],
    [
      'the port of the scheme',
      { 'x-forwarded-host': 'r.example', 'x-forwarded-port': '443', 'x-forwarded-proto': 'https' },
      'https://r.example',
      PROXY,
    ],
    [
      'a port of its own',
      {
        'x-forwarded-host': 'r.example:444',
        'x-forwarded-port': '443',
        'x-forwarded-proto': 'https',
      },
      'https://r.example:444',
      PROXY,
    ],
    [
      'a port and IPv6',
      { 'x-forwarded-host': '[2001:db8::1]', 'x-forwarded-port': '81' },
      'http://[2001:db8::1]:81',
      PROXY,
    ],
    [
      'a port of its own and IPv6',
      { 'x-forwarded-host': '[2001:db8::1]:82', 'x-forwarded-port': '81' },
      'http://[2001:db8::1]:82',
      PROXY,
    ],
    [
      'a port and Host',
      { host: 'r.example', 'x-forwarded-port': '8080' },
      'http://r.example:8080',
      PROXY,
    ],
    [
      'the first port',
      { host: 'r.example', 'x-forwarded-port': '8080, 5000' },
      'http://r.example:8080',
      PROXY,
    ],
    [
      'a port that is none',
      { host: 'r.example', 'x-forwarded-port': 'x' },
      'http://r.example',
      PROXY,
    ],
    [
      'a port beyond all',
      { host: 'r.example', 'x-forwarded-port': '99999' },
      'http://localhost',
      PROXY,
    ],
    // The rest of X-Forwarded-*
    [
      'all of X-Forwarded',
      {
        'x-forwarded-for': '192.0.2.66, 192.0.2.1, 10.0.0.2',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'r.example',
      },
      'https://r.example',
      '192.0.2.1',
    ],
  ])('%s', (_, headers, origin, address) => {
    expect(read(headers)).toMatchObject({ origin, address })
  })
})

const CLAIMS: readonly IncomingHttpHeaders[] = [
  { forwarded: 'for=192.0.2.66;host=evil.example;proto=https' },
  { 'x-forwarded-port': '8443' },
  { 'x-forwarded-for': '192.0.2.66', 'x-forwarded-host': 'evil.example' },
]

describe('nobody else is believed', () => {
  test.each(CLAIMS)('%j from a stranger', (headers) => {
    expect(read(headers, STRANGER)).toMatchObject({ origin: OWN, address: STRANGER })
  })
  test.each(CLAIMS)('%j where no proxy is trusted', (headers) => {
    expect(read(headers, PROXY, false)).toMatchObject({ origin: OWN, address: PROXY })
  })
})

test.each<[string, ReturnType<typeof parseForwarded>]>([
  ['', []],
  [' , ,', []],
  ['for=a', [{ for: 'a' }]],
  ['for="a,b;c";proto=https,host=d', [{ for: 'a,b;c', proto: 'https' }, { host: 'd' }]],
  ['for="\\"\\\\"', [{ for: '"\\' }]],
  [';;for=a;', [{ for: 'a' }]],
  ['for', undefined],
  ['for=', undefined],
  ['for=""', [{ for: '' }]],
  ['for=a b', undefined],
  ['for="a', undefined],
  ['for="a"b', undefined],
  ['=a', undefined],
])('Forwarded: %s', (header, hops) => {
  expect(parseForwarded(header)).toEqual(hops)
})
