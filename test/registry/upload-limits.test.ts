/**
 * Uploads where requests have limited time: what could not be finished is refused at once.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { blob } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { clientOf, type Send } from '../support/rig/client.ts'

const MEBIBYTE = 1024 * 1024
/** Small, but enough for a blob of several parts. */
const LIMITS = { blob: 20 * MEBIBYTE, readBack: 9 * MEBIBYTE, parts: 0, instead: 'go elsewhere' }
const LARGEST = blob('largest', LIMITS.blob)
const START = 'POST /v2/a/blobs/uploads/'

describe('upload limits', () => {
  let send: Send
  let remove: () => Promise<void>
  beforeAll(async () => {
    const directory = await temporaryDirectory()
    remove = directory.remove
    const store = openFileStore(directory.path)
    const secret = new Uint8Array(32)
    const registry = createRegistry({
      store,
      uploadSecret: async () => secret,
      uploadLimits: LIMITS,
    })
    send = await clientOf(store, { registry })
  })

  afterAll(() => remove())

  const begin = async (): Promise<string> =>
    (await send(START)).headers.get('Location') ?? assert.fail('no Location')

  /** Sends bytes in a chunk, with Content-Range if a start is given. */
  const patch = (location: string, bytes: Buffer, start?: number) =>
    send(
      `PATCH ${location}`,
      bytes,
      start === undefined ? {} : { 'Content-Range': `${start}-${start + bytes.length - 1}` },
    )

  const refused = (answer: Awaited<ReturnType<Send>>, why: RegExp): void => {
    assert.equal(answer.status, 413)
    const [error] = JSON.parse(answer.body.toString()).errors
    assert.equal(error.code, 'UNSUPPORTED')
    assert.match(error.message, why)
    assert.match(error.message, /: go elsewhere$/)
  }

  test('a blob of the largest size is accepted in one request', async () => {
    const { status } = await send(`PUT ${await begin()}&digest=${LARGEST.sha256}`, LARGEST.bytes)
    assert.equal(status, 201)
  })

  test('a larger one is refused, in one request and at the chunk that would exceed the limit', async () => {
    const more = Buffer.alloc(LIMITS.blob + 1)
    const why = /20971521 bytes, but .* at most 20971520:/
    refused(await send(`PUT ${await begin()}&digest=${LARGEST.sha256}`, more), why)
    refused(await patch(await begin(), more), why)
    const first = await patch(await begin(), LARGEST.bytes, 0)
    assert.equal(first.status, 202)
    const next = first.headers.get('Location') ?? ''
    refused(await patch(next, Buffer.alloc(1), LIMITS.blob), why)
    refused(await send(`PUT ${next}&digest=${LARGEST.sha256}`, Buffer.alloc(1)), why)
    const { status } = await send(`PUT ${next}&digest=${LARGEST.sha256}`)
    assert.equal(status, 201)
  })

  test('chunks with Content-Range are not read back', async () => {
    const first = await patch(await begin(), LARGEST.bytes.subarray(0, 10 * MEBIBYTE), 0)
    const rest = LARGEST.bytes.subarray(10 * MEBIBYTE)
    const second = await patch(first.headers.get('Location') ?? '', rest, 10 * MEBIBYTE)
    assert.equal(second.status, 202)
    const { status } = await send(`PUT ${second.headers.get('Location')}&digest=${LARGEST.sha256}`)
    assert.equal(status, 201)
  })

  test('other chunks are refused when too much would have to be read back', async () => {
    const first = await patch(await begin(), LARGEST.bytes.subarray(0, 8 * MEBIBYTE))
    const next = first.headers.get('Location') ?? ''
    refused(
      await patch(next, Buffer.alloc(MEBIBYTE + 1)),
      /9437185 bytes must be read back .* at most 9437184 /,
    )
    const second = await patch(next, LARGEST.bytes.subarray(8 * MEBIBYTE, 9 * MEBIBYTE))
    assert.equal(second.status, 202)
  })

  test('an undeclared digest is refused when too much would have to be read back for it', async () => {
    const first = await patch(await begin(), LARGEST.bytes, 0)
    const next = first.headers.get('Location')
    refused(await send(`PUT ${next}&digest=${LARGEST.sha512}`), /20971520 bytes must be read back/)
    // Nothing is lost: it can be committed under the digest that is known.
    assert.equal((await send(`PUT ${next}&digest=${LARGEST.sha256}`)).status, 201)
  })
})
