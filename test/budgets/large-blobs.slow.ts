/**
 * What pushes of large blobs cost: those of several parts.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import {
  CHUNK_BYTES,
  CHUNKS,
  LARGE_MEGABYTES,
  PATCHED,
  PUT,
  STRAIGHT,
} from '../../bench/large-costs.ts'
import { blob } from '../support/hosts/content.ts'
import { expectStatus, locationOf } from '../support/rig/client.ts'
import { begin, inChunks, pushAsContainerd, pushAsDocker } from '../support/rig/push.ts'
import { meter } from './measure.ts'

const { open, costs, store } = await meter()
const send = await open()

const MEBIBYTE = 1024 * 1024

/** A layer that another repository has. */
const content = blob('elsewhere', 20 * MEBIBYTE)
await pushAsContainerd(send, 'source', content)

/** Bytes of a part, as the registry is set up. */
const PART = 12 * MEBIBYTE
/** Bytes up to which a copy is one call, and of each part of one that is not. */
const COPY_WHOLE = 128 * MEBIBYTE
const COPY_PART = 64 * MEBIBYTE

type Calls = Readonly<Record<string, number>>

const sum = (...all: readonly Calls[]): Calls => {
  const total: Record<string, number> = {}
  for (const [name, count] of all.flatMap(Object.entries)) {
    if (count > 0) total[name] = (total[name] ?? 0) + count
  }
  return total
}

const copyCalls = (size: number): Calls =>
  size <= COPY_WHOLE
    ? { CopyObject: 1 }
    : {
        CreateMultipartUpload: 1,
        UploadPartCopy: Math.ceil(size / COPY_PART),
        CompleteMultipartUpload: 1,
      }

/** All parts into one upload, and its completion. */
const partCalls = (size: number): Calls => ({
  CreateMultipartUpload: 1,
  UploadPart: Math.ceil(size / PART),
  CompleteMultipartUpload: 1,
})

/** A rest that fills no part is staged by the PATCH, too, for a client that would send more. */
const restCalls = (size: number): Calls =>
  size % PART === 0 ? { DeleteObject: 1 } : { PutObject: 1, DeleteObjects: 1 }

/** The question first, for link and data, and the link last. */
const FRAME: Calls = { GetObject: 1, HeadObject: 1, PutObject: 1 }

for (const mebibytes of [100, 136]) {
  describe(`a layer of ${mebibytes} MiB`, () => {
    const size = mebibytes * MEBIBYTE

    test('docker-style, its digest known last: one copy inside the store', async () => {
      const content = blob(`docker ${mebibytes}`, size)
      const calls = sum(FRAME, partCalls(size), restCalls(size), copyCalls(size), {
        ListParts: 1,
        HeadObject: 1,
      })
      await costs({ calls }, () => pushAsDocker(send, 'app', content))
    })

    test('containerd-style, its digest known first: no copy', async () => {
      const content = blob(`containerd ${mebibytes}`, size)
      const calls = sum(FRAME, partCalls(size), { HeadObject: 1 })
      await costs({ calls }, () => pushAsContainerd(send, 'app', content))
    })
  })
}

describe('a layer of 50 MB, as bench/large-costs.ts has it', () => {
  const of = (name: string) => blob(name, LARGE_MEGABYTES * 1e6)

  test('docker-style', async () => {
    const content = of('cost docker')
    await costs({ calls: PATCHED.layer }, () => pushAsDocker(send, 'app', content))
  })

  test('containerd-style', async () => {
    const content = of('cost containerd')
    await costs({ calls: PUT.layer }, () => pushAsContainerd(send, 'app', content))
  })

  test('straight to S3 in one part, as slipway push sends it', async () => {
    const { bytes, sha256: digest } = of('cost straight')
    const direct = await open({ redirects: true, redirectHeads: true })
    // Tried once by each instance.
    await store.provesParts?.()
    await costs({ calls: STRAIGHT.layer }, async () => {
      await expectStatus(404, direct(`HEAD /v2/app/blobs/${digest}`))
      const offer = { 'Slipway-Upload': 'parts' }
      const begun = await expectStatus(202, direct('POST /v2/app/blobs/uploads/', undefined, offer))
      const parts = [{ number: 1, sha256: digest.slice('sha256:'.length) }]
      const wanted = { digest, size: bytes.length, partSize: bytes.length, parts }
      const asked = await expectStatus(
        200,
        direct(`POST ${locationOf(begun)}`, Buffer.from(JSON.stringify(wanted))),
      )
      const [part] = JSON.parse(asked.body.toString()).parts
      const sent = await fetch(part.url, { method: 'PUT', headers: part.headers, body: bytes })
      expect(sent.status).toBe(200)
      await expectStatus(201, direct(`PUT ${locationOf(asked, `digest=${digest}`)}`))
    })
  })

  test('in the chunks that the API takes', async () => {
    const { bytes, sha256 } = of('cost chunks')
    await costs({ calls: CHUNKS.layer }, async () => {
      let answer = await begin(send, 'app')
      for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
        const chunk = bytes.subarray(at, at + CHUNK_BYTES)
        const headers = { 'Content-Range': `${at}-${at + chunk.byteLength - 1}` }
        answer = await expectStatus(202, send(`PATCH ${locationOf(answer)}`, chunk, headers))
      }
      await expectStatus(201, send(`PUT ${locationOf(answer, `digest=${sha256}`)}`))
    })
  })
})

