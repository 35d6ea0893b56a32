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
import { describe, it } from 'vitest'
import { readDocument } from '../../functions/auth/document.ts'
import { selfSignedCertificate } from '../../functions/auth/keys/certificate.ts'
import { libtrustId } from '../../functions/auth/keys/key-id.ts'
import { localSigner } from '../../functions/auth/keys/signing-keys.ts'
import { storedSigningKeys } from '../../functions/auth/keys/stored-keys.ts'
import { CommandError, UsageError } from '../../functions/cli/errors.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import { HTPASSWD_KEY, ISSUERS_KEY } from '../../functions/registry/layout.ts'
import { DocumentError } from '../../functions/shared/errors.ts'
import { PeopleIssuer } from '../access/people-issuer.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { STORES } from '../support/rig/stores.ts'
import { openDesk } from './desk.ts'
import { ended, startProgram } from './program.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

const signer = () => localSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
const document = (...issuers: readonly object[]): string => JSON.stringify({ version: 1, issuers })

const CLIENT = { clientId: 'slipway' }

const REFUSED: readonly (readonly [why: string, file: string, message: RegExp])[] = [
  ['no document', '{', /^issuers: /],
  [
    'two kinds of keys',
    document({ issuer: 'a', jwksUrl: 'https://a.example/', jwks: { keys: [] } }),
    /issuers\.0: takes one of jwksUrl, jwks and certificates, or none/,
  ],
  [
    'no keys, and no URL to look for them',
    document({ issuer: 'a' }),
    /a: the URL of an issuer whose keys are to be discovered must be https/,
  ],
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
  [
    'a log-in at two issuers',
    document(...['a', 'b'].map((at) => ({ issuer: `https://${at}.example`, login: CLIENT }))),
    /issuers: issuers: people log in at one issuer/,
  ],
  ...['id.example', 'http://id.example', 'https://id.example?x'].map(
    (issuer): (typeof REFUSED)[number] => [
      `a log-in at ${issuer}`,
      document({ issuer, jwksUrl: 'https://a.example/', login: CLIENT }),
      /issuers\.0: people log in at an issuer that is an https URL/,
    ],
  ),
  ...(
    [
      [{}, /issuers\.0\.login\.clientId: /],
      [{ ...CLIENT, clientSecret: 'x' }, /issuers\.0\.login: .*clientSecret/],
      [{ ...CLIENT, hours: 9 }, /issuers\.0\.login\.hours: /],
      [{ ...CLIENT, scopes: ['a b'] }, /issuers\.0\.login\.scopes\.0: expected a scope/],
      [{ ...CLIENT, groups: 'a..b' }, /issuers\.0\.login\.groups: expected a path/],
    ] as const
  ).map(([login, message]): (typeof REFUSED)[number] => [
    `a log-in by ${JSON.stringify(login)}`,
    document({ issuer: 'https://id.example', login }),
    message,
  ]),
]

