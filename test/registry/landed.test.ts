/**
 * Bytes that a PATCH without a range has stored under their digest, before the commit: what may happen to them, and
 * to the upload, between the two.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataKey, UPLOADS_PREFIX } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, type Content } from '../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { allObjects, checkStore } from '../support/rig/invariants.ts'
import { begin, inChunks, pushAsDocker } from '../support/rig/push.ts'
import { type OpenedStore, STORES } from '../support/rig/stores.ts'

describe.each(STORES)('%s', (kind, open) => {
  let opened: OpenedStore
  let store: ObjectStore
  let send: Send
  beforeAll(async () => {
    opened = await open()
    store = opened.store
    send = await clientOf(store)
  })
  afterAll(() => opened.close())

  let count = 0
  const fresh = (size = 1000): Content => blob(`${kind} ${count++}`, size)

  const patched = async (bytes: Uint8Array): Promise<string> =>
    locationOf(
      await expectStatus(
        202,
        send(`PATCH ${locationOf(await begin(send, 'app'))}`, inChunks(bytes)),
      ),
    )
  const commit = (at: string, digest: string, bytes?: Uint8Array) =>
    send(`PUT ${at}&digest=${digest}`, bytes)
  const lacks = async ({ sha256 }: Content) =>
    expect((await send(`HEAD /v2/app/blobs/${sha256}`)).status).toBe(404)

  test('nothing is staged, and nobody can read them before the commit', async () => {
    const content = fresh()
    const at = await patched(content.bytes)
    expect(await allObjects(store, UPLOADS_PREFIX)).toEqual([])
    expect((await store.head(dataKey(content.sha256)))?.size).toBe(1000)
    await lacks(content)
    await expectStatus(201, commit(at, content.sha256))
    await checkStore(store)
  })

  test.each([
    { what: 'deleted', change: (key: string) => store.delete([key]) },
    { what: 'cut', change: (key: string) => store.put(key, Buffer.alloc(10)) },
  ])('they were $what: the upload is unknown, and a push anew repairs it', async ({ change }) => {
    const content = fresh()
    const at = await patched(content.bytes)
    await change(dataKey(content.sha256))
    // Another instance, which remembers nothing.
    const other = await clientOf(store)
    const answer = await other(`PUT ${at}&digest=${content.sha256}`)
    expect([answer.status, codeOf(answer)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
    await lacks(content)
    await pushAsDocker(other, 'app', content)
    await checkStore(store)
  })

  test('somebody wrote the same bytes again: the commit takes them', async () => {
    const content = fresh()
    const at = await patched(content.bytes)
    await pushAsDocker(send, 'other', content)
    await expectStatus(201, commit(at, content.sha256))
  })

  test.each(['sha256', 'sha512'] as const)(
    'more bytes follow, and the digest is %s',
    async (by) => {
      const content = fresh()
      const first = await patched(content.bytes.subarray(0, 400))
      const second = locationOf(
        await expectStatus(202, send(`PATCH ${first}`, content.bytes.subarray(400, 700))),
      )
      await expectStatus(201, commit(second, content[by], content.bytes.subarray(700)))
      await checkStore(store)
    },
  )

  test('a digest of another algorithm than declared', async () => {
    const content = fresh()
    await expectStatus(201, commit(await patched(content.bytes), content.sha512))
    await checkStore(store)
  })

  test('a wrong digest ends the upload, also for the right one', async () => {
    const [content, other] = [fresh(), fresh()]
    const at = await patched(content.bytes)
    const answer = await commit(at, other.sha256)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'DIGEST_INVALID'])
    expect((await commit(at, content.sha256)).status).toBe(404)
    await lacks(content)
    await lacks(other)
  })

  test('after it was cancelled, nothing is committed', async () => {
    const content = fresh()
    const at = await patched(content.bytes)
    await expectStatus(204, send(`DELETE ${at}`))
    expect((await commit(at, content.sha256)).status).toBe(404)
    expect((await commit(at, content.sha512)).status).toBe(404)
    expect((await send(`GET ${at}`)).status).toBe(404)
    await lacks(content)
  })

  test('data that a repository uses outlives uploads of the same bytes', async () => {
    const content = fresh()
    await pushAsDocker(send, 'app', content)
    await expectStatus(204, send(`DELETE ${await patched(content.bytes)}`))
    await commit(await patched(content.bytes), fresh().sha256)
    await expectStatus(200, send(`GET /v2/app/blobs/${content.sha256}`))
    await checkStore(store)
  })
})
