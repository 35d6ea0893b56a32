/**
 * "Pulling blobs", "Checking if content exists", "Deleting Blobs" of the specification.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { assertError, digestOf, type Rule } from './client.ts'

const absent = digestOf('never pushed')
const thousand = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251))

const absentRules: readonly Rule[] = ['GET', 'HEAD', 'DELETE'].map((method) => ({
  rule: `${method} of a blob that is not in the repository: 404`,
  check: async (repository) => {
    await repository.pushBlob('something else')
    await repository.sibling('other').pushBlob('never pushed')
    const answer = await repository.send(method, `blobs/${absent}`)
    if (method === 'HEAD') assert.equal(answer.status, 404)
    else assertError(answer, 404, 'BLOB_UNKNOWN')
  },
}))

const ranges = [
  { range: 'bytes=100-199', first: 100, last: 199 },
  { range: 'bytes=900-', first: 900, last: 999 },
  { range: 'bytes=-10', first: 990, last: 999 },
  { range: 'bytes=990-2000', first: 990, last: 999 },
  { range: 'bytes=0-0', first: 0, last: 0 },
]

const rangeRules: readonly Rule[] = ranges.map(({ range, first, last }) => ({
  rule: `GET of ${range}: 206 with only these bytes`,
  check: async (repository) => {
    const digest = await repository.pushBlob(thousand)
    const answer = await repository.send('GET', `blobs/${digest}`, { headers: { range } })
    assert.equal(answer.status, 206)
    assert.equal(answer.headers.get('content-range'), `bytes ${first}-${last}/1000`)
    assert.deepEqual(answer.body, thousand.subarray(first, last + 1))
  },
}))

export const blobRules: readonly Rule[] = [
  ...absentRules,
  ...rangeRules,
  {
    rule: 'GET of a range that starts after the end: 416',
    check: async (repository) => {
      const digest = await repository.pushBlob(thousand)
      const headers = { range: 'bytes=1000-1999' }
      assert.equal((await repository.send('GET', `blobs/${digest}`, { headers })).status, 416)
    },
  },
  {
    rule: 'GET: 200 with the bytes and their digest',
    check: async (repository) => {
      const digest = await repository.pushBlob(thousand)
      const { status, headers, redirect, body } = await repository.send('GET', `blobs/${digest}`)
      assert.equal(status, 200)
      assert.deepEqual(body, thousand)
      assert.equal((redirect ?? headers).get('docker-content-digest'), digest)
    },
  },
  {
    rule: 'HEAD: 200 with the length and the digest',
    check: async (repository) => {
      const digest = await repository.pushBlob(thousand)
      const { status, headers, redirect, body } = await repository.send('HEAD', `blobs/${digest}`)
      assert.equal(status, 200)
      assert.equal(headers.get('content-length'), '1000')
      assert.equal((redirect ?? headers).get('docker-content-digest'), digest)
      assert.equal(body.length, 0)
    },
  },
  {
    rule: 'DELETE: 202, and then the blob is gone',
    check: async (repository) => {
      const digest = await repository.pushBlob(thousand)
      const kept = repository.sibling('kept')
      await kept.pushBlob(thousand)
      assert.equal((await repository.send('DELETE', `blobs/${digest}`)).status, 202)
      assertError(await repository.send('GET', `blobs/${digest}`), 404, 'BLOB_UNKNOWN')
      assert.equal((await repository.send('HEAD', `blobs/${digest}`)).status, 404)
      assert.equal((await kept.send('GET', `blobs/${digest}`)).status, 200)
    },
  },
]
