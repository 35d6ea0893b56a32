/**
 * Parts that clients send to the store themselves, honest and hostile: for any store whose service holds
 * them to what was signed.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { uploadDataKey } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, type Content } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { clientOf, codeOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { allObjects, checkNothingReadable, checkStore } from '../support/rig/invariants.ts'
import { begin, has } from '../support/rig/push.ts'

export const PART = 5 * 1024 ** 2

/** What the registry answers to a request for parts. */
export interface Sendable {
  readonly number: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Bytes of each part. */
export const cut = ({ bytes }: Content, partSize: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / partSize) }, (_, at) =>
    bytes.subarray(at * partSize, (at + 1) * partSize),
  )

/** Stands for the status where the store closed the connection while it was sent bytes it does not want. */
const CLOSED = 599

/** Sends a part to the store. @returns the status, or {@link CLOSED} */
export const sendPart = async (
  { url, headers }: Sendable,
  bytes: Uint8Array,
  others: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const { 'content-length': _, ...rest } = headers
  const { origin, pathname, search } = new URL(url)
  // A store may close a connection that it has refused something on, just when it is used again.
  const agent = createAgent()
  try {
    const sent = { target: pathname + search, headers: { ...rest, ...others }, body: bytes }
    return (await sendOver(agent, origin, { method: 'PUT', ...sent })).status
  } catch (error) {
    if (['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) return CLOSED
    throw error
  } finally {
    agent.destroy()
  }
}

/** An upload as its client sees it. */
export interface Upload {
  location: string
  parts: Sendable[]
}

/** Asks for parts at a Location. */
export const ask = (
  send: Send,
  location: string,
  { sha256: digest, bytes }: Content,
  partSize: number,
  hashes: readonly string[],
): Promise<Answer> => {
  const parts = hashes.map((sha256, at) => ({ number: at + 1, sha256 }))
  const body = JSON.stringify({ digest, size: bytes.length, partSize, parts })
  return send(`POST ${location}`, Buffer.from(body), { 'Content-Type': 'application/json' })
}

const hexOf = ({ sha256 }: Content): string => sha256.slice('sha256:'.length)

/** Starts an upload and asks for all its parts. @param as content whose parts are sent */
export const plan = async (
  send: Send,
  content: Content,
  partSize = content.bytes.length,
  as = content,
): Promise<Upload> => {
  const { contentOf } = await import('../support/hosts/content.ts')
  const hashes = cut(as, partSize).map((part) => hexOf(contentOf(part)))
  const asked = await expectStatus(
    200,
    ask(send, locationOf(await begin(send, 'app')), content, partSize, hashes),
  )
  return { location: locationOf(asked), parts: JSON.parse(asked.body.toString()).parts }
}

const commit = (send: Send, { location }: Upload, { sha256 }: Content): Promise<Answer> =>
  send(`PUT ${location}&digest=${sha256}`)

const SMALL = blob('small', 70_000)
const LARGE = blob('large', 2 * PART + 1000)
const LIAR = blob('liar', 2 * PART + 1000)

const sendAll = async ({ parts }: Upload, content: Content, partSize: number): Promise<void> => {
  const bytes = cut(content, partSize)
  for (const part of parts) expect(await sendPart(part, bytes[part.number - 1]!)).toBe(200)
}

/** Declares the tests. @param open an empty store, and its end */
export const presignedPartTests = (
  open: () => Promise<{ readonly store: ObjectStore; close(): Promise<void> }>,
): void => {
  const on = (title: string, work: (send: Send, store: ObjectStore) => Promise<void>): void => {
    test(title, async () => {
      const { store, close } = await open()
      try {
        await work(await clientOf(store, { redirects: true }), store)
      } finally {
        await close()
      }
    })
  }

  on('one part is linked by the commit, which can be repeated', async (send, store) => {
    const upload = await plan(send, SMALL)
    await sendAll(upload, SMALL, SMALL.bytes.length)
    await checkNothingReadable(store)
    expect(await has(send, 'app', SMALL)).toBe(false)
    await expectStatus(201, commit(send, upload, SMALL))
    expect(await has(send, 'app', SMALL)).toBe(true)
    await expectStatus(201, commit(send, upload, SMALL))
    await checkStore(store)
    // Sent again after the commit, true or false bytes: the upload is gone.
    expect(await sendPart(upload.parts[0]!, SMALL.bytes)).toBe(404)
    expect(await sendPart(upload.parts[0]!, Buffer.alloc(SMALL.bytes.length))).toBeGreaterThan(399)
    await checkStore(store)
  })

  on('several parts, in any order, are read back and copied', async (send, store) => {
    const upload = await plan(send, LARGE, PART)
    await sendAll({ ...upload, parts: upload.parts.toReversed() }, LARGE, PART)
    await expectStatus(201, commit(send, upload, LARGE))
    await expectStatus(201, commit(send, upload, LARGE))
    expect(await has(send, 'app', LARGE)).toBe(true)
    await checkStore(store)
    expect(await allObjects(store, 'slipway/v1/uploads/')).toEqual([])
    expect(await sendPart(upload.parts[0]!, LIAR.bytes.subarray(0, PART))).toBeGreaterThan(399)
    await checkStore(store)
  })

  on('bytes other than those that were signed are refused', async (send, store) => {
    const { parts, location } = await plan(send, SMALL)
    const [part] = parts
    const other = blob('other', SMALL.bytes.length)
    const own = { 'x-amz-checksum-sha256': Buffer.from(hexOf(other), 'hex').toString('base64') }
    const refused: readonly (readonly [Uint8Array, Record<string, string>])[] = [
      [other.bytes, {}],
      [other.bytes, own],
      [SMALL.bytes.subarray(1), {}],
      [Buffer.concat([SMALL.bytes, SMALL.bytes]), {}],
      [SMALL.bytes, { 'x-amz-copy-source': '/test/a' }],
    ]
    for (const [bytes, headers] of refused) {
      const status = await sendPart(part!, bytes, headers)
      expect([400, 403]).toContain(status)
    }
    const unsigned = { ...part!, headers: {} }
    expect([400, 403]).toContain(await sendPart(unsigned, other.bytes))
    const elsewhere = { ...part!, url: part!.url.replace('partNumber=1', 'partNumber=2') }
    expect(await sendPart(elsewhere, SMALL.bytes)).toBe(403)
    const answer = await commit(send, { location, parts }, SMALL)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'SIZE_INVALID'])
    await checkNothingReadable(store)
  })

  on('true parts of another blob make no blob', async (send, store) => {
    const upload = await plan(send, LARGE, PART, LIAR)
    await sendAll(upload, LIAR, PART)
    const answer = await commit(send, upload, LARGE)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'DIGEST_INVALID'])
    await checkNothingReadable(store)
    expect(await allObjects(store, 'slipway/v1/uploads/')).toEqual([])
    expect((await commit(send, upload, LARGE)).status).toBe(404)
    expect((await commit(send, upload, LIAR)).status).toBe(400)
  })

  on('swapped parts make no blob', async (send, store) => {
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = cut(LARGE, PART)
    const { contentOf } = await import('../support/hosts/content.ts')
    const swapped = contentOf(Buffer.concat([second, first, LARGE.bytes.subarray(2 * PART)]))
    const upload = await plan(send, LARGE, PART, swapped)
    await sendAll(upload, swapped, PART)
    const answer = await commit(send, upload, LARGE)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'DIGEST_INVALID'])
    await checkNothingReadable(store)
  })

  on('a missing part is named, and can be sent', async (send, store) => {
    const upload = await plan(send, LARGE, PART)
    const bytes = cut(LARGE, PART)
    for (const at of [0, 2]) expect(await sendPart(upload.parts[at]!, bytes[at]!)).toBe(200)
    const answer = await commit(send, upload, LARGE)
    expect(JSON.parse(answer.body.toString()).errors[0]).toMatchObject({
      code: 'SIZE_INVALID',
      detail: { missing: [2] },
    })
    const status = await expectStatus(204, send(`GET ${upload.location}`))
    expect(status.headers.get('Slipway-Parts')).toBe('1,3')
    expect(await sendPart(upload.parts[1]!, bytes[1]!)).toBe(200)
    await expectStatus(201, commit(send, upload, LARGE))
    await checkStore(store)
  })

  on(
    'a blob of another tenant is not linked by an upload that was cancelled',
    async (send, store) => {
      await expectStatus(
        201,
        send(`POST /v2/secret/blobs/uploads/?digest=${SMALL.sha256}`, SMALL.bytes),
      )
      const upload = await plan(send, SMALL)
      await expectStatus(204, send(`DELETE ${upload.location}`))
      const answer = await commit(send, upload, SMALL)
      expect([answer.status, codeOf(answer)]).toEqual([404, 'BLOB_UPLOAD_UNKNOWN'])
      expect(await has(send, 'app', SMALL)).toBe(false)
      const unsent = await plan(send, SMALL)
      expect((await commit(send, unsent, SMALL)).status).toBe(400)
      expect(await has(send, 'app', SMALL)).toBe(false)
      await checkStore(store)
    },
  )

  on('what was staged and then replaced is not copied', async (send, store) => {
    const upload = await plan(send, LARGE, PART)
    await sendAll(upload, LARGE, PART)
    // Not possible for a client: somebody with the bucket's own credentials does it after the read.
    const replacing: ObjectStore = {
      ...store,
      async copy(from, ...rest) {
        await store.put(from, LIAR.bytes)
        return store.copy(from, ...rest)
      },
    }
    const racing = await clientOf(replacing, { redirects: true })
    expect((await commit(racing, upload, LARGE)).status).toBe(404)
    await checkNothingReadable(store)
  })

  on('an expired URL is refused', async (_, store) => {
    const upload = await store.createMultipart(uploadDataKey('u', 'n'), PART, true)
    const part = { size: 1, sha256: hexOf(SMALL), expiresIn: 1 }
    const signed = await store.presignPart!(upload, 1, part)
    await sleep(2_100)
    expect(await sendPart({ number: 1, ...signed }, Buffer.from('x'))).toBe(403)
  })
}