describe('a layer of 20 MiB that another repository has', () => {
  test('containerd-style: no parts, the bytes are only verified', async () => {
    const fresh = await open()
    // The question has looked at the data already.
    await costs({ calls: FRAME }, () => pushAsContainerd(fresh, 'known/first', content))
  })

  test('docker-style: the parts, but no copy', async () => {
    const { CompleteMultipartUpload, ...parts } = partCalls(content.bytes.byteLength)
    const calls = sum(FRAME, parts, restCalls(content.bytes.byteLength), {
      CompleteMultipartUpload: CompleteMultipartUpload ?? 0,
      ListParts: 1,
    })
    const fresh = await open()
    await costs({ calls }, () => pushAsDocker(fresh, 'known/last', content))
  })
})

describe('20 MiB in other ways', () => {
  const size = 20 * MEBIBYTE

  test('PUT in chunks, without a length: written, whatever is there', async () => {
    const { bytes, sha256 } = blob('chunked', size)
    const begun = await begin(send, 'app')
    await costs({ calls: sum({ PutObject: 1 }, partCalls(size)) }, () =>
      expectStatus(201, send(`PUT ${locationOf(begun, `digest=${sha256}`)}`, inChunks(bytes))),
    )
  })

  test('by sha512: staged and copied, linked under both digests, and found by the second', async () => {
    const { bytes, sha512 } = blob('sha512', size)
    const calls = sum(partCalls(size), copyCalls(size), {
      PutObject: 3,
      HeadObject: 1,
      DeleteObject: 1,
    })
    await costs({ calls }, () =>
      expectStatus(201, send(`POST /v2/app/blobs/uploads/?digest=${sha512}`, bytes)),
    )
  })

  test('whose digest does not match: the parts are dropped', async () => {
    const { bytes } = blob('wrong', size)
    const { sha256 } = blob('right', 1)
    const { CompleteMultipartUpload: _, UploadPart = 0, ...begun } = partCalls(size)
    // The last part waits for the verification, so it is never sent.
    const calls = sum(begun, { UploadPart: UploadPart - 1, HeadObject: 1, AbortMultipartUpload: 1 })
    await costs({ calls }, () =>
      expectStatus(400, send(`POST /v2/app/blobs/uploads/?digest=${sha256}`, bytes)),
    )
  })

  test('in chunks of 1 MiB: each staged, 16 at most read for a part', async () => {
    const { bytes, sha256 } = blob('small chunks', size)
    let answer = await begin(send, 'app')
    const calls = {
      // Chunk 12 fills a part, with the 11 staged before it; the last 8 are read by the PUT.
      // Each chunk reads how far the upload is, and notes how far it is then.
      PutObject: 11 + 8 + 1 + 20,
      GetObject: 11 + 8 + 20,
      CreateMultipartUpload: 1,
      UploadPart: 2,
      ListParts: 1,
      CompleteMultipartUpload: 1,
      // Each chunk but the first looks whether the upload was cancelled.
      HeadObject: 1 + 19,
      CopyObject: 1,
      // What no state names any more is found by listing.
      AbortMultipartUpload: 1,
      ListObjectsV2: 1,
      DeleteObjects: 1,
    }
    await costs({ calls }, async () => {
      for (let at = 0; at < size; at += MEBIBYTE) {
        const headers = { 'Content-Range': `${at}-${at + MEBIBYTE - 1}` }
        const chunk = bytes.subarray(at, at + MEBIBYTE)
        answer = await expectStatus(202, send(`PATCH ${locationOf(answer)}`, chunk, headers))
      }
      await expectStatus(201, send(`PUT ${locationOf(answer, `digest=${sha256}`)}`))
    })
  })
})
