/**
 * Signatures as the Notary Project's specifications have them.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FlattenedSign } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isNotarySigned } from '../../../functions/guard/signed/notation.ts'
import { signersOf } from '../../../functions/guard/signed/signers.ts'
import { temporaryDirectory } from '../../support/hosts/start.ts'

const DIGEST = `sha256:${'1'.repeat(64)}`
const SCHEME = 'io.cncf.notary.signingScheme'
const DAY = 86_400_000

interface Issued {
  readonly pem: string
  readonly key: string
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let authority: Issued
let other: Issued
let signer: Issued
let forTls: Issued

/** A certificate of an authority, or one that is an authority itself. */
const issue = async (name: string, usage?: string): Promise<Issued> => {
  const file = (end: string) => join(directory.path, `${name}.${end}`)
  await writeFile(file('cnf'), '[req]\ndistinguished_name=dn\n[dn]\n')
  const by = ['-CA', join(directory.path, 'ca.crt'), '-CAkey', join(directory.path, 'ca.key')]
  const kind =
    usage === undefined
      ? ['-addext', 'basicConstraints=critical,CA:TRUE']
      : [...by, '-addext', 'basicConstraints=CA:FALSE', '-addext', `extendedKeyUsage=${usage}`]
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-config', file('cnf'), '-newkey', 'ec'],
    ...['-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', `/O=Example/CN=${name}`, '-keyout', file('key'), '-out', file('crt'), ...kind],
  ])
  return { pem: await readFile(file('crt'), 'utf8'), key: await readFile(file('key'), 'utf8') }
}

beforeAll(async () => {
  directory = await temporaryDirectory()
  authority = await issue('ca')
  other = await issue('other')
  signer = await issue('release', 'codeSigning')
  forTls = await issue('tls', 'serverAuth')
})
afterAll(() => directory.remove())

const derOf = ({ pem }: Issued) => new X509Certificate(pem).raw.toString('base64')

const envelope = async (
  { key, ...cert }: Issued,
  {
    head = {},
    payload = {},
    header = {},
  }: { head?: object; payload?: object; header?: object } = {},
): Promise<Buffer> => {
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 1 }
  const signed = await new FlattenedSign(
    Buffer.from(JSON.stringify({ targetArtifact: { ...target, digest: DIGEST }, ...payload })),
  )
    .setProtectedHeader({
      alg: 'ES256',
      cty: 'application/vnd.cncf.notary.payload.v1+json',
      crit: [SCHEME],
      [SCHEME]: 'notary.x509',
      'io.cncf.notary.signingTime': '2026-01-01T00:00:00Z',
      ...head,
    })
    .sign(createPrivateKey(key), {
      crit: { [SCHEME]: true, 'io.cncf.notary.expiry': true, 'a.b': true },
    })
  const x5c = [derOf({ key, ...cert }), derOf(authority)]
  return Buffer.from(JSON.stringify({ ...signed, header: { x5c, ...header } }))
}

const trusting = (written: object) => signersOf([{ certificate: authority.pem, ...written }])
const isSigned = (bytes: Uint8Array, written: object = {}, now = Date.now()) =>
  isNotarySigned(trusting(written), [DIGEST], bytes, now)

test('a signature by a certificate of an authority, and by one that is named itself', async () => {
  const made = await envelope(signer)
  expect(await isSigned(made)).toBe(true)
  expect(await isSigned(made, { certificate: signer.pem })).toBe(true)
  expect(await isSigned(made, { subject: 'CN=release,O=Example' })).toBe(true)
  const head = { crit: [SCHEME, 'io.cncf.notary.expiry'] }
  const until = (time: number) => ({
    head: { ...head, 'io.cncf.notary.expiry': new Date(time).toISOString() },
  })
  expect(await isSigned(await envelope(signer, until(Date.now() + DAY)))).toBe(true)
  expect(await isSigned(await envelope(signer, until(Date.now() - DAY)))).toBe(false)
})

test('what does not hold', async () => {
  const made = await envelope(signer)
  expect(await isSigned(made, { certificate: other.pem })).toBe(false)
  expect(await isSigned(made, { subject: 'CN=other' })).toBe(false)
  expect(await isSigned(made, {}, Date.now() + 3 * DAY)).toBe(false)
  expect(await isNotarySigned(trusting({}), [`sha256:${'2'.repeat(64)}`], made, Date.now())).toBe(
    false,
  )
  const digest = `sha256:${'3'.repeat(64)}`
  const wrong = [
    envelope(forTls),
    envelope(signer, { payload: { targetArtifact: { digest } } }),
    envelope(signer, { head: { [SCHEME]: 'notary.x509.signingAuthority' } }),
    envelope(signer, { head: { cty: 'text/plain' } }),
    envelope(signer, { head: { crit: [SCHEME, 'a.b'], 'a.b': 1 } }),
    envelope(signer, { header: { x5c: [] } }),
    envelope({ ...signer, key: forTls.key }),
    Buffer.from('{}'),
    Buffer.from('no JSON'),
  ]
  for (const each of wrong) expect(await isSigned(await each)).toBe(false)
  const { payload, ...rest } = JSON.parse(made.toString())
  const changed = Buffer.from(JSON.stringify({ ...rest, payload: `${payload.slice(0, -4)}AAAA` }))
  expect(await isSigned(changed)).toBe(false)
})