for (const [kind, open] of STORES) {
  describe(`slipway issuers, ${kind}`, () => {
    for (const [why, file, message] of REFUSED) {
      it(`set refuses ${why}, and leaves what is there`, async (t) => {
        const { store, files, give } = await openDesk(t, open)
        const before = document({ issuer: 'z', jwks: { keys: [signer().publicJwk] } })
        files.f = before
        await give('issuers set f')
        files.f = file
        const refused = (error: unknown) =>
          error instanceof DocumentError && message.test(error.message)
        await assert.rejects(give('issuers set f'), refused)
        await assert.rejects(give('issuers check f'), refused)
        assert.equal(await readDocument(store, ISSUERS_KEY), before)
      })
    }

    it('set writes, show prints, check only checks', async (t) => {
      const { store, files, said, give } = await openDesk(t, open)
      await assert.rejects(give('issuers show'), CommandError)
      const jwks = { keys: [signer().publicJwk, signer().publicJwk] }
      files.f = document({ issuer: 'a', jwks })
      await give('issuers check f')
      assert.deepEqual(said, ['a: 2 keys'])
      assert.equal(await readDocument(store, ISSUERS_KEY), undefined)
      await give('issuers set f')
      assert.equal(await readDocument(store, ISSUERS_KEY), files.f)
      assert.deepEqual(await give('issuers show'), [files.f])
    })

    it('a key set that cannot be fetched from here is said, and no reason to refuse', async (t) => {
      const server = createServer((_, response) => response.writeHead(503).end())
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.onTestFinished(() => void server.close())
      const { store, files, said, give } = await openDesk(t, open)
      const { port } = server.address() as AddressInfo
      files.f = document({ issuer: 'a', jwksUrl: `http://127.0.0.1:${port}/` })
      await give('issuers set f')
      assert.match(said.join('\n'), /a: its keys cannot be fetched from here/)
      assert.equal(await readDocument(store, ISSUERS_KEY), files.f)
    })

    it('check says where people log in, or why that is not known here', async (t) => {
      const issuer = new PeopleIssuer()
      await issuer.open()
      t.onTestFinished(() => issuer.close())
      const { files, said, give } = await openDesk(t, open)
      const entry = { issuer: issuer.origin, login: CLIENT }
      files.f = document({ ...entry, privateAddresses: true })
      await give('issuers check f')
      assert.deepEqual(said, [
        `${issuer.origin}: 1 key`,
        `${issuer.origin}: people log in at ${issuer.origin}/authorize with the client slipway`,
      ])
      files.f = document(entry)
      await give('issuers check f')
      assert.match(said[1] ?? '', /: where people log in cannot be found out from here: .*private/)
    })
  })

  describe(`slipway keys, ${kind}`, () => {
    it('rotate publishes a key that signs ten minutes later', async (t) => {
      const { store, clock, give } = await openDesk(t, open)
      await give('keys create')
      const [first = ''] = await give('keys list')
      await give('keys create')
      const [second] = await give('keys rotate')
      assert.deepEqual(await give('keys list'), [first, second])
      clock.pass(11 * MINUTE)
      const old = first.replace('\tsigns', '')
      assert.deepEqual(await give('keys list'), [old, `${second}\tsigns`])
      assert.equal((await storedSigningKeys(store, clock.now).signer()).kid, second)
      // Refresh tokens of the old key live for 90 days.
      clock.pass(89 * DAY)
      assert.equal((await give('keys list')).length, 2)
      clock.pass(2 * DAY)
      assert.deepEqual(await give('keys list'), [`${second}\tsigns`])
    })

    it('rotate --revoke leaves the new key alone', async (t) => {
      const { give, store } = await openDesk(t, open)
      await give('keys list')
      const secret = await uploadSecret(store)
      await give('keys rotate')
      assert.deepEqual(await uploadSecret(store), secret)
      const [kid] = await give('keys rotate --revoke')
      assert.deepEqual(await give('keys list'), [`${kid}\tsigns`])
      assert.notDeepEqual(await uploadSecret(store), secret)
    })

    it('certificates prints one for each published key', async (t) => {
      const { clock, give } = await openDesk(t, open)
      await give('keys rotate')
      const kids = (await give('keys list')).map((line) => line.split('\t')[0])
      const printed = await give('keys certificates --expires 30d')
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
        await assert.rejects(give(`keys ${words}`), UsageError)
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

  const refused: readonly (readonly [args: string[], message: RegExp, code: number])[] = [
    [
      ['keys', 'list', '--revoke'],
      /keys list has no flag --revoke: it is a flag of slipway keys rotate/,
      2,
    ],
    [['keys', 'rotate', '--signing-key=k.pem'], /--signing-key is set/, 2],
    [['issuers', 'set', '/nowhere/issuers'], /ENOENT/, 1],
  ]
  for (const [args, message, expected] of refused) {
    it(`slipway ${args.join(' ')} is refused in a line`, async (t) => {
      const { path: directory, remove } = await temporaryDirectory()
      t.onTestFinished(remove)
      // A registry, so that there is nothing else to say.
      await openFileStore(directory).put(HTPASSWD_KEY, Buffer.from(''))
      const { code, stderr } = await ended(startProgram([...args, `--store=file:${directory}`]))
      assert.equal(code, expected)
      assert.match(stderr, message)
      assert.equal(stderr.trim().split('\n').length, 1)
    })
  }
})
