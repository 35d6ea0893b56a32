import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import type { S3Store } from '../../../../functions/storage/s3/store.ts'
import { MIN_PART_SIZE } from '../../../../functions/storage/store.ts'
import { until } from '../../../support/until.ts'
import { block, bytes, drain, putParts } from '../../contract/harness.ts'
import { openOn, openStore } from '../harness.ts'

type Call = (store: S3Store) => Promise<unknown>

describe('requests of the S3 store', () => {
  it('are one per call', async (t) => {
    const { store, s3 } = await openStore(t)
    await putParts(store, 'a', [block(1), block(2)])
    const upload = await store.createMultipart('m', MIN_PART_SIZE)
    const part = await store.uploadPart(upload, 1, bytes('x'))
    const other = await store.createMultipart('n', MIN_PART_SIZE)
    const rows: [Record<string, number>, Call][] = [
      [{ GetObject: 1 }, async (s) => drain(await s.get('a', { start: 1 }))],
      [{ GetObject: 1 }, (s) => s.get('none')],
      [{ HeadObject: 1 }, (s) => s.head('a')],
      [{ PutObject: 1 }, (s) => s.put('p', bytes('x'))],
      [{ PutObject: 1 }, (s) => s.put('q', bytes('x'), { condition: { ifNoneMatch: '*' } })],
      [{ CopyObject: 1 }, (s) => s.copy('p', 'c', 1)],
      [{}, (s) => s.delete([])],
      [{ DeleteObject: 1 }, (s) => s.delete(['c'])],
      [{ DeleteObjects: 1 }, (s) => s.delete(['p', 'q'])],
      [{ DeleteObjects: 2 }, (s) => s.delete(Array.from({ length: 1001 }, (_, n) => `k${n}`))],
      [{ ListObjectsV2: 1 }, (s) => s.list('', { delimiter: '/', startAfter: 'a' })],
      [{ CreateMultipartUpload: 1 }, (s) => s.createMultipart('o', MIN_PART_SIZE)],
      [{ UploadPart: 1 }, (s) => s.uploadPart(upload, 2, bytes('y'))],
      [{ ListParts: 1 }, (s) => s.listParts(upload)],
      [{ ListMultipartUploads: 1 }, (s) => s.listMultiparts('')],
      [{ CompleteMultipartUpload: 1 }, (s) => s.completeMultipart(upload, [part])],
      [{ AbortMultipartUpload: 1 }, (s) => s.abortMultipart(other)],
      [{}, (s) => s.presign('GET', 'a', { expiresIn: 60 })],
    ]
    for (const [expected, call] of rows) {
      s3.counter.reset()
      await call(store)
      assert.deepEqual(s3.counter.counts, expected, String(call))
    }
  })

  it('reuse a URL for a fifth of its lifetime', async (t) => {
    const { store } = await openStore(t)
    vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.now() })
    t.onTestFinished(() => void vi.useRealTimers())
    const url = (method: 'GET' | 'HEAD', contentType?: string) =>
      store.presign(method, 'a', { expiresIn: 5, ...(contentType && { contentType }) })
    const first = await url('GET')
    assert.equal(await url('GET'), first)
    const others = [await url('HEAD'), await url('GET', 'text/plain')]
    assert.equal(new Set([first, ...others]).size, 3)
    vi.advanceTimersByTime(1_100)
    assert.notEqual(await url('GET'), first)
  })

  it('list more parts and uploads than one page has', async (t) => {
    const { store, s3 } = await openStore(t)
    const { uploads } = s3.objects
    const upload = await store.createMultipart('m', MIN_PART_SIZE)
    await store.uploadPart(upload, 1, bytes('x'))
    const begun = uploads.get(upload.id) ?? assert.fail('no upload')
    const part = begun.parts.get(1) ?? assert.fail('no part')
    for (let number = 2; number <= 1001; number += 1) begun.parts.set(number, part)
    const numbers = (await store.listParts(upload)).map(({ number }) => number)
    assert.deepEqual(
      numbers,
      Array.from({ length: 1001 }, (_, index) => index + 1),
    )
    for (let at = 0; at < 1001; at += 1) {
      const id = `another-${at}`
      uploads.set(id, { ...begun, id, key: 'n' })
    }
    const ids = (await store.listMultiparts('')).map(({ id }) => id)
    assert.equal(new Set(ids).size, 1002)
    assert.equal(ids.length, 1002)
  })

  it('name the bucket owner, and the KMS key if an object is written', async (t) => {
    let headers: IncomingHttpHeaders = {}
    const store = await openOn(
      t,
      (incoming, response) => {
        headers = incoming.headers
        incoming.resume().on('end', () => {
          response.writeHead(400).end('<Error><Code>Recorded</Code></Error>')
        })
      },
      { expectedBucketOwner: '111122223333', kmsKeyId: 'the-key' },
    )
    const upload = { key: 'a', id: 'u' }
    const part = { number: 1, etag: 'e', size: 1 }
    const rows: [Call, { encrypts?: true; copies?: true }][] = [
      [(s) => s.get('a'), {}],
      [(s) => s.head('a'), {}],
      [(s) => s.put('a', bytes('x')), { encrypts: true }],
      [(s) => s.copy('a', 'b', 1), { encrypts: true, copies: true }],
      [(s) => s.delete(['a']), {}],
      [(s) => s.delete(['a', 'b']), {}],
      [(s) => s.list(''), {}],
      [(s) => s.createMultipart('a', MIN_PART_SIZE), { encrypts: true }],
      [(s) => s.uploadPart(upload, 1, bytes('x')), {}],
      [(s) => s.listParts(upload), {}],
      [(s) => s.completeMultipart(upload, [part]), {}],
      [(s) => s.abortMultipart(upload), {}],
      [(s) => s.listMultiparts(''), {}],
    ]
    for (const [call, { encrypts, copies }] of rows) {
      headers = {}
      await assert.rejects(call(store))
      const why = String(call)
      assert.equal(headers['x-amz-expected-bucket-owner'], '111122223333', why)
      const source = headers['x-amz-source-expected-bucket-owner']
      assert.equal(source, copies && '111122223333', why)
      assert.equal(headers['x-amz-server-side-encryption'], encrypts && 'aws:kms', why)
      assert.equal(
        headers['x-amz-server-side-encryption-aws-kms-key-id'],
        encrypts && 'the-key',
        why,
      )
      assert.equal(headers['transfer-encoding'], undefined, why)
    }
  })

  it('also name the owner of the source if a large object is copied in parts', async (t) => {
    const seen: IncomingHttpHeaders[] = []
    const store = await openOn(
      t,
      ({ url = '', headers }, response) => {
        seen.push(headers)
        if (!url.includes('uploads')) return void response.writeHead(400).end('<Error/>')
        response.end(
          '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>',
        )
      },
      { expectedBucketOwner: '111122223333' },
    )
    await expect(store.copy('a', 'b', 200 * 1024 * 1024)).rejects.toThrow()
    const parts = seen.filter((headers) => headers['x-amz-copy-source-range'] !== undefined)
    expect(parts).not.toEqual([])
    for (const headers of parts) {
      expect(headers).toMatchObject({
        'x-amz-expected-bucket-owner': '111122223333',
        'x-amz-source-expected-bucket-owner': '111122223333',
      })
    }
  })

  it('put keys below the prefix, with or without slashes around it', async (t) => {
    const paths: string[] = []
    for (const prefix of ['', 'p', '/p/', 'p/q/']) {
      const store = await openOn(
        t,
        (incoming, response) => {
          paths.push(incoming.url!.replace(/\?.*/, ''))
          incoming.resume().on('end', () => response.setHeader('ETag', '"x"').end())
        },
        { prefix },
      )
      await store.put('a/b', bytes('x'))
    }
    assert.deepEqual(paths, ['/b/a/b', '/b/p/a/b', '/b/p/a/b', '/b/p/q/a/b'])
  })

  it.for([true, false])('end with their body, discarded (direct: %s)', async (direct, t) => {
    const closed = Promise.withResolvers<void>()
    const listener: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': 1e12, etag: '"e"' })
      response.write('x'.repeat(100_000))
      once(response, 'close').then(() => closed.resolve())
    }
    const store = await openOn(t, listener, { direct })
    const read = await store.get('a')
    for await (const _ of read!.body) break
    await closed.promise
  })

  it.for([true, false])('fail before anybody reads their body (direct: %s)', async (direct, t) => {
    const uncaught: unknown[] = []
    const note = (error: unknown): void => void uncaught.push(error)
    process.prependListener('uncaughtException', note)
    t.onTestFinished(() => void process.off('uncaughtException', note))
    const cut = Promise.withResolvers<void>()
    const listener: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': 100_000, etag: '"e"' })
      response.write('x')
      void cut.promise.then(() => response.destroy())
    }
    const store = await openOn(t, listener, { direct })
    const read = (await store.get('a'))!
    const { body } = read
    assert.ok(body instanceof Readable)
    cut.resolve()
    await until(() => body.destroyed)
    // The one who reads it later is told, and until then nobody is.
    await expect(drain(read)).rejects.toMatchObject({ failure: 'unavailable' })
    expect(uncaught).toEqual([])
  })
})
