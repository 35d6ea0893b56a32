/**
 * What signs requests hashes as the SDK's own does.
 *
 * @module
 */

import { createHash, createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { Sha256 } from '../../../functions/storage/s3/direct/sha256.ts'

const DATA = ['', 'abc', 'é'.repeat(100)]
const SECRETS = ['secret', 'other', 'secret', '']

const of = async (hash: Sha256, ...data: readonly (string | Uint8Array)[]): Promise<string> => {
  for (const each of data) hash.update(each)
  return Buffer.from(await hash.digest()).toString('hex')
}

test.for(DATA)('hashes %j', async (data) => {
  const expected = createHash('sha256').update(data).digest('hex')
  expect(await of(new Sha256(), data)).toBe(expected)
  expect(await of(new Sha256(), Buffer.from(data))).toBe(expected)
})

test.for(SECRETS)('signs with %j, in whatever form it is', async (secret) => {
  const expected = createHmac('sha256', secret).update('abc').digest('hex')
  const bytes = new TextEncoder().encode(secret)
  for (const form of [secret, bytes, bytes, bytes.buffer, new DataView(bytes.buffer)]) {
    expect(await of(new Sha256(form), 'a', 'bc')).toBe(expected)
  }
})

test('begins anew with the same secret', async () => {
  const hash = new Sha256('secret')
  hash.update('x')
  hash.reset()
  expect(await of(hash, 'abc')).toBe(createHmac('sha256', 'secret').update('abc').digest('hex'))
})
