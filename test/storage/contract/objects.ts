/**
 * The contract of whole objects: put, get, head, copy, delete.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import type { ByteRange } from '../../../functions/storage/store.ts'
import { bytes, drain, fails, type Subject, textAt } from './harness.ts'

/** Declares the tests. */
export const objectTests = ({ store, test }: Subject): void => {
  test('what was put can be read, with size, etag and time', async (base) => {
    const key = `${base}a`
    const body = Uint8Array.from({ length: 256 }, (_, index) => index)
    const before = Date.now()
    const { etag } = await store().put(key, body)
    const read = await store().get(key)
    assert.deepEqual(await drain(read), Buffer.from(body))
    const head = await store().head(key)
    for (const info of [read?.info, head]) {
      assert.ok(info)
      assert.equal(info.size, 256)
      assert.equal(info.etag, etag)
      assert.doesNotMatch(info.etag, /"/)
      assert.ok(Math.abs(info.modified.getTime() - before) < 60_000)
    }
    assert.deepEqual([read?.start, read?.end], [0, 255])
  })

  test('writes of the same bytes have versions of their own, if any', async (base) => {
    const infos = []
    for (const _ of [1, 2]) {
      await store().put(`${base}v`, bytes('same'))
      infos.push((await store().get(`${base}v`))?.info)
    }
    const [first, second] = infos
    assert.equal(first?.version === undefined, second?.version === undefined)
    if (second?.version !== undefined) assert.notEqual(first?.version, second.version)
    assert.equal((await store().head(`${base}v`))?.version, second?.version)
  })

  test('a key without an object is undefined', async (base) => {
    assert.equal(await store().get(`${base}none`), undefined)
    assert.equal(await store().get(`${base}none`, { start: 0 }), undefined)
    assert.equal(await store().head(`${base}none`), undefined)
  })

  test('a call that the store carries out is noted as none that failed', async (base) => {
    await store().head(`${base}none`)
    assert.equal(store().lastCalls.unavailable, 0)
  })

  test('an empty object has bytes 0 to -1', async (base) => {
    await store().put(`${base}e`, new Uint8Array())
    const read = await store().get(`${base}e`)
    assert.deepEqual([read?.start, read?.end, read?.info.size], [0, -1, 0])
    assert.equal((await drain(read)).length, 0)
  })

  test('a put replaces the object and changes its etag', async (base) => {
    const seen = new Set<string>()
    for (let index = 100; index < 250; index++) {
      const { etag } = await store().put(`${base}a`, bytes(`body ${index}`))
      seen.add(etag)
      assert.equal((await store().head(`${base}a`))?.etag, etag)
    }
    assert.equal(seen.size, 150)
    assert.equal(await textAt(store(), `${base}a`), 'body 249')
  })

  test('a key may be an object and a prefix', async (base) => {
    await store().put(`${base}a/b/c`, bytes('c'))
    assert.equal(await store().head(`${base}a`), undefined)
    assert.equal(await store().head(`${base}a/b`), undefined)
    await store().put(`${base}a`, bytes('a'))
    await store().put(`${base}a/b`, bytes('b'))
    for (const key of ['a', 'a/b', 'a/b/c']) {
      assert.equal(await textAt(store(), base + key), key.slice(-1))
    }
    await store().delete([`${base}a/b`])
    assert.equal(await textAt(store(), `${base}a/b/c`), 'c')
    assert.equal(await textAt(store(), `${base}a`), 'a')
  })

  test('keys may hold any character, and are told apart', async (base) => {
    const keys = [
      'a b',
      'a+b',
      'a%20b',
      'ä',
      'a\u0308',
      '日本',
      '\u{1f600}',
      "!*'()",
      '?x=1&y#z',
      '\\',
    ]
    for (const key of keys) await store().put(base + key, bytes(key))
    for (const key of keys) assert.equal(await textAt(store(), base + key), key)
    const listed = (await store().list(base)).objects.map(({ key }) => key)
    const sorted = keys.map((key) => Buffer.from(base + key)).sort(Buffer.compare)
    assert.deepEqual(listed, sorted.map(String))
    await store().copy(`${base}a+b`, `${base}a%2Bb`, 3)
    assert.equal(await textAt(store(), `${base}a%2Bb`), 'a+b')
  })

  test('metadata is kept as given, or not at all', async (base) => {
    await store().put(`${base}m`, bytes('x'), { metadata: { 'media-type': 'text/plain; a="b"' } })
    const metadata = (await store().head(`${base}m`))?.metadata
    const kept = { 'media-type': 'text/plain; a="b"' }
    assert.deepEqual(metadata, Object.keys(metadata ?? {}).length === 0 ? {} : kept)
    await store().put(`${base}m`, bytes('y'), {
      condition: { ifMatch: (await store().head(`${base}m`))!.etag },
    })
    assert.deepEqual((await store().head(`${base}m`))?.metadata, {})
  })

  test('a body with another SHA-256 is refused and stores nothing', async (base) => {
    const key = `${base}s`
    const right = hash('sha256', 'right', 'hex')
    await fails('checksum', store().put(key, bytes('wrong'), { sha256: right }))
    assert.equal(await store().head(key), undefined)
    await store().put(key, bytes('right'), { sha256: right })
    await fails('checksum', store().put(key, bytes('wrong'), { sha256: right }))
    assert.equal(await textAt(store(), key), 'right')
  })

  test('a body whose SHA-256 was computed here is stored', async (base) => {
    const sha256 = hash('sha256', 'right', 'hex')
    await store().put(`${base}here`, bytes('right'), { sha256, computedHere: true })
    assert.equal(await textAt(store(), `${base}here`), 'right')
  })

  test('a read continues with the version it began with', async (base) => {
    const size = 4 * 1024 * 1024
    await store().put(`${base}v`, new Uint8Array(size).fill(1))
    const read = await store().get(`${base}v`)
    await store().put(`${base}v`, new Uint8Array(size).fill(2))
    await store().delete([`${base}v`])
    const body = await drain(read)
    assert.ok(body.equals(new Uint8Array(size).fill(1)))
  })

  const ranges: [ByteRange, string][] = [
    [{ start: 0 }, '0123456789'],
    [{ start: 3 }, '3456789'],
    [{ start: 0, end: 0 }, '0'],
    [{ start: 2, end: 5 }, '2345'],
    [{ start: 9, end: 9 }, '9'],
    [{ start: 8, end: 100 }, '89'],
    [{ suffix: 1 }, '9'],
    [{ suffix: 4 }, '6789'],
    [{ suffix: 100 }, '0123456789'],
  ]
  for (const [range, expected] of ranges) {
    test(`range ${JSON.stringify(range)}`, async (base) => {
      await store().put(`${base}r`, bytes('0123456789'))
      const read = await store().get(`${base}r`, range)
      assert.equal(read?.info.size, 10)
      assert.equal('0123456789'.slice(read.start, read.end + 1), expected)
      assert.equal(String(await drain(read)), expected)
    })
  }

  const bad: ByteRange[] = [
    { start: 10 },
    { start: 10, end: 20 },
    { start: 5, end: 4 },
    { suffix: 0 },
  ]
  for (const range of bad) {
    test(`unsatisfiable range ${JSON.stringify(range)}`, async (base) => {
      await store().put(`${base}r`, bytes('0123456789'))
      await fails('range', store().get(`${base}r`, range))
    })
  }

  test('no range of an empty object is satisfiable', async (base) => {
    await store().put(`${base}e`, new Uint8Array())
    await fails('range', store().get(`${base}e`, { start: 0 }))
    await fails('range', store().get(`${base}e`, { suffix: 5 }))
  })

  test('a copy is independent of its source', async (base) => {
    await store().put(`${base}from`, bytes('one'), { metadata: { a: 'b' } })
    await store().put(`${base}to/x`, bytes('old'))
    await store().copy(`${base}from`, `${base}to/x`, 3)
    assert.deepEqual((await store().head(`${base}to/x`))?.metadata, {})
    await store().copy(`${base}from`, `${base}to/x`, 3)
    await store().put(`${base}from`, bytes('two'))
    assert.equal(await textAt(store(), `${base}to/x`), 'one')
    await store().delete([`${base}from`])
    assert.equal(await textAt(store(), `${base}to/x`), 'one')
    await fails('missing', store().copy(`${base}from`, `${base}to/x`, 3))
    assert.equal(await textAt(store(), `${base}to/x`), 'one')
  })

  test('a copy of one version takes no other', async (base) => {
    const { etag } = await store().put(`${base}from`, bytes('one'))
    await store().copy(`${base}from`, `${base}to`, 3, etag)
    assert.equal(await textAt(store(), `${base}to`), 'one')
    await store().put(`${base}from`, bytes('two'))
    await fails('missing', store().copy(`${base}from`, `${base}to`, 3, etag))
    assert.equal(await textAt(store(), `${base}to`), 'one')
    const now = await store().head(`${base}from`)
    await store().copy(`${base}from`, `${base}to`, 3, now?.etag)
    assert.equal(await textAt(store(), `${base}to`), 'two')
  })

  test('delete takes keys that are there and keys that are not', async (base) => {
    await store().delete([])
    await store().delete([`${base}none`])
    for (const key of ['a', 'b', 'a/x']) await store().put(base + key, bytes(key))
    await store().delete(['a', 'none', 'a/y', 'b'].map((key) => base + key))
    const { objects } = await store().list(base)
    assert.deepEqual(
      objects.map(({ key }) => key),
      [`${base}a/x`],
    )
  })

  test('delete takes 1100 keys', async (base) => {
    const keys = Array.from({ length: 1100 }, (_, index) => `${base}k/${index % 7}/${index}`)
    const writers = keys.values()
    const work = async () => {
      for (const key of writers) await store().put(key, bytes(key))
    }
    await Promise.all(Array.from({ length: 16 }, work))
    assert.equal((await store().list(base)).objects.length, 1000)
    await store().delete(keys)
    assert.deepEqual(await store().list(base), { objects: [], prefixes: [], truncated: false })
  })
}
