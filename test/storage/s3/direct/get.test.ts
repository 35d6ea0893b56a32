/**
 * Reads without the SDK: which responses they accept, and which they leave to it.
 *
 * @module
 */
import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { trying } from '../../../../functions/storage/s3/direct/fallback.ts'
import { bytes, drain } from '../../contract/harness.ts'
import { openOn, openStore } from '../harness.ts'

/** Whether the SDK sent a request: a direct one has no user agent. */
const bySdk = (request: IncomingMessage): boolean => request.headers['user-agent'] !== undefined

const refusal = (code: string): string => `<Error><Code>${code}</Code></Error>`

const answerWith = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { ETag: '"1"', 'Content-Length': Buffer.byteLength(text) }).end(text)
}

describe('direct reads', () => {
  it('of keys with any characters, in whole and in part', async (t) => {
    const { store, s3 } = await openStore(t)
    const keys = ["a b+c!'()*~,;=@:&$", 'é/ü/漢', 'catalog/app!', '%41%2F', 'a//b', 'x?y#z']
    for (const key of keys) {
      await store.put(key, bytes(key), { metadata: { size: '7' } })
      s3.counter.reset()
      const read = await store.get(key)
      assert.equal(read?.info.metadata.size, '7')
      assert.equal(String(await drain(read)), key)
      const part = await store.get(key, { start: 1, end: 2 })
      assert.equal(part?.info.size, bytes(key).length)
      assert.deepEqual(Buffer.from(await drain(part)), Buffer.from(bytes(key).subarray(1, 3)))
      assert.deepEqual(s3.counter.counts, { GetObject: 2 })
    }
  })

  it('are sent first, and are the only request if the response is clear', async (t) => {
    const seen: boolean[] = []
    const store = await openOn(t, (request, response) => {
      seen.push(bySdk(request))
      const none = request.url?.includes('none')
      answerWith(response, none ? 404 : 200, none ? refusal('NoSuchKey') : 'x')
    })
    assert.equal(String(await drain(await store.get('a'))), 'x')
    assert.equal(await store.get('none'), undefined)
    assert.deepEqual(seen, [false, false])
  })

  const others: readonly (readonly [string, RequestListener])[] = [
    ['a failure', (_, response) => answerWith(response, 500, refusal('InternalError'))],
    ['throttling', (_, response) => answerWith(response, 503, refusal('SlowDown'))],
    ['a refusal', (_, response) => answerWith(response, 403, refusal('RequestTimeTooSkewed'))],
    ['no bucket', (_, response) => answerWith(response, 404, refusal('NoSuchBucket'))],
    ['a long page', (_, response) => answerWith(response, 404, 'x'.repeat(100_000))],
    ['a cut connection', (request) => request.socket.destroy()],
    ['a response without a length', (_, response) => void response.writeHead(200).write('half')],
    ['a redirect', (_, response) => response.writeHead(301, { Location: '/' }).end()],
  ]
  for (const [description, answer] of others) {
    it(`leave ${description} to the SDK`, async (t) => {
      const store = await openOn(t, (request, response) => {
        if (bySdk(request)) answerWith(response, 200, 'from the SDK')
        else answer(request, response)
      })
      assert.equal(String(await drain(await store.get('a'))), 'from the SDK')
    })
  }

  it('name the owner the bucket must have', async (t) => {
    const owners: unknown[] = []
    const store = await openOn(
      t,
      (request, response) => {
        owners.push(request.headers['x-amz-expected-bucket-owner'])
        answerWith(response, 200, 'x')
      },
      { expectedBucketOwner: '123456789012' },
    )
    await drain(await store.get('a'))
    assert.deepEqual(owners, ['123456789012'])
  })

  it('report why the SDK has to repeat one', async (t) => {
    const reported: unknown[] = []
    const store = await openOn(
      t,
      (request, response) => {
        if (bySdk(request)) answerWith(response, 200, 'from the SDK')
        else if (request.url?.includes('cut')) request.socket.destroy()
        else answerWith(response, 503, refusal('SlowDown'))
      },
      { reportFallback: (doing, reason) => reported.push([doing, String(reason)]) },
    )
    for (const key of ['slow', 'cut']) await drain(await store.get(key))
    expect(reported).toEqual([
      ['get slow', 'Error: a response of status 503'],
      ['get cut', expect.stringContaining('socket hang up')],
    ])
  })

  it.each([TypeError, RangeError, ReferenceError])('do not hide a %o', async (Fault) => {
    const failure = new Fault('a mistake')
    const report = () => expect.unreachable('it was taken for a failure of S3')
    await expect(trying('get a', report, () => Promise.reject(failure))).rejects.toBe(failure)
  })

  it('are not sent if they are switched off', async (t) => {
    const seen: boolean[] = []
    const store = await openOn(
      t,
      (request, response) => {
        seen.push(bySdk(request))
        answerWith(response, 200, 'x'.repeat(100_000))
      },
      { direct: false },
    )
    assert.equal(String(await drain(await store.get('a'))).length, 100_000)
    assert.deepEqual(seen, [true])
  })
})
