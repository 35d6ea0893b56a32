/**
 * "Pushing blobs" of the specification: all ways to push, with all special contents.
 *
 * @module
 */

import assert from 'node:assert/strict'
import {
  type Algorithm,
  type Answer,
  assertError,
  digestOf,
  locationOf,
  type Repository,
  type Rule,
  withDigest,
} from './client.ts'

/** Sends a chunk that starts at `first`. @returns the Location for the next one */
const chunk = async (repository: Repository, location: string, first: number, bytes: Buffer) => {
  const last = first + bytes.length - 1
  const headers = { 'content-range': `${first}-${last}` }
  const answer = await repository.send('PATCH', location, { headers, body: bytes })
  assert.equal(answer.status, 202, answer.body.toString())
  assert.equal(answer.headers.get('range'), `0-${last}`)
  return locationOf(answer)
}

type Push = (repository: Repository, bytes: Buffer, digest: string) => Promise<Answer>

const ways: Readonly<Record<string, Push>> = {
  'one POST': (repository, body, digest) =>
    repository.send('POST', withDigest('blobs/uploads/', digest), { body }),
  'POST and PUT': async (repository, body, digest) =>
    repository.send('PUT', withDigest(await repository.begin(), digest), { body }),
  'a PATCH without a length': async (repository, bytes, digest) => {
    const body = new Blob([new Uint8Array(bytes)]).stream()
    const answer = await repository.send('PATCH', await repository.begin(), { body })
    assert.equal(answer.status, 202, answer.body.toString())
    return repository.send('PUT', withDigest(locationOf(answer), digest))
  },
  'three chunks': async (repository, bytes, digest) => {
    const third = Math.ceil(bytes.length / 3)
    let location = await repository.begin()
    for (let first = 0; first < bytes.length; first += third) {
      location = await chunk(repository, location, first, bytes.subarray(first, first + third))
    }
    return repository.send('PUT', withDigest(location, digest))
  },
  'two chunks, the last in the PUT': async (repository, bytes, digest) => {
    const half = Math.ceil(bytes.length / 2)
    const location =
      half === 0
        ? await repository.begin()
        : await chunk(repository, await repository.begin(), 0, bytes.subarray(0, half))
    const body = bytes.subarray(half)
    const headers = body.length > 0 ? { 'content-range': `${half}-${bytes.length - 1}` } : {}
    return repository.send('PUT', withDigest(location, digest), { headers, body })
  },
}

const contents: Readonly<Record<string, Buffer>> = {
  'no byte': Buffer.alloc(0),
  '{}': Buffer.from('{}'),
  // More than one part of an S3 upload, and not a multiple of one.
  '12,345,678 bytes': Buffer.alloc(12_345_678, 'slipway'),
}

const algorithms: readonly Algorithm[] = ['sha256', 'sha512']

const pushRules: readonly Rule[] = Object.entries(ways).flatMap(([way, push]) =>
  Object.entries(contents).flatMap(([content, bytes]) =>
    algorithms.map((algorithm) => ({
      rule: `${content}, by ${way}, as ${algorithm}: 201, and pullable at its Location`,
      check: async (repository: Repository) => {
        const digest = digestOf(bytes, algorithm)
        const answer = await push(repository, bytes, digest)
        assert.equal(answer.status, 201, answer.body.toString())
        const pulled = await repository.send('GET', locationOf(answer))
        assert.equal(pulled.status, 200)
        assert.ok(pulled.body.equals(bytes))
        assert.ok((await repository.send('GET', `blobs/${digest}`)).body.equals(bytes))
      },
    })),
  ),
)

const wrongDigestRules: readonly Rule[] = Object.entries(ways).flatMap(([way, push]) =>
  algorithms.map((algorithm) => ({
    rule: `another blob's ${algorithm} digest, by ${way}: 400, and nothing is stored`,
    check: async (repository: Repository) => {
      const digest = digestOf('other bytes', algorithm)
      const answer = await push(repository, Buffer.from('these bytes'), digest)
      assertError(answer, 400, 'DIGEST_INVALID')
      for (const at of [digest, digestOf('these bytes', algorithm)]) {
        assert.equal((await repository.send('HEAD', `blobs/${at}`)).status, 404)
      }
    },
  })),
)

