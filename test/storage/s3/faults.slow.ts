import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, it } from 'vitest'
import { createS3Store, type S3Store } from '../../../functions/storage/s3/store.ts'
import { MIN_PART_SIZE } from '../../../functions/storage/store.ts'
import type { Fault } from '../../emulators/s3/faults.ts'
import { block, bytes, drain, fails, putParts, textAt } from '../contract/harness.ts'
import { openOn, openStore } from './harness.ts'

const XML = { 'content-type': 'application/xml' }

describe('faults of S3', () => {
  const passing: [string, Fault, number][] = [
    ['InternalError', { error: 'InternalError' }, 2],
    ['SlowDown', { error: 'SlowDown' }, 1],
    ['a dropped connection', { drop: 'before' }, 2],
    ['a lost response', { drop: 'after' }, 1],
  ]
  for (const [name, fault, times] of passing) {
    it(`${name} is retried`, async (t) => {
      const { store, s3 } = await openStore(t)
      await putParts(store, 'a', [block(1), bytes('end')])
      const upload = await store.createMultipart('m', MIN_PART_SIZE)
      const calls: Record<string, (s: S3Store) => Promise<unknown>> = {
        GetObject: async (s) => drain(await s.get('a')),
        HeadObject: async (s) => assert.ok(await s.head('a')),
        PutObject: (s) => s.put('p', bytes('x')),
        CopyObject: (s) => s.copy('p', 'c', 1),
        UploadPart: (s) => s.uploadPart(upload, 1, block(1)),
        ListParts: async (s) => assert.equal((await s.listParts(upload)).length, 1),
        CompleteMultipartUpload: async (s) =>
          s.completeMultipart(upload, await s.listParts(upload)),
        ListObjectsV2: async (s) => assert.equal((await s.list('')).objects.length, 4),
        DeleteObject: (s) => s.delete(['c']),
        DeleteObjects: (s) => s.delete(['c', 'p']),
      }
      for (const [operation, call] of Object.entries(calls)) {
        s3.faults.next({ operation }, fault, times)
        s3.counter.reset()
        await call(store)
        assert.equal(s3.counter.counts[operation], times + 1, operation)
      }
      const whole = await drain(await store.get('m'))
      assert.ok(whole.equals(block(1)))
    })
  }

  it('an error in a response with status 200 is retried', async (t) => {
    const { store, s3 } = await openStore(t)
    await store.put('a', bytes('x'))
    s3.faults.next({ operation: 'CopyObject' }, { errorIn200: 'InternalError' })
    s3.faults.next({ operation: 'CompleteMultipartUpload' }, { errorIn200: 'InternalError' })
    await store.copy('a', 'b', 1)
    await putParts(store, 'c', [bytes('y')])
    assert.deepEqual([await textAt(store, 'b'), await textAt(store, 'c')], ['x', 'y'])
  })

  it('a failure that persists is unavailable', async (t) => {
    const { store, s3 } = await openStore(t)
    await store.put('a', bytes('old'))
    s3.faults.next({}, { error: 'InternalError' }, 100)
    s3.counter.reset()
    await fails('unavailable', store.put('a', bytes('new')))
    // One without the SDK, then those of the SDK.
    assert.equal(s3.counter.total, 7)
    s3.faults.clear()
    assert.equal(await textAt(store, 'a'), 'old')
  })

  it('a server that cannot be reached is unavailable', async () => {
    const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }
    // Nothing ever listens on port 1.
    const endpoint = 'http://127.0.0.1:1'
    const store = createS3Store({ bucket: 'b', region: 'us-east-1', endpoint, credentials })
    const local = createS3Store({
      ...{ bucket: 'b', region: 'us-east-1', endpoint, credentials },
      forcePathStyle: true,
    })
    await Promise.all([store, local].map((each) => fails('unavailable', each.head('a'))))
  })

  it('a refusal is not a missing object, and has the message of S3', async (t) => {
    const { s3 } = await openStore(t)
    const { endpoint, region, bucket, accessKeyId } = s3
    const store = createS3Store({
      ...{ endpoint, region, bucket, forcePathStyle: true },
      credentials: { accessKeyId, secretAccessKey: 'wrong' },
    })
    const refused = { name: 'StoreError', failure: 'unavailable', message: /SignatureDoesNotMatch/ }
    await assert.rejects(store.get('a'), refused)
    await assert.rejects(store.put('a', bytes('x')), refused)
    await assert.rejects(store.head('a'), ({ cause }) => cause.$metadata.httpStatusCode === 403)
  })

  it.for([true, false])(
    'a body cut short is an error, not an end (direct: %s)',
    async (direct, t) => {
      const { store, s3 } = await openStore(t, { direct })
      await store.put('a', new Uint8Array(1_000_000))
      s3.faults.next({ operation: 'GetObject' }, { cutAfter: 300_000 })
      const read = await store.get('a')
      await fails('unavailable', drain(read))
    },
  )
})

