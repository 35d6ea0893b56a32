/**
 * Signatures with keys, in both of cosign's forms.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { isBundle, isSimplySigned } from '../../../functions/guard/signed/cosign.ts'
import { signersOf } from '../../../functions/guard/signed/signers.ts'
import {
  bundle,
  createSigner,
  payloadOf,
  SIGNERS,
  type Signer,
  simple,
  statementOf,
} from '../signing.ts'

const DIGEST = `sha256:${'1'.repeat(64)}`
const OTHER = `sha256:${'2'.repeat(64)}`
const keysOf = (...signers: Signer[]) => signersOf(signers.map(({ pem }) => ({ key: pem })))

describe.each(Object.entries(SIGNERS))('with a key of %s', (_, create) => {
  const signer = create()
  const keys = keysOf(createSigner(), signer)

  test('a payload with a signature', () => {
    const { payload, signature } = simple(signer, DIGEST)
    expect(isSimplySigned(keys, [DIGEST], payload, signature)).toBe(true)
    expect(isSimplySigned(keys, [OTHER], payload, signature)).toBe(false)
    expect(isSimplySigned(keysOf(create()), [DIGEST], payload, signature)).toBe(false)
  })

  test('a bundle', () => {
    const made = bundle(signer, statementOf(DIGEST))
    expect(isBundle(keys, [DIGEST], made)).toBe(true)
    expect(isBundle(keys, [OTHER], made)).toBe(false)
    expect(isBundle(keysOf(create()), [DIGEST], made)).toBe(false)
  })
})

const signer = createSigner()
const keys = keysOf(signer)
const signed = (payload: Buffer) => [payload, signer.sign(payload).toString('base64')] as const
const { payload, signature } = simple(signer, DIGEST)

test.each([
  ['another payload', payloadOf(DIGEST, { more: 1 }), signature],
  ['no signature', payload, ''],
  ['a signature that is none', payload, 'x'],
  ['another type', ...signed(payloadOf(DIGEST, { type: 'gitsign' }))],
  ['no digest', ...signed(payloadOf(DIGEST, { image: {} }))],
  ['what is no JSON', ...signed(Buffer.from('{'))],
  ['what is not an object', ...signed(Buffer.from('null'))],
])('%s is no signature', (_, bytes, text) => {
  expect(isSimplySigned(keys, [DIGEST], bytes, text)).toBe(false)
})

const envelopeWith = (change: (envelope: Record<string, unknown>) => void): Buffer => {
  const made = JSON.parse(bundle(signer, statementOf(DIGEST)).toString())
  change(made.dsseEnvelope)
  return Buffer.from(JSON.stringify(made))
}

test.each([
  [
    'an attestation',
    bundle(signer, statementOf(DIGEST, { predicateType: 'https://slsa.dev/provenance/v1' })),
  ],
  ['a statement of nothing', bundle(signer, statementOf(DIGEST, { subject: [] }))],
  ['another payload type', bundle(signer, statementOf(DIGEST), 'text/plain')],
  [
    'another payload than was signed',
    envelopeWith((envelope) => {
      envelope.payload = statementOf(DIGEST, { predicate: { a: 1 } }).toString('base64')
    }),
  ],
  [
    'an envelope without signatures',
    envelopeWith((envelope) => {
      envelope.signatures = []
    }),
  ],
  ['a bundle of a message', Buffer.from('{"messageSignature":{}}')],
  ['what is no JSON', Buffer.from('{')],
])('%s is no bundle of a signature', (_, bytes) => {
  expect(isBundle(keys, [DIGEST], bytes)).toBe(false)
})

test('one of several signatures of an envelope is enough', () => {
  const made = envelopeWith((envelope) => {
    envelope.signatures = [{ sig: 'AAAA' }, ...(envelope.signatures as object[])]
  })
  expect(isBundle(keys, [DIGEST], made)).toBe(true)
})
