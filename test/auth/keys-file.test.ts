/**
 * Signing keys in a file: made with mode 0600, refused with any other that lets others in.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { signingKeyFile } from '../../functions/compose/signing-key-file.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { ec, rsa } from './tokens-forge.ts'

const pem = (key: ReturnType<typeof ec>, type: 'pkcs8' | 'sec1' = 'pkcs8') =>
  key.export({ format: 'pem', type }) as string

describe('a file of signing keys', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>
  let path: string
  beforeEach(async () => {
    directory = await temporaryDirectory()
    path = join(directory.path, 'signing-key.pem')
  })
  afterEach(() => directory.remove())

  test('is created on first start, for its owner only, and read on the next', async () => {
    const mask = process.umask(0)
    try {
      const { kid } = await (await signingKeyFile(path)).signer()
      assert.equal(statSync(path).mode & 0o777, 0o600)
      assert.equal((await (await signingKeyFile(path)).signer()).kid, kid)
      assert.deepEqual(readdirSync(directory.path), ['signing-key.pem'])
    } finally {
      process.umask(mask)
    }
  })

  test('is created once by processes that start together', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => signingKeyFile(path)))
    const kids = await Promise.all(all.map(async (keys) => (await keys.signer()).kid))
    assert.equal(new Set(kids).size, 1)
    assert.deepEqual(readdirSync(directory.path), ['signing-key.pem'])
  })

  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o666]) {
    test(`of mode ${mode.toString(8)} is refused and left as it is`, async () => {
      writeFileSync(path, pem(ec()))
      chmodSync(path, mode)
      const before = readFileSync(path)
      await assert.rejects(signingKeyFile(path), new RegExp(`mode 0${mode.toString(8)}`))
      assert.ok(readFileSync(path).equals(before))
    })
  }

  test('may contain several: the first signs, all are published', async () => {
    writeFileSync(path, `${pem(ec())}# the old one\n${pem(ec(), 'sec1')}`, { mode: 0o600 })
    const keys = await signingKeyFile(path)
    const published = await keys.published()
    assert.equal(published.length, 2)
    assert.equal((await keys.signer()).kid, published[0]?.kid)
    assert.notEqual(published[0]?.kid, published[1]?.kid)
  })

  for (const [name, content, message] of [
    ['nothing', '', /contains no PEM private key/],
    ['an RSA key', pem(rsa()), /key 1 in .* P-256/],
    ['another curve', pem(ec()) + pem(ec('P-384')), /key 2 in .* P-256/],
    ['a damaged key', pem(ec()).replace(/[A-Za-z]{9}/, ''), /contains no|key 1 in/],
  ] as const) {
    test(`with ${name} is refused and not quoted`, async () => {
      writeFileSync(path, content, { mode: 0o600 })
      await assert.rejects(signingKeyFile(path), (error: Error) => {
        assert.match(error.message, message)
        const [, secret = 'no such text'] = content.split('\n')
        assert.ok(!`${error.stack}${error.cause}`.includes(secret))
        return true
      })
    })
  }
})
