/**
 * Range requests on blobs, against a model that slices.
 *
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { afterAll, describe, test } from 'vitest'
import { blob, contentOf } from '../support/hosts/content.ts'
import { clientOf, codeOf } from '../support/rig/client.ts'
import { pushAtOnce } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'

/** Sizes that matter: none, a few bytes, more than one read returns. */
const SIZES = [0, 1, 10, 1000, 1_200_000]

/** What a Range header selects by RFC 9110 section 14. */
const model = (range: string, bytes: Buffer): Buffer | 'whole' | 'unsatisfiable' => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range)
  if (match === null || range === 'bytes=-') return 'whole'
  const [, first = '', last = ''] = match
  const slice =
    first === ''
      ? bytes.subarray(Math.max(0, bytes.byteLength - Number(last)))
      : bytes.subarray(Number(first), last === '' ? undefined : Number(last) + 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return 'unsatisfiable'
  return slice.byteLength === 0 ? 'unsatisfiable' : slice
}

const position = (size: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.nat(size + 2).map(String),
    fc.constantFrom(
      '',
      '0',
      String(size),
      String(size - 1),
      '00',
      '9007199254740993',
      '1'.repeat(40),
    ),
  )

const rangeOf = (size: number): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(position(size), position(size)).map((p) => `bytes=${p.join('-')}`),
    },
    { weight: 1, arbitrary: fc.constantFrom('bytes=0-0,2-3', 'bytes=', 'lines=1-2', 'bytes=a-b') },
  )

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store, close } = await open()
    afterAll(close)
    const send = await clientOf(store)

    for (const size of SIZES) {
      const { bytes, sha256 } = size === 0 ? contentOf('') : blob('ranges', size)
      await pushAtOnce(send, 'app', contentOf(bytes))
      const check = async (range: string): Promise<void> => {
        const answer = await send(`GET /v2/app/blobs/${sha256}`, undefined, { Range: range })
        const { status, headers, body } = answer
        const expected = model(range.trim(), bytes)
        if (expected === 'whole') {
          assert.equal(status, 200)
          assert.ok(body.equals(bytes))
          return
        }
        if (expected === 'unsatisfiable') {
          assert.equal(status, 416)
          assert.equal(codeOf(answer), 'RANGE_INVALID')
          return
        }
        assert.equal(status, 206)
        assert.ok(body.equals(expected))
        assert.equal(headers.get('Content-Length'), String(expected.byteLength))
        const start = expected.byteOffset - bytes.byteOffset
        const end = start + expected.byteLength - 1
        assert.equal(headers.get('Content-Range'), `bytes ${start}-${end}/${size}`)
      }
      test(`${size} bytes`, () =>
        fc.assert(fc.asyncProperty(rangeOf(size), check), { numRuns: 60 }))
    }
  })
}
