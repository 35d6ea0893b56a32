/**
 * `slipway issuers` and `slipway keys`, on both stores.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'vitest'
import { DocumentError, readDocument } from '../../functions/auth/document.ts'
import { selfSignedCertificate } from '../../functions/auth/keys/certificate.ts'
import { libtrustId } from '../../functions/auth/keys/key-id.ts'
import { localSigner } from '../../functions/auth/keys/signer.ts'
import { storedSigningKeys } from '../../functions/auth/keys/stored-keys.ts'
import { issuersCommand } from '../../functions/cli/issuer-commands.ts'
import { keysCommand } from '../../functions/cli/key-commands.ts'
import { SettingsError } from '../../functions/compose/errors.ts'
import { ISSUERS_KEY } from '../../functions/registry/layout.ts'
import { createClock } from '../auth/harness.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { type OpenedStore, STORES } from '../support/rig/stores.ts'
import { ended, startProgram } from './program.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** A desk from which commands are given. */
const openDesk = async (t: TestContext, open: () => Promise<OpenedStore>) => {
  const { store, close } = await open()
  t.onTestFinished(close)
  const clock = createClock()
  const said: string[] = []
  const give = async (
    command: typeof keysCommand,
    words: string,
    { flags = {}, file = '' }: { flags?: Record<string, string>; file?: string } = {},
  ): Promise<string[]> => {
    const printed: string[] = []
    said.length = 0
    const context = {
      store,
      now: clock.now,
      print: (line: string) => void printed.push(line),
      say: (line: string) => void said.push(line),
      readPassword: async () => assert.fail('no password is needed'),
      readFile: async () => file,
    }
    await command(context, words.split(' '), new Map(Object.entries(flags)))
    return printed
  }
  return { store, clock, said, give }
}

const signer = () => localSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
const document = (...issuers: readonly object[]): string => JSON.stringify({ version: 1, issuers })

const REFUSED: readonly (readonly [why: string, file: string, message: RegExp])[] = [
  ['no document', '{', /^issuers: /],
  ['no keys', document({ issuer: 'a' }), /issuers\.0: needs one of jwksUrl, jwks and certificates/],
  ['no certificate', document({ issuer: 'a', certificates: 'x' }), /a: the bundle holds no cert/],
  ['no usable key', document({ issuer: 'a', jwks: { keys: [] } }), /a: .*holds no key/],
  ['a URL without TLS', document({ issuer: 'a', jwksUrl: 'http://a.example/' }), /must be https/],
  [
    'HMAC',
    document({ issuer: 'a', jwksUrl: 'https://a.example/', algorithms: ['HS256'] }),
    /algorithms\.0: /,
  ],
  [
    'one issuer twice',
    document(...['b', 'c'].map((at) => ({ issuer: 'a', jwksUrl: `https://${at}.example/` }))),
    /same name/,
  ],
]

