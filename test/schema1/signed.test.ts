/**
 * Signed manifests: what is read from them, and which signatures hold.
 *
 * @module
 */

import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { readSigned } from '../../functions/schema1/signed.ts'
import { verify } from '../../functions/schema1/verify.ts'
import { KEY, payloadOf, sign, signAs } from './signers.ts'

const LAYER = `sha256:${'a'.repeat(64)}`
const PAYLOAD = payloadOf('app', 'v1', [LAYER])
const anybody = { roots: undefined, now: Date.now() }

const check = async (text: string): Promise<void> =>
  verify(await readSigned(Buffer.from(text)), anybody)

test('a signed manifest has what is signed, and its layers from the top down', async () => {
  const manifest = await readSigned(Buffer.from(await sign(PAYLOAD)))
  expect(Buffer.from(manifest.payload).toString()).toBe(PAYLOAD)
  expect(manifest).toMatchObject({ name: 'app', tag: 'v1', architecture: 'amd64' })
  expect(manifest.layers).toEqual([{ blobSum: LAYER, v1Compatibility: '{"id":"0"}' }])
  await verify(manifest, anybody)
})

test('one without space is signed, and read again, without space', async () => {
  const payload = JSON.stringify(JSON.parse(PAYLOAD))
  const text = await sign(payload)
  expect(text).not.toContain('\n')
  const manifest = await readSigned(Buffer.from(text))
  expect(Buffer.from(manifest.payload).toString()).toBe(payload)
})

const pair = (type: 'ec' | 'rsa', option: string | number) => {
  const { privateKey, publicKey } =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: String(option) })
      : generateKeyPairSync('rsa', { modulusLength: Number(option) })
  return { key: privateKey, publicKey }
}

test.each([
  ['ES256', 'sha256', pair('ec', 'P-256')],
  ['ES384', 'sha384', pair('ec', 'P-384')],
  ['ES512', 'sha512', pair('ec', 'P-521')],
  ['RS256', 'sha256', pair('rsa', 2048)],
  ['RS512', 'sha512', pair('rsa', 2048)],
])('%s holds', async (alg, hash, keys) => {
  await check(signAs(PAYLOAD, { ...keys, alg, hash }))
})

const ours = { key: KEY, publicKey: createPublicKey(KEY), alg: 'ES256', hash: 'sha256' }
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' })

describe('signatures that do not hold', () => {
  test.each([
    ['of another key', signAs(PAYLOAD, { ...ours, publicKey: pair('ec', 'P-256').publicKey })],
    ['of a small RSA key', signAs(PAYLOAD, { ...pair('rsa', 1024), alg: 'RS256', hash: 'sha256' })],
    ['with another algorithm', signAs(PAYLOAD, { ...ours, alg: 'ES384' })],
    ['with none', signAs(PAYLOAD, { ...ours, alg: 'none' })],
    ['with a secret that is known', signAs(PAYLOAD, { ...ours, alg: 'HS256' })],
    [
      'with the name of another key',
      signAs(PAYLOAD, {
        ...ours,
        header: { alg: 'ES256', jwk: { ...jwkOf(ours.publicKey), kid: 'AAAA' } },
      }),
    ],
    ['without a key', signAs(PAYLOAD, { ...ours, header: { alg: 'ES256' } })],
    [
      'with a certificate that is none',
      signAs(PAYLOAD, { ...ours, header: { alg: 'ES256', x5c: ['AAAA'] } }),
    ],
  ])('%s', async (_, text) => {
    await expect(check(text)).rejects.toMatchObject({
      code: 'MANIFEST_UNVERIFIED',
      message: expect.stringMatching(/signature 1/),
    })
  })

  test('of another text', async () => {
    const text = (await sign(PAYLOAD)).replace(LAYER, `sha256:${'b'.repeat(64)}`)
    await expect(check(text)).rejects.toMatchObject({ code: 'MANIFEST_UNVERIFIED' })
  })

  test('where there are none', async () => {
    await expect(check(PAYLOAD)).rejects.toMatchObject({
      code: 'MANIFEST_UNVERIFIED',
      message: expect.stringMatching(/no signatures/),
    })
  })
})

describe('what is no manifest of schema 1', () => {
  const resigned = (more: object) => sign(payloadOf('app', 'v1', [LAYER], more))

  test.each([
    ['no JSON', async () => '{', /not JSON/],
    ['schema 2', () => resigned({ schemaVersion: 2 }), /schemaVersion: expected 1/],
    ['a config', () => resigned({ config: {} }), /config: not allowed/],
    ['no layers', () => resigned({ fsLayers: [] }), /fsLayers: expected/],
    ['fewer steps than layers', () => resigned({ history: [] }), /as many/],
    ['no name', () => resigned({ name: '' }), /name: expected/],
    ['a layer without a digest', () => resigned({ fsLayers: [{}] }), /fsLayers.0.blobSum/],
    [
      'a member twice',
      async () => (await sign(PAYLOAD)).replace('"name"', '"name": "other",\n   "name"'),
      /twice/,
    ],
    [
      'more than what is signed',
      async () => signAs(PAYLOAD, ours).replace(/\}$/, ',"more":1}'),
      /not the rest of the document/,
    ],
    [
      'an end beyond its own',
      async () => signAs(PAYLOAD, { ...ours, protect: { formatLength: 9_999_999 } }),
      /formatLength is 9999999/,
    ],
    [
      'an end that is text',
      async () => signAs(PAYLOAD, { ...ours, protect: { formatLength: '1' } }),
      /protected header of signatures.0/,
    ],
  ])('%s', async (_, text, message) => {
    await expect(check(await text())).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringMatching(message),
    })
  })
})
