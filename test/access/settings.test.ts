/**
 * The settings of access control: what they are read as, and the messages about wrong ones.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { readSettings, type Settings } from '../../functions/compose/settings.ts'

const DEFAULTS = readSettings([], {})

const RIGHT: readonly (readonly [keyof Settings, value: string])[] = [
  ...['auto', 'token', 'basic', 'off'].map((value) => ['auth', value] as const),
  ['public-url', 'https://registry.example'],
  ['public-url', 'https://registry.example/'],
  ['public-url', 'http://127.0.0.1:5000'],
  ['public-url', 'https://[::1]:5000'],
  ['upload-origin', 'https://push.registry.example'],
  ['upload-origin', 'https://push.registry.example:8443'],
  ['upload-origin', 'http://127.0.0.1:5001'],
  ['upload-origin', 'http://localhost:5001'],
  ['upload-origin', 'http://[::1]:5001'],
  ['token-service', 'registry.example:5000'],
  ['token-service', 'https://registry.example/v2'],
  ['token-issuer', 'Registry_1'],
  ['token-realm', 'https://tokens.example/auth'],
  ['token-realm', 'http://127.0.0.1:5001/token'],
  ['signing-key', '/etc/slipway/key.pem'],
]
for (const [name, value] of RIGHT) {
  test(`--${name}=${value}`, () => {
    const settings = readSettings([`--${name}=${value}`], {})
    assert.deepEqual(settings, { ...DEFAULTS, [name]: value })
    const variable = `SLIPWAY_${name.toUpperCase().replaceAll('-', '_')}`
    assert.deepEqual(readSettings([], { [variable]: value }), settings)
  })
}

test('defaults: tokens as soon as anything is set up, and no proxy is believed', () => {
  const { auth } = DEFAULTS
  assert.deepEqual(
    [auth, DEFAULTS['public-url'], DEFAULTS['trust-proxy'], DEFAULTS['token-realm']],
    ['auto', undefined, undefined, undefined],
  )
  assert.deepEqual(
    [DEFAULTS['token-service'], DEFAULTS['token-issuer'], DEFAULTS['signing-key']],
    ['slipway', 'slipway', undefined],
  )
})

describe('--trust-proxy', () => {
  const rows: readonly (readonly [
    string,
    inside: readonly string[],
    outside: readonly string[],
  ])[] = [
    ['10.0.0.0/8', ['10.0.0.1', '10.255.255.255'], ['11.0.0.1', '9.255.255.255']],
    ['10.1.2.3', ['10.1.2.3'], ['10.1.2.2', '10.1.2.4']],
    ['10.1.2.3/32', ['10.1.2.3'], ['10.1.2.4']],
    ['::1', ['::1'], ['::2']],
    ['fd00::/8', ['fd12::3'], ['fe80::1']],
    ['192.0.2.0/24, ::1/128,10.0.0.1', ['192.0.2.9', '::1', '10.0.0.1'], ['192.0.3.1']],
    ['0.0.0.0/0', ['203.0.113.1'], ['::1']],
  ]
  for (const [value, inside, outside] of rows) {
    test(value, () => {
      const list = readSettings([`--trust-proxy=${value}`], {})['trust-proxy']
      const has = (address: string) => list?.(address) ?? false
      assert.deepEqual(
        inside.map(has),
        inside.map(() => true),
      )
      assert.deepEqual(
        outside.map(has),
        outside.map(() => false),
      )
    })
  }
})

const NETWORK = /is not a network: expected 10\.0\.0\.0\/8 or ::1\/128$/
const NAME = /: expected letters, digits, \. _ : \/ or -$/
const ALONE = /: expected scheme and host alone, as in https:\/\/registry\.example$/
const SECRET = /: expected https, or http on loopback: the Location of an upload is a secret$/
const QUOTES = /: expected no quotes, spaces or characters beyond ASCII$/

const WRONG: readonly (readonly [name: keyof Settings, value: string, message: RegExp])[] = [
  ['auth', 'none', /"auto"\|"token"\|"basic"\|"off"$/],
  ['auth', 'Token', /"auto"\|"token"\|"basic"\|"off"$/],
  ['auth', '', /"auto"\|"token"\|"basic"\|"off"$/],
  ['public-url', 'registry.example', /URL/],
  ['public-url', 'ftp://registry.example', /URL/],
  ['public-url', 'https://registry.example/path', ALONE],
  ['public-url', 'https://registry.example?x', ALONE],
  ['public-url', 'https://user:secret@registry.example', ALONE],
  ['public-url', 'https://registry.example"', ALONE],
  ['upload-origin', 'push.registry.example', /URL/],
  ['upload-origin', 'https://push.registry.example/path', ALONE],
  ['upload-origin', 'https://push.registry.example?x', ALONE],
  ['upload-origin', 'https://user:secret@push.registry.example', ALONE],
  ['upload-origin', 'http://push.registry.example', SECRET],
  ['upload-origin', 'http://127.0.0.1.registry.example', SECRET],
  ['upload-origin', 'http://localhost.registry.example', SECRET],
  // None of these may become a network that is larger than was meant.
  ...[
    'localhost',
    '10.0.0.0/33',
    '::1/129',
    '10.0.0.1/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/8.0',
    '10.0.0.0/0x8',
    '10.0.0.0/ 8',
    '10.0.0',
    '/8',
    '10.0.0.0/8,',
    ',',
    '',
    '[::1]',
  ].map((value): [keyof Settings, string, RegExp] => ['trust-proxy', value, NETWORK]),
  ['token-service', 'a b', NAME],
  ['token-service', 'a"b', NAME],
  ['token-service', '', NAME],
  ['token-service', 'x'.repeat(201), NAME],
  ['token-issuer', 'a\nb', NAME],
  ['token-realm', 'tokens.example/auth', /URL/],
  ['token-realm', 'javascript:alert(1)', /URL/],
  ['token-realm', 'https://tokens.example/"a', QUOTES],
  ['token-realm', 'https://tokens.example/a b', QUOTES],
  ['token-realm', 'https://tokens.example/\\', QUOTES],
  ['token-realm', 'https://tokens.example/é', QUOTES],
  ['token-realm', 'https://tokens.example/auth?a=b', /: expected no query or fragment$/],
  ['token-realm', 'https://tokens.example/auth#a', /: expected no query or fragment$/],
  ['signing-key', '', /: expected a value$/],
]
for (const [name, value, message] of WRONG) {
  test(`refused: --${name}=${value.slice(0, 60)}`, () => {
    assert.throws(() => readSettings([`--${name}=${value}`], {}), {
      name: 'SettingsError',
      message,
    })
  })
}