for (const [kind, open] of STORES) {
  describe(`slipway issuers, ${kind}`, () => {
    for (const [why, file, message] of REFUSED) {
      it(`set refuses ${why}, and leaves what is there`, async (t) => {
        const { store, give } = await openDesk(t, open)
        const before = document({ issuer: 'z', jwks: { keys: [signer().publicJwk] } })
        await give(issuersCommand, 'set f', { file: before })
        const refused = (error: unknown) =>
          error instanceof DocumentError && message.test(error.message)
        await assert.rejects(give(issuersCommand, 'set f', { file }), refused)
        await assert.rejects(give(issuersCommand, 'check f', { file }), refused)
        assert.equal(await readDocument(store, ISSUERS_KEY), before)
      })
    }

    it('set writes, show prints, check only checks', async (t) => {
      const { store, said, give } = await openDesk(t, open)
      await assert.rejects(give(issuersCommand, 'show'), SettingsError)
      const jwks = { keys: [signer().publicJwk, signer().publicJwk] }
      const file = document({ issuer: 'a', jwks })
      await give(issuersCommand, 'check f', { file })
      assert.deepEqual(said, ['a: 2 keys'])
      assert.equal(await readDocument(store, ISSUERS_KEY), undefined)
      await give(issuersCommand, 'set f', { file })
      assert.equal(await readDocument(store, ISSUERS_KEY), file)
      assert.deepEqual(await give(issuersCommand, 'show'), [file])
    })

    it('a key set that cannot be fetched from here is said, and no reason to refuse', async (t) => {
      const server = createServer((_, response) => response.writeHead(503).end())
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.onTestFinished(() => void server.close())
      const { store, said, give } = await openDesk(t, open)
      const { port } = server.address() as AddressInfo
      const file = document({ issuer: 'a', jwksUrl: `http://127.0.0.1:${port}/` })
      await give(issuersCommand, 'set f', { file })
      assert.match(said.join('\n'), /a: its keys cannot be fetched from here/)
      assert.equal(await readDocument(store, ISSUERS_KEY), file)
    })
  })

  describe(`slipway keys, ${kind}`, () => {
    it('rotate publishes a key that signs ten minutes later', async (t) => {
      const { store, clock, give } = await openDesk(t, open)
      const [first = ''] = await give(keysCommand, 'list')
      const [second] = await give(keysCommand, 'rotate')
      assert.deepEqual(await give(keysCommand, 'list'), [first, second])
      clock.pass(11 * MINUTE)
      const old = first.replace('\tsigns', '')
      assert.deepEqual(await give(keysCommand, 'list'), [old, `${second}\tsigns`])
      assert.equal((await storedSigningKeys(store, clock.now).signer()).kid, second)
      // Refresh tokens of the old key live for 90 days.
      clock.pass(89 * DAY)
      assert.equal((await give(keysCommand, 'list')).length, 2)
      clock.pass(2 * DAY)
      assert.deepEqual(await give(keysCommand, 'list'), [`${second}\tsigns`])
    })

    it('rotate --revoke leaves the new key alone', async (t) => {
      const { give } = await openDesk(t, open)
      await give(keysCommand, 'list')
      const [kid] = await give(keysCommand, 'rotate', { flags: { revoke: 'on' } })
      assert.deepEqual(await give(keysCommand, 'list'), [`${kid}\tsigns`])
    })

    it('certificates prints one for each published key', async (t) => {
      const { clock, give } = await openDesk(t, open)
      await give(keysCommand, 'rotate')
      const kids = (await give(keysCommand, 'list')).map((line) => line.split('\t')[0])
      const printed = await give(keysCommand, 'certificates', { flags: { expires: '30d' } })
      const certificates = printed.map((pem) => new X509Certificate(pem))
      const keys = certificates.map(({ publicKey }) => publicKey)
      assert.deepEqual(keys.map(libtrustId), kids)
      for (const certificate of certificates) {
        assert.ok(certificate.verify(certificate.publicKey))
        assert.equal(
          Date.parse(certificate.validTo),
          Math.floor((clock.now() + 30 * DAY) / 1000) * 1000,
        )
        assert.ok(Date.parse(certificate.validFrom) < clock.now())
      }
    })

    for (const words of ['', 'lst', 'list x', 'rotate x', 'certificates x']) {
      it(`refuses ${JSON.stringify(words)}`, async (t) => {
        const { give } = await openDesk(t, open)
        await assert.rejects(give(keysCommand, words), SettingsError)
      })
    }
  })
}

describe('the commands as processes', () => {
  it('certificates set as an issuer are taken', async (t) => {
    const { path: directory, remove } = await temporaryDirectory()
    t.onTestFinished(remove)
    const certificates = await selfSignedCertificate({
      signer: signer(),
      name: 'auth',
      from: Date.now(),
      until: Date.now() + DAY,
    })
    const file = join(directory, 'issuers.json')
    await writeFile(file, document({ issuer: 'a', certificates }))
    const { code, stderr } = await ended(
      startProgram(['issuers', 'set', file, `--store=file:${directory}/store`]),
    )
    assert.equal(code, 0, stderr)
    assert.match(stderr, /^a: 1 key$/m)
  })

  const refused: readonly (readonly [args: string[], message: RegExp])[] = [
    [['keys', 'list', '--revoke'], /keys list has no flag --revoke/],
    [['keys', 'rotate', '--signing-key=k.pem'], /--signing-key is set/],
    [['issuers', 'set', '/nowhere/issuers'], /ENOENT/],
  ]
  for (const [args, message] of refused) {
    it(`slipway ${args.join(' ')} is refused in a line`, async (t) => {
      const { path: directory, remove } = await temporaryDirectory()
      t.onTestFinished(remove)
      const { code, stderr } = await ended(startProgram([...args, `--store=file:${directory}`]))
      assert.equal(code, 1)
      assert.match(stderr, message)
      assert.equal(stderr.trim().split('\n').length, 1)
    })
  }
})
