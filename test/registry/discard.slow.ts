/**
 * What an upload staged is gone after its end, however many chunks it had.
 *
 * @module
 */

import { afterEach, describe, expect, test } from 'vitest'
import { uploadPrefix } from '../../functions/registry/layout.ts'
import { listPages } from '../../functions/storage/pages.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { contentOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { STORES } from '../support/rig/stores.ts'

/** More than a page of a listing, and than S3 deletes in one call. */
const CHUNKS = 1050
const BYTES = Buffer.from(Array.from({ length: CHUNKS }, (_, at) => at % 251))

const keysOf = async (store: ObjectStore, prefix: string): Promise<number> => {
  let count = 0
  for await (const page of listPages(store, prefix)) count += page.length
  return count
}

/** Sends a byte in each request, and gives the Location and the upload's prefix in the store. */
const pushChunks = async (send: Send) => {
  let location = locationOf(await expectStatus(202, send('POST /v2/app/blobs/uploads/')))
  const uuid = /uploads\/([^?]+)/.exec(location)?.[1] ?? ''
  for (let at = 0; at < CHUNKS; at += 1) {
    const headers = { 'Content-Range': `${at}-${at}`, 'Content-Length': '1' }
    const sent = send(`PATCH ${location}`, BYTES.subarray(at, at + 1), headers)
    location = locationOf(await expectStatus(202, sent))
  }
  return { location, prefix: uploadPrefix(uuid) }
}

const close: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const each of close.splice(0)) await each()
})

describe.each(STORES)('%s', (_, open) => {
  test(`nothing is left of ${CHUNKS} chunks after commit`, async () => {
    const opened = await open()
    close.push(opened.close)
    const send = await clientOf(opened.store)
    const { location, prefix } = await pushChunks(send)
    expect(await keysOf(opened.store, prefix)).toBeGreaterThan(1000)
    await expectStatus(201, send(`PUT ${location}&digest=${contentOf(BYTES).sha256}`))
    expect(await keysOf(opened.store, prefix)).toBe(0)
  })

  test(`only the note of it is left of ${CHUNKS} chunks after cancelling`, async () => {
    const opened = await open()
    close.push(opened.close)
    const send = await clientOf(opened.store)
    const { location, prefix } = await pushChunks(send)
    expect(await keysOf(opened.store, prefix)).toBeGreaterThan(1000)
    await expectStatus(204, send(`DELETE ${location}`))
    expect(await keysOf(opened.store, prefix)).toBe(1)
  })
})
