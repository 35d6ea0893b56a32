/**
 * Parts that clients send to the store themselves, on the strict S3; and what else their requests may be.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import { createRegistry } from '../../functions/registry/registry.ts'
import { blob } from '../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { checkNothingReadable } from '../support/rig/invariants.ts'
import { begin } from '../support/rig/push.ts'
import { openBucket, openFiles } from '../support/rig/stores.ts'
import { ask, PART, plan, presignedPartTests } from './presigned-parts.ts'

describe('on the strict S3', () => presignedPartTests(openBucket))

const SMALL = blob('small', 70_000)
const HEX = SMALL.sha256.slice(7)
const OFFER = { 'Slipway-Upload': 'parts' }

describe('requests for parts', async () => {
  const bucket = await openBucket()
  afterAll(bucket.close)
  const send = await clientOf(bucket.store, { redirects: true })
  const json = { 'Content-Type': 'application/json' }
  const body = (changes: object) =>
    JSON.stringify({
      digest: SMALL.sha256,
      size: 70_000,
      partSize: 70_000,
      parts: [{ number: 1, sha256: HEX }],
      ...changes,
    })
  const several = { size: 12_000_000, partSize: PART }

  test.each([
    ['that is not JSON', 'x', 400, 'UNSUPPORTED', /is not JSON/],
    ['without a size', body({ size: undefined }), 400, 'UNSUPPORTED', /wrong at size/],
    ['of no part', body({ parts: [] }), 400, 'UNSUPPORTED', /wrong at parts/],
    [
      'of part 0',
      body({ parts: [{ number: 0, sha256: HEX }] }),
      400,
      'UNSUPPORTED',
      /parts.0.number/,
    ],
    [
      'of more than 100 parts',
      body({ parts: Array(101).fill({ number: 1, sha256: HEX }) }),
      400,
      'UNSUPPORTED',
      /wrong at parts/,
    ],
    [
      'of a part with a bad hash',
      body({ parts: [{ number: 1, sha256: HEX.toUpperCase() }] }),
      400,
      'UNSUPPORTED',
      /parts.0.sha256/,
    ],
    ['of an empty blob', body({ size: 0 }), 400, 'SIZE_INVALID', /the size is 0/],
    ['under sha512', body({ digest: SMALL.sha512 }), 400, 'DIGEST_INVALID', /only sha256/],
    ['under no digest', body({ digest: 'x' }), 400, 'DIGEST_INVALID', /invalid digest/],
    [
      'of a part that is not the blob',
      body({ parts: [{ number: 1, sha256: '0'.repeat(64) }] }),
      400,
      'DIGEST_INVALID',
      /the only part has the hash 0{64}/,
    ],
    [
      'of a part beyond',
      body({ parts: [{ number: 2, sha256: HEX }] }),
      400,
      'SIZE_INVALID',
      /no part 2/,
    ],
    [
      'of a part twice',
      body({ ...several, parts: Array(2).fill({ number: 1, sha256: HEX }) }),
      400,
      'SIZE_INVALID',
      /asked for twice/,
    ],
    ['in small parts', body({ partSize: 1000 }), 400, 'SIZE_INVALID', /the partSize is 1000/],
    [
      'in too many parts',
      body({ size: PART * 10_001, partSize: PART }),
      400,
      'SIZE_INVALID',
      /10001 parts/,
    ],
    [
      'in one part that no store takes',
      body({ size: 6 * 1024 ** 3, partSize: 6 * 1024 ** 3 }),
      400,
      'SIZE_INVALID',
      /at most 5368709120/,
    ],
    ['of much', ' '.repeat(70_000), 413, 'SIZE_INVALID', /larger than 65536/],
  ])('%s', async (_, text, status, code, message) => {
    const location = locationOf(await begin(send, 'app'))
    const answer = await send(`POST ${location}`, Buffer.from(text), json)
    expect([answer.status, codeOf(answer)]).toEqual([status, code])
    expect(answer.body.toString()).toMatch(message)
  })

  test('that change what was declared, or come after bytes', async () => {
    const { location } = await plan(send, SMALL)
    const other = blob('other', 70_000)
    const changed = await ask(send, location, other, 70_000, [other.sha256.slice(7)])
    expect([changed.status, codeOf(changed)]).toEqual([404, 'BLOB_UPLOAD_INVALID'])
    const patched = await send(`PATCH ${locationOf(await begin(send, 'app'))}`, Buffer.from('x'))
    const late = await ask(send, locationOf(patched), SMALL, 70_000, [HEX])
    expect([late.status, codeOf(late)]).toEqual([404, 'BLOB_UPLOAD_INVALID'])
  })

  test('may be repeated, for new URLs of the same upload', async () => {
    const { location, parts } = await plan(send, SMALL)
    const again = await expectStatus(200, ask(send, location, SMALL, 70_000, [HEX]))
    const [first] = JSON.parse(again.body.toString()).parts
    const idOf = (url: string) => new URL(url).searchParams.get('uploadId')
    expect(idOf(first.url)).toBe(idOf(parts[0]!.url))
    expect(new URL(first.url).searchParams.get('X-Amz-Expires')).toBe('900')
  })

  test('make the upload take no other bytes', async () => {
    const { location } = await plan(send, SMALL)
    for (const request of [`PATCH ${location}`, `PUT ${location}&digest=${SMALL.sha256}`]) {
      const answer = await send(request, SMALL.bytes)
      expect([answer.status, codeOf(answer)]).toEqual([404, 'BLOB_UPLOAD_INVALID'])
    }
    const other = await send(`PUT ${location}&digest=${blob('other', 1).sha256}`)
    expect([other.status, codeOf(other)]).toEqual([400, 'DIGEST_INVALID'])
    await checkNothingReadable(bucket.store)
  })

  test('need a state, of this very upload', async () => {
    const { location } = await plan(send, SMALL)
    const state = location.slice(location.indexOf('?'))
    const foreign = locationOf(await begin(send, 'app')).replace(/\?.*/, state)
    const stranger = await ask(send, foreign, SMALL, 70_000, [HEX])
    expect([stranger.status, codeOf(stranger)]).toEqual([404, 'BLOB_UPLOAD_INVALID'])
    const renamed = location.replace('/v2/app/', '/v2/other/')
    expect((await send(`PUT ${renamed}&digest=${SMALL.sha256}`)).status).toBe(404)
  })
})

