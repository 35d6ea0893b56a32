/**
 * The files of a certificate and its key: what is wrong is said by name.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { checkedPair } from '../../functions/node/tls/pair.ts'
import { openTls } from '../../functions/node/tls/tls.ts'
import { silent, temporaryDirectory } from '../support/hosts/start.ts'

const openssl = (...args: string[]) => promisify(execFile)('openssl', args)

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
const at = (name: string): string => join(directory.path, name)
const read = (name: string): string => readFileSync(at(name), 'utf8')
const pairOf = (cert: string, key: string) => checkedPair(read(cert), read(key))
beforeAll(async () => {
  directory = await temporaryDirectory()
  for (const [name, ...kind] of [
    ['ec', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    ['rsa', 'rsa:2048'],
  ]) {
    const files = ['-nodes', '-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)]
    await openssl('req', '-x509', '-newkey', ...kind, ...files, '-days', '2', '-subj', '/CN=x')
  }
  // As older tools write it: PKCS #1.
  await openssl('rsa', '-in', at('rsa.key'), '-traditional', '-out', at('pkcs1.key'))
  await openssl(
    'ec',
    '-in',
    at('ec.key'),
    '-aes256',
    '-passout',
    'pass:x',
    '-out',
    at('sealed.key'),
  )
  await writeFile(at('text'), 'hello\n')
  await writeFile(
    at('damaged.crt'),
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  )
})
afterAll(() => directory.remove())

describe('pairs that can be used', () => {
  for (const [cert, key] of [
    ['ec.crt', 'ec.key'],
    ['rsa.crt', 'rsa.key'],
    ['rsa.crt', 'pkcs1.key'],
  ] as const) {
    test(`${cert} and ${key}`, () => {
      expect(pairOf(cert, key)).toEqual({ cert: read(cert), key: read(key) })
    })
  }
})

describe('what cannot be used is named', () => {
  const ROWS: readonly (readonly [cert: string, key: string, message: string])[] = [
    ['ec.key', 'ec.crt', 'the first is a private key and the second a certificate: swap them'],
    [
      'ec.crt',
      'rsa.key',
      'the key is not the one of the certificate, which must be the first in its file',
    ],
    ['ec.crt', 'ec.crt', 'the second is not a private key in PEM, but a certificate'],
    ['ec.key', 'ec.key', 'the first is not a certificate in PEM, but a private key'],
    ['text', 'ec.key', 'the first is not a certificate in PEM, but neither'],
    ['ec.crt', 'text', 'the second is not a private key in PEM, but neither'],
    ['damaged.crt', 'ec.key', 'the certificate is damaged'],
    ['ec.crt', 'sealed.key', 'the key is encrypted: expected one without a passphrase'],
  ]
  for (const [cert, key, message] of ROWS) {
    test(`${cert} and ${key}`, () => {
      expect(() => pairOf(cert, key)).toThrow(new Error(message))
    })
  }

  test('the server names the files', async () => {
    const flags = [`--tls-cert=${at('ec.key')}`, `--tls-key=${at('ec.crt')}`]
    await expect(openTls(readSettings(flags, {}), silent)).rejects.toMatchObject({
      name: 'SettingsError',
      message: `--tls-cert ${at('ec.key')}, --tls-key ${at('ec.crt')}: the first is a private key and the second a certificate: swap them`,
    })
  })
})