describe('lost responses of S3', () => {
  const after: Fault = { drop: 'after' }

  it('to a conditional put do not make it fail because of its own write', async (t) => {
    const { store, s3 } = await openStore(t)
    s3.faults.next({ operation: 'PutObject' }, after)
    const first = await store.put('a', bytes('1'), { condition: { ifNoneMatch: '*' } })
    assert.equal((await store.head('a'))?.etag, first.etag)
    s3.faults.next({ operation: 'PutObject' }, after)
    const second = await store.put('a', bytes('2'), { condition: { ifMatch: first.etag } })
    assert.equal((await store.head('a'))?.etag, second.etag)
    assert.deepEqual((await store.head('a'))?.metadata, {})
  })

  it('do not mistake another writer’s equal content for one’s own', async (t) => {
    const { store, s3 } = await openStore(t)
    const condition = { ifNoneMatch: '*' } as const
    await store.put('a', bytes('same'), { condition })
    s3.faults.next({ operation: 'PutObject' }, { drop: 'before' })
    await fails('precondition', store.put('a', bytes('same'), { condition }))
  })

  it('to a completion do not lose the object', async (t) => {
    const { store, s3 } = await openStore(t)
    s3.faults.next({ operation: 'CompleteMultipartUpload' }, after)
    await putParts(store, 'a', [block(1), bytes('end')])
    assert.equal((await store.head('a'))?.size, MIN_PART_SIZE + 3)
  })

  it('do not mistake another object for the upload', async (t) => {
    const { store } = await openStore(t)
    await putParts(store, 'a', [block(1), bytes('one')])
    const upload = await store.createMultipart('a', MIN_PART_SIZE)
    const parts = [
      await store.uploadPart(upload, 1, block(1)),
      await store.uploadPart(upload, 2, bytes('two')),
    ]
    await store.abortMultipart(upload)
    await fails('multipart', store.completeMultipart(upload, parts))
  })

  /** A server that does not know the upload and has an object with these properties. */
  const forgetful = (facts: Record<string, string>, lose: boolean) => {
    let completions = 0
    const listener: RequestListener = (incoming, response) => {
      if (incoming.method === 'HEAD') response.writeHead(200, facts).end()
      else if (completions++ === 0 && lose) incoming.socket.destroy()
      else response.writeHead(404, XML).end('<Error><Code>NoSuchUpload</Code></Error>')
    }
    return listener
  }
  const kms = { 'x-amz-server-side-encryption': 'aws:kms', 'content-length': '8' }
  const rows: [string, Record<string, string>, boolean, boolean][] = [
    ['count and size under KMS', { ...kms, etag: '"0123-2"' }, true, true],
    ['not if it was sent once', { ...kms, etag: '"0123-2"' }, false, false],
    ['not with another count', { ...kms, etag: '"0123-3"' }, true, false],
    ['not with another size', { ...kms, etag: '"0123-2"', 'content-length': '9' }, true, false],
    ['not without KMS', { etag: '"0123-2"', 'content-length': '8' }, true, false],
  ]
  for (const [name, facts, lose, completed] of rows) {
    it(`to a completion: ${name}`, async (t) => {
      const store = await openOn(t, forgetful(facts, lose))
      const parts = [1, 2].map((number) => ({ number, etag: `${number}`.repeat(32), size: 4 }))
      const call = store.completeMultipart({ key: 'a', id: 'u' }, parts)
      if (completed) await call
      else await fails('multipart', call)
    })
  }
})

describe('conflicts in S3', () => {
  /** Responds to the nth request, except HEAD, with the nth status and body, then with the last. */
  const script = (...answers: [number, string][]) => {
    const seen: string[] = []
    const listener: RequestListener = (incoming, response) => {
      if (incoming.method === 'HEAD') {
        response.writeHead(404).end()
        return
      }
      let body = ''
      incoming.on('data', (chunk) => {
        body += chunk
      })
      incoming.on('end', () => {
        const [status, text] = answers[Math.min(seen.push(body), answers.length) - 1]!
        response.writeHead(status, { ...XML, etag: '"e"' }).end(text)
      })
    }
    return { seen, listener }
  }
  const conflict: [number, string] = [409, '<Error><Code>ConditionalRequestConflict</Code></Error>']
  const condition = { ifNoneMatch: '*' } as const

  it('of conditional puts are retried', async (t) => {
    const { seen, listener } = script(conflict, conflict, [200, ''])
    const store = await openOn(t, listener)
    assert.deepEqual(await store.put('a', bytes('x'), { condition }), { etag: 'e' })
    assert.deepEqual(seen, ['x', 'x', 'x'])
  })

  it('with the removal of a folder are retried', async (t) => {
    const folder: [number, string] = [409, '<Error><Code>ExistingObjectIsDirectory</Code></Error>']
    const { seen, listener } = script(folder, [200, ''])
    const store = await openOn(t, listener)
    assert.deepEqual(await store.put('a/b', bytes('x')), { etag: 'e' })
    assert.deepEqual(seen, ['x', 'x'])
  })

  it('that persist are a failed precondition', async (t) => {
    const { seen, listener } = script(conflict)
    const store = await openOn(t, listener)
    await fails('precondition', store.put('a', bytes('x'), { condition }))
    assert.equal(seen.filter((body) => body === 'x').length, 5)
  })

  const result = (code: string): [number, string] => [
    200,
    `<DeleteResult><Error><Key>b</Key><Code>${code}</Code></Error></DeleteResult>`,
  ]

  it('of single keys of a delete are retried, for those keys', async (t) => {
    const { seen, listener } = script(result('InternalError'), [200, '<DeleteResult/>'])
    const store = await openOn(t, listener)
    await store.delete(['a', 'b', 'c'])
    const keys = seen.map((body) => [...body.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key))
    assert.deepEqual(keys, [['a', 'b', 'c'], ['b']])
  })

  it('of single keys of a delete are not treated as success', async (t) => {
    const lasting = await openOn(t, script(result('SlowDown')).listener)
    await fails('unavailable', lasting.delete(['a', 'b']))
    const denied = await openOn(t, script(result('AccessDenied')).listener)
    await assert.rejects(denied.delete(['a', 'b']), /AccessDenied/)
  })
})