describe('parts are offered', () => {
  const offerOf = async (send: Send, headers: Readonly<Record<string, string>> = OFFER) =>
    (await send('POST /v2/app/blobs/uploads/', undefined, headers)).headers.get('Slipway-Upload')

  test('to a client that asks, without an operation', async () => {
    const { s3, store, close } = await openBucket()
    const send = await clientOf(store, { redirects: true })
    expect(await offerOf(send)).toBe('parts; one=5368709120; several=53687091200000')
    s3.counter.reset()
    expect(await offerOf(send)).toMatch(/^parts/)
    const { headers } = await send('POST /v2/app/blobs/uploads/')
    expect(headers.get('Slipway-Upload')).toBeNull()
    expect(s3.counter.counts).toEqual({})
    await close()
  })

  test('of any size where another host goes on with the upload', async () => {
    const { store, close } = await openBucket()
    const uploadOrigin = 'https://push.example'
    const send = await clientOf(store, { redirects: true, uploadOrigin })
    const offered = await offerOf(send, { ...OFFER, 'User-Agent': 'slipway/1.0.0' })
    expect(offered).toBe('parts; one=5368709120')
    expect(await offerOf(send)).toBe('parts; one=5368709120; several=53687091200000')
    await close()
  })

  test('only where clients are redirected to the store', async () => {
    const { store, close } = await openBucket()
    expect(await offerOf(await clientOf(store))).toBeNull()
    expect(await offerOf(await clientOf(store, { redirects: true, direct: () => true }))).toBeNull()
    await close()
  })

  test('not by a store on files', async () => {
    const { store, close } = await openFiles()
    const send = await clientOf(store, { redirects: true })
    expect(await offerOf(send)).toBeNull()
    const answer = await ask(send, locationOf(await begin(send, 'app')), SMALL, 70_000, [HEX])
    expect([answer.status, codeOf(answer)]).toEqual([400, 'UNSUPPORTED'])
    await close()
  })

  test('not where the service takes anything, and then they are refused', async () => {
    const { store, close } = await openBucket()
    const trusting = { ...store, provesParts: async () => false }
    const send = await clientOf(trusting, { redirects: true })
    expect(await offerOf(send)).toBeNull()
    const answer = await ask(send, locationOf(await begin(send, 'app')), SMALL, 70_000, [HEX])
    expect([answer.status, codeOf(answer)]).toEqual([400, 'UNSUPPORTED'])
    await close()
  })

  test('of any size but in one part, where the host cannot read back', async () => {
    const { store, close } = await openBucket()
    const uploadLimits = { blob: 1e10, readBack: 1e9, parts: 0, instead: 'push it elsewhere' }
    const registry = createRegistry({
      store,
      uploadSecret: async () => Buffer.alloc(32),
      uploadLimits,
    })
    const send = await clientOf(store, { redirects: true, registry })
    expect(await offerOf(send)).toBe('parts; one=5368709120; several=0')
    const answer = await ask(
      send,
      locationOf(await begin(send, 'app')),
      blob('x', 2 * PART),
      PART,
      [HEX],
    )
    expect([answer.status, codeOf(answer)]).toEqual([413, 'UNSUPPORTED'])
    expect(answer.body.toString()).toMatch(/as one part.* or push it elsewhere/)
    await close()
  })
})