const malformed = ['sha256:abc', 'nonsense', `md5:${'0'.repeat(32)}`, `sha256:${'g'.repeat(64)}`]

const malformedRules: readonly Rule[] = malformed.map((digest) => ({
  rule: `the digest ${digest.slice(0, 20)}: 400`,
  check: async (repository) => {
    const target = withDigest(await repository.begin(), digest)
    const answer = await repository.send('PUT', target, { body: 'bytes' })
    assertError(answer, 400, 'DIGEST_INVALID', 'UNSUPPORTED')
  },
}))

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/

export const uploadRules: readonly Rule[] = [
  ...pushRules,
  ...wrongDigestRules,
  ...malformedRules,
  {
    rule: 'POST: 202, and its Location contains a new UUID',
    check: async (repository) => {
      const ids = [await repository.begin(), await repository.begin()].map(
        (location) => uuid.exec(location)?.[0],
      )
      assert.ok(ids[0] && ids[1], 'no UUID')
      assert.notEqual(ids[0], ids[1])
    },
  },
  {
    rule: 'POST accepts digest-algorithm=sha512',
    check: async (repository) => {
      const location = await repository.begin('?digest-algorithm=sha512')
      const next = await chunk(repository, location, 0, Buffer.from('long digest'))
      const digest = digestOf('long digest', 'sha512')
      assert.equal((await repository.send('PUT', withDigest(next, digest))).status, 201)
      assert.equal((await repository.send('HEAD', `blobs/${digest}`)).status, 200)
    },
  },
  {
    rule: 'a chunk out of order: 416; GET returns the offset, from which the upload continues',
    check: async (repository) => {
      const bytes = Buffer.from('0123456789')
      const second = await chunk(repository, await repository.begin(), 0, bytes.subarray(0, 4))
      const early = { headers: { 'content-range': '6-9' }, body: bytes.subarray(6) }
      assert.equal((await repository.send('PATCH', second, early)).status, 416)
      const digest = digestOf(bytes)
      assert.equal((await repository.send('PUT', withDigest(second, digest), early)).status, 416)

      const state = await repository.send('GET', second)
      assert.equal(state.status, 204)
      assert.equal(state.headers.get('range'), '0-3')
      const third = await chunk(repository, locationOf(state), 4, bytes.subarray(4))
      assert.equal((await repository.send('PUT', withDigest(third, digest))).status, 201)
      assert.deepEqual((await repository.send('GET', `blobs/${digest}`)).body, bytes)
    },
  },
  {
    rule: 'a first chunk that does not start at 0: 416',
    check: async (repository) => {
      const request = { headers: { 'content-range': '5-9' }, body: '56789' }
      const answer = await repository.send('PATCH', await repository.begin(), request)
      assert.equal(answer.status, 416)
    },
  },
  {
    rule: 'DELETE of an upload: 204, and its bytes do not become a blob',
    check: async (repository) => {
      const location = await chunk(repository, await repository.begin(), 0, Buffer.from('gone'))
      assert.equal((await repository.send('DELETE', location)).status, 204)
      assert.equal((await repository.send('HEAD', `blobs/${digestOf('gone')}`)).status, 404)
    },
  },
  ...['', 'from'].map((parameter) => ({
    rule: `a mount ${parameter ? 'from another repository' : 'without from'}: 201`,
    check: async (repository: Repository) => {
      const source = repository.sibling('source')
      const digest = await source.pushBlob(`mounted ${repository.name}`)
      const from = parameter && `&from=${encodeURIComponent(source.name)}`
      const answer = await repository.send('POST', `blobs/uploads/?mount=${digest}${from}`)
      assert.equal(answer.status, 201)
      const pulled = await repository.send('GET', locationOf(answer))
      assert.equal(pulled.body.toString(), `mounted ${repository.name}`)
    },
  })),
  {
    rule: 'a mount of a blob that does not exist: 202, which starts an upload',
    check: async (repository) => {
      const bytes = `not mounted ${repository.name}`
      const digest = digestOf(bytes)
      const location = await repository.begin(`?mount=${digest}&from=nobody/here`)
      const answer = await repository.send('PUT', withDigest(location, digest), { body: bytes })
      assert.equal(answer.status, 201)
    },
  },
]
