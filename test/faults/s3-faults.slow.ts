/**
 * An S3 that fails during a push: the client does not notice short failures, gets 503 for long ones,
 * and nothing unverified becomes readable.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, afterEach, describe, test } from 'vitest'
import type { Fault, FaultMatch } from '../emulators/s3/faults.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { allObjects, checkStore } from '../support/rig/invariants.ts'
import {
  begin,
  type PushBlob,
  pushAsContainerd,
  pushAsDocker,
  pushAtOnce,
  pushImage,
  sendChunk,
} from '../support/rig/push.ts'
import { openBucket, storeOn } from '../support/rig/stores.ts'

const { s3, store, close } = await openBucket()
afterAll(close)
afterEach(() => s3.faults.clear())

const SIZE = 15 * 1024 * 1024

/** Clients, by how they send a blob; chunks make the registry stage, read and copy. */
const STYLES: Readonly<Record<string, PushBlob>> = {
  'docker-style': pushAsDocker,
  'containerd-style': pushAsContainerd,
  'in chunks': async (send, name, { bytes, sha256 }) => {
    let answer = await begin(send, name)
    const chunk = 3_000_000
    for (let at = 0; at < bytes.byteLength; at += chunk) {
      const part = bytes.subarray(at, at + chunk)
      const headers = { 'Content-Range': `${at}-${at + part.byteLength - 1}` }
      answer = await expectStatus(202, send(`PATCH ${locationOf(answer)}`, part, headers))
    }
    await expectStatus(201, send(`PUT ${locationOf(answer, `digest=${sha256}`)}`))
  },
}

let count = 0
/** Pushes a new image and reads it back through an app that remembers nothing. */
const roundTrip = async (style: PushBlob): Promise<void> => {
  const name = `image/${count++}`
  const layer = blob(name, SIZE)
  const send = await clientOf(storeOn(s3))
  const image = await pushImage(send, name, 'v1', [layer], style)
  s3.faults.clear()
  const reader = await clientOf(store)
  const manifest = await expectStatus(200, reader(`GET /v2/${name}/manifests/v1`))
  assert.ok(manifest.body.equals(image.bytes))
  const read = await expectStatus(200, reader(`GET /v2/${name}/blobs/${layer.sha256}`))
  assert.ok(read.body.equals(layer.bytes))
}

/** Every operation of a push, by style. */
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  'docker-style': [
    'GetObject',
    'PutObject',
    'CreateMultipartUpload',
    'UploadPart',
    'ListParts',
    'CompleteMultipartUpload',
    'HeadObject',
    'CopyObject',
    'DeleteObjects',
  ],
  'containerd-style': ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'],
  'in chunks': ['GetObject', 'PutObject', 'CreateMultipartUpload', 'UploadPart', 'ListObjectsV2'],
}

/** Checks that a push needs these operations, so that their faults take effect. */
const checkTaken = (operations: readonly string[]): void => {
  const missing = operations.filter((operation) => !s3.counter.counts[operation])
  assert.deepEqual(missing, [], 'operations that the push did without')
}

describe('responses lost after the call was carried out', () => {
  for (const [style, operations] of Object.entries(OPERATIONS)) {
    for (const operation of operations) {
      test(`${operation}, ${style}`, async () => {
        s3.counter.reset()
        s3.faults.next({ operation }, { drop: 'after' }, 2)
        await roundTrip(STYLES[style] as PushBlob)
        checkTaken([operation])
      })
    }
  }
})

describe('storms that the client does not notice', () => {
  const every = OPERATIONS['docker-style'] ?? []
  const storms: readonly (readonly [string, readonly string[], Fault])[] = [
    // The SDK waits about a second each time it is told to slow down.
    ['SlowDown at writes', ['PutObject', 'CompleteMultipartUpload'], { error: 'SlowDown' }],
    ['InternalError at every operation', every, { error: 'InternalError' }],
    ['connections cut before every call', every, { drop: 'before' }],
    ['responses to every operation cut in the middle', every, { cutAfter: 20 }],
  ]
  for (const [description, operations, fault] of storms) {
    test(description, async () => {
      s3.counter.reset()
      for (const operation of operations) s3.faults.next({ operation }, fault)
      await roundTrip(pushAsDocker)
      checkTaken(operations)
    })
  }

  test('errors in a response of 200, as completions and copies can have', async () => {
    s3.faults.next({ operation: 'CompleteMultipartUpload' }, { errorIn200: 'InternalError' })
    s3.faults.next({ operation: 'CopyObject' }, { errorIn200: 'SlowDown' })
    await roundTrip(pushAsDocker)
  })
})

