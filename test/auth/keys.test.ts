/**
 * Names of keys, signatures of external signers, and certificates.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey, sign, verify, X509Certificate } from 'node:crypto'
import { describe, test } from 'vitest'
import { selfSignedCertificate } from '../../functions/auth/keys/certificate.ts'
import { derToRaw } from '../../functions/auth/keys/der.ts'
import { publishedJwks } from '../../functions/auth/keys/jwks.ts'
import { libtrustId, thumbprint } from '../../functions/auth/keys/key-id.ts'
import { localSigner } from '../../functions/auth/keys/signing-keys.ts'
import { ec, ed25519, rsa } from './tokens-forge.ts'

describe('key ids', () => {
  // RFC 7638 section 3.1.
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
  const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })

  test('the thumbprint is that of the RFC', async () => {
    assert.equal(await thumbprint(key), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })

  test('the fingerprint is the base32 of 240 bits of the hash, in twelve groups', () => {
    const der = key.export({ format: 'der', type: 'spki' })
    const hash = createHash('sha256').update(der).digest().subarray(0, 30)
    const base32 = execFileSync('base32', ['-w0'], { input: hash, encoding: 'utf8' })
    assert.equal(libtrustId(key).replaceAll(':', ''), base32)
    assert.match(libtrustId(key), /^([A-Z2-7]{4}:){11}[A-Z2-7]{4}$/)
  })
})

describe('signers', () => {
  const data = Buffer.from('data')

  test('a local key signs as r and s, and discloses only its public half', async () => {
    const key = ec()
    const signer = localSigner(key)
    const signature = await signer.sign(data)
    assert.equal(signature.length, 64)
    const publicKey = createPublicKey({ key: { ...signer.publicJwk }, format: 'jwk' })
    assert.ok(verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature))
    const { kid } = signer
    const { x, y } = createPublicKey(key).export({ format: 'jwk' })
    const published = { kty: 'EC', crv: 'P-256', x, y, kid, alg: 'ES256', use: 'sig' }
    const keys = { signer: async () => signer, published: async () => [signer.publicJwk] }
    assert.deepEqual(await publishedJwks(keys), { keys: [published] })
    assert.equal(kid, libtrustId(publicKey))
  })

  for (const [name, make] of [
    ['P-384', () => ec('P-384')],
    ['RSA', () => rsa()],
    ['Ed25519', ed25519],
  ] as const) {
    test(`a key of ${name} is refused`, () => {
      assert.throws(() => localSigner(make()), /P-256/)
    })
  }

  test('DER is converted to raw, however long its numbers are', () => {
    const key = ec()
    const lengths = new Set<number>()
    // One signature in 500 has 69 bytes. That 20,000 have none happens once in 10^17 runs.
    for (let index = 0; index < 20_000 && lengths.size < 4; index++) {
      const der = sign('sha256', data, key)
      lengths.add(der.length)
      const raw = derToRaw(der)
      assert.equal(raw.length, 64)
      assert.ok(verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, raw))
    }
    assert.ok(lengths.size === 4, `only lengths ${[...lengths]}`)
  })

  test('small numbers are padded on the left', () => {
    const raw = derToRaw(Buffer.from('3006020101020102', 'hex'))
    assert.equal(
      Buffer.from(raw).toString('hex'),
      `${'01'.padStart(64, '0')}${'02'.padStart(64, '0')}`,
    )
  })

  const der = [
    ['nothing', ''],
    ['another tag', '3106020101020102'],
    ['a wrong length', '3007020101020102'],
    ['one number', '3003020101'],
    ['three numbers', '3009020101020102020103'],
    ['a number of no bytes', '300502000201020000'.slice(0, 14)],
    ['a number that ends too early', '3006020101020402'],
    ['a number that is a text', '3006020101040102'],
    ['a number of 33 bytes', `3026${'0221'}${'01'.repeat(33)}020101`],
  ] as const
  for (const [name, hex] of der) {
    test(`DER with ${name} is refused`, () => {
      assert.throws(() => derToRaw(Buffer.from(hex, 'hex')), RangeError)
    })
  }
})

describe('certificates', () => {
  const signer = localSigner(ec())
  const from = Date.UTC(2026, 0, 2, 3, 4, 5)

  for (const [name, until] of [
    ['short', Date.UTC(2027, 0, 2, 3, 4, 5)],
    ['beyond 2049', Date.UTC(2060, 11, 31, 23, 59, 59)],
  ] as const) {
    test(`contain the key, and are signed with it: ${name}`, async () => {
      const pem = await selfSignedCertificate({ signer, name: 'Slipway ü', from, until })
      const certificate = new X509Certificate(pem)
      const der = certificate.publicKey.export({ format: 'der', type: 'spki' })
      const key = createPublicKey({ key: { ...signer.publicJwk }, format: 'jwk' })
      assert.ok(der.equals(key.export({ format: 'der', type: 'spki' })))
      assert.ok(certificate.verify(key))
      assert.equal(certificate.validFromDate.getTime(), from)
      assert.equal(certificate.validToDate.getTime(), until)
      assert.equal(certificate.subject, certificate.issuer)
      assert.equal(certificate.ca, false)
    })
  }

  test('openssl finds nothing wrong, whatever the serial number', async () => {
    const until = Date.now() + 86_400_000
    const made = await Promise.all(
      Array.from({ length: 8 }, () =>
        selfSignedCertificate({ signer, name: 'Slipway', from: Date.now() - 60_000, until }),
      ),
    )
    for (const pem of made) {
      const text = execFileSync('openssl', ['x509', '-noout', '-text'], {
        input: pem,
        encoding: 'utf8',
      })
      assert.match(text, /Version: 3/)
      assert.match(text, /CA:FALSE/)
      assert.match(text, /Key Usage: critical\s+Digital Signature/)
      assert.match(text, /Serial Number:\s+[0-9a-f]{2}:/)
    }
    assert.equal(new Set(made.map((pem) => new X509Certificate(pem).serialNumber)).size, 8)
  })
})
