/**
 * The sealed state of an upload: only the exact text that was issued opens.
 *
 * @module
 */

import { EncryptJWT, jwtDecrypt } from 'jose'
import { describe, expect, test } from 'vitest'
import { createStateSealer, newUpload } from '../../functions/registry/uploads/state.ts'

const UUID = '0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d'
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const secret = new Uint8Array(32).fill(7)
const sealer = createStateSealer(async () => secret, Date.now)

/** Names of three consecutive lengths, so that sealed lengths leave remainders 0, 1 and 2 by 3. */
const NAMES = ['team/a', 'team/ab', 'team/abc']

/** A part of a token with other characters in place of its last one, all of the same bytes. */
const sameBytes = (part: string): readonly string[] =>
  [...ALPHABET]
    .map((last) => part.slice(0, -1) + last)
    .filter((other) => other !== part)
    .filter((other) => Buffer.from(other, 'base64url').equals(Buffer.from(part, 'base64url')))

/** Every way to replace one part of a token by a spelling that decoders may take for the same. */
const respelled = (
  token: string,
  spell: (part: string) => readonly string[],
): readonly string[] => {
  const parts = token.split('.')
  return parts.flatMap((part, index) =>
    part === '' ? [] : spell(part).map((other) => parts.with(index, other).join('.')),
  )
}

const SPELLINGS: readonly (readonly [string, (part: string) => readonly string[]])[] = [
  ['other unused bits in the last character', sameBytes],
  ['padding', (part) => [`${part}=`, `${part}==`]],
  ['white space', (part) => [` ${part}`, `${part}\n`, `${part.slice(0, 4)} ${part.slice(4)}`]],
  ['a character of no alphabet', (part) => [`${part}!`]],
  // Not every seal contains a `-` or `_`; those that do must differ.
  [
    'the alphabet of base64',
    (part) => [part.replaceAll('-', '+').replaceAll('_', '/')].filter((other) => other !== part),
  ],
]

describe.each(NAMES)('the state of an upload to %s', (name) => {
  const upload = newUpload(name, UUID, Date.now())

  test('opens as it was issued', async () => {
    const token = await sealer.seal(upload)
    expect(await sealer.open(token, name, UUID)).toEqual(upload)
  })

  test.each(SPELLINGS)('does not open with %s', async (_, spell) => {
    const others: string[] = []
    // Each seal has a different random part: every spelling occurs in some of them.
    while (others.length < 8) others.push(...respelled(await sealer.seal(upload), spell))
    for (const other of others) {
      await expect(sealer.open(other, name, UUID), other).rejects.toMatchObject({
        code: 'BLOB_UPLOAD_INVALID',
        message: expect.stringContaining('was not issued by this registry'),
      })
    }
  })
})

describe('a state that was sealed by another version', () => {
  const multipart = { id: 'm', nonce: 'n', partSize: 8, parts: 2, whole: 'w' }
  const same = {
    name: 'a',
    uuid: UUID,
    offset: 20,
    algorithm: 'sha256' as const,
    hash: { final: { sha256: 'ab' } },
    segments: [{ offset: 16, size: 4, nonce: 's' }],
  }
  /** As version 0.1.0 wrote it. */
  const written = { ...same, by: 'alice', litter: true, multipart: { ...multipart, chain: 'c' } }
  const read = {
    ...same,
    started: expect.any(Number),
    startedBy: 'alice',
    orphans: true,
    multipart: { ...multipart, partChain: 'c' },
  }

  test('opens', async () => {
    const token = await new EncryptJWT({ s: written })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setIssuer('slipway-upload')
      .setExpirationTime('1h')
      .encrypt(secret)
    expect(await sealer.open(token, 'a', UUID)).toEqual(read)
  })

  test('is sealed as that version reads it', async () => {
    const { payload } = await jwtDecrypt(
      await sealer.seal({ ...read, started: Math.floor(Date.now() / 1000) }),
      secret,
    )
    expect(payload.s).toMatchObject(written)
  })
})