describe('failures that last', () => {
  const LASTING: Fault = { error: 'InternalError' }
  const small = blob('small', 1000)
  const large = blob('large', SIZE)
  const CHUNK = { 'Content-Range': `0-${small.bytes.byteLength - 1}` }

  /** A request that gets 503 when the operation keeps failing. */
  const table: readonly {
    readonly description: string
    readonly match: FaultMatch
    readonly request: (
      send: Send,
    ) => Promise<[request: string, body?: Buffer, headers?: Readonly<Record<string, string>>]>
  }[] = [
    {
      description: 'data of a small blob',
      match: { operation: 'PutObject', key: /\/data$/ },
      request: async () => [`POST /v2/app/blobs/uploads/?digest=${small.sha256}`, small.bytes],
    },
    {
      description: 'link of a blob',
      match: { operation: 'PutObject', key: /\/link$/ },
      request: async () => [`POST /v2/app/blobs/uploads/?digest=${small.sha256}`, small.bytes],
    },
    {
      description: 'begin of parts',
      match: { operation: 'CreateMultipartUpload' },
      request: async () => [`POST /v2/app/blobs/uploads/?digest=${large.sha256}`, large.bytes],
    },
    {
      description: 'a part',
      match: { operation: 'UploadPart' },
      request: async () => [`POST /v2/app/blobs/uploads/?digest=${large.sha256}`, large.bytes],
    },
    {
      description: 'completion of parts',
      match: { operation: 'CompleteMultipartUpload' },
      request: async () => [`POST /v2/app/blobs/uploads/?digest=${large.sha256}`, large.bytes],
    },
    {
      description: 'staging of a chunk',
      match: { operation: 'PutObject', key: /uploads\// },
      request: async (send) => [
        `PATCH ${locationOf(await begin(send, 'app'))}`,
        small.bytes,
        CHUNK,
      ],
    },
    {
      description: 'data that lands before the commit',
      match: { operation: 'PutObject', key: /\/data$/ },
      request: async (send) => [`PATCH ${locationOf(await begin(send, 'app'))}`, small.bytes],
    },
    {
      description: 'copy of what was staged',
      match: { operation: 'CopyObject' },
      request: async (send) => {
        const patched = await sendChunk(send, await begin(send, 'app'), small.bytes)
        return [`PUT ${locationOf(patched, `digest=${small.sha256}`)}`]
      },
    },
    {
      description: 'link of a manifest',
      match: { operation: 'PutObject', key: /revisions/ },
      request: async () => ['PUT /v2/ready/manifests/v1', imageOf().bytes],
    },
    {
      description: 'link of a tag',
      match: { operation: 'PutObject', key: /current\/link/ },
      request: async () => ['PUT /v2/ready/manifests/v1', imageOf().bytes],
    },
    {
      description: 'lookup of a reference',
      match: { operation: 'GetObject', key: /_layers/ },
      request: async () => ['PUT /v2/ready/manifests/v1', imageOf().bytes],
    },
  ]

  for (const { description, match, request } of table) {
    test(`${description}: 503, nothing readable, and a retry succeeds`, async (t) => {
      const own = await openBucket()
      t.onTestFinished(own.close)
      const send = await clientOf(own.store)
      // By another instance, so that this one has to read it.
      await pushAtOnce(await clientOf(own.store), 'ready', CONFIG)
      const [line, body, headers] = await request(send)
      const tagged = (await allObjects(own.store)).filter(({ key }) => key.includes('/tags/'))
      own.s3.faults.next(match, LASTING, 1000)
      const answer = await send(line, body, headers)
      assert.equal(answer.status, 503, answer.body.toString())
      assert.equal(codeOf(answer), 'UNAVAILABLE')
      assert.match(answer.headers.get('Retry-After') ?? '', /^\d+$/)
      own.s3.faults.clear()

      const { links } = await checkStore(own.store)
      assert.deepEqual(
        links.filter((link) => link.startsWith('app/') || link.endsWith('/current')),
        tagged.map(({ key }) => key),
      )
      const retried = await send(line, body, headers)
      assert.ok(retried.status === 201 || retried.status === 202, retried.body.toString())
    })
  }

  test('responses that are cut in the middle: 503, and a retry succeeds', async (t) => {
    const own = await openBucket()
    t.onTestFinished(own.close)
    const send = await clientOf(own.store)
    const cut: Fault = { cutAfter: 5 }
    const patch = async (bytes: Buffer): Promise<string> => {
      return locationOf(await sendChunk(send, await begin(send, 'app'), bytes))
    }
    await pushAtOnce(await clientOf(own.store), 'app', CONFIG)
    const requests: readonly (readonly [match: RegExp, line: string, status: number])[] = [
      [/_layers/, `HEAD /v2/app/blobs/${CONFIG.sha256}`, 200],
      // Staged bytes, read for the commit; the staged whole, read for its sha512.
      [/uploads/, `PUT ${await patch(small.bytes)}&digest=${small.sha512}`, 201],
      [/uploads/, `PUT ${await patch(large.bytes)}&digest=${large.sha512}`, 201],
    ]
    for (const [key, line, status] of requests) {
      own.s3.faults.next({ operation: 'GetObject', key }, cut, 1000)
      const answer = await send(line)
      assert.equal(answer.status, 503, answer.body.toString())
      own.s3.faults.clear()
      await expectStatus(status, send(line))
    }
    await checkStore(own.store)
  })

  test('an unreachable S3: 503', async () => {
    const gone = await openBucket()
    const send = await clientOf(gone.store)
    await gone.close()
    const answer = await send('GET /v2/app/tags/list')
    assert.equal(answer.status, 503)
    assert.equal(codeOf(answer), 'UNAVAILABLE')
  })
})

test('after all of this the store is consistent', async () => {
  await checkStore(store)
})
