/**
 * The contract of multipart uploads.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { MIN_PART_SIZE, type Part } from '../../../functions/storage/store.ts'
import { block, bytes, drain, fails, putParts, type Subject, textAt } from './harness.ts'

/** Declares the tests. */
export const multipartTests = ({ store, test }: Subject): void => {
  const create = (key: string) => store().createMultipart(key, MIN_PART_SIZE)

  test('parts out of order and in parallel make one object', async (base) => {
    const key = `${base}dir/big`
    const upload = await create(key)
    assert.equal(upload.key, key)
    const bodies = [block(1), block(2), block(3), block(4, 100)]
    const order = [4, 2, 1, 3]
    const stored = await Promise.all(
      order.map((number) => store().uploadPart(upload, number, bodies[number - 1]!)),
    )
    const parts = stored.toSorted((a, b) => a.number - b.number)
    assert.deepEqual(
      parts.map(({ size }) => size),
      bodies.map(({ length }) => length),
    )
    assert.deepEqual(await store().listParts(upload), parts)
    assert.equal(await store().head(key), undefined)
    assert.deepEqual((await store().list(base)).objects, [])
    const { etag } = await store().completeMultipart(upload, parts)
    assert.equal((await store().head(key))?.etag, etag)
    assert.ok((await drain(await store().get(key))).equals(Buffer.concat(bodies)))
    assert.equal((await store().head(key))?.size, 3 * MIN_PART_SIZE + 100)
    assert.deepEqual(await store().listMultiparts(base), [])
  })

  test('a completion replaces the object and changes its etag', async (base) => {
    const { etag } = await store().put(`${base}a`, bytes('old'))
    await putParts(store(), `${base}a`, [bytes('new')])
    assert.notEqual((await store().head(`${base}a`))?.etag, etag)
    assert.equal(await textAt(store(), `${base}a`), 'new')
  })

  test('a part that replaces another counts, the other does not', async (base) => {
    const upload = await create(`${base}a`)
    const old = await store().uploadPart(upload, 1, block(1))
    const last = await store().uploadPart(upload, 2, bytes('end'))
    const mid = await store().uploadPart(upload, 1, block(2))
    const now = await store().uploadPart(upload, 1, block(3))
    assert.deepEqual(await store().listParts(upload), [now, last])
    await fails('multipart', store().completeMultipart(upload, [old, last]))
    await fails('multipart', store().completeMultipart(upload, [mid, last]))
    await store().completeMultipart(upload, [now, last])
    const expected = Buffer.concat([block(3), bytes('end')])
    assert.ok((await drain(await store().get(`${base}a`))).equals(expected))
  })

  test('parallel writers of one part never mix their bytes', async (base) => {
    for (let round = 0; round < 3; round++) {
      const upload = await create(`${base}${round}`)
      const writes = [1, 2, 3, 4].map((fill) => store().uploadPart(upload, 1, block(fill)))
      const written = await Promise.all(writes)
      const [current] = await store().listParts(upload)
      const fill = written.findIndex(({ etag }) => etag === current?.etag) + 1
      await store().completeMultipart(upload, [current!])
      assert.ok((await drain(await store().get(`${base}${round}`))).equals(block(fill)))
    }
  })

  test('parts that are not named are left out', async (base) => {
    const upload = await create(`${base}a`)
    const parts: Part[] = []
    for (const number of [1, 2, 3])
      parts.push(await store().uploadPart(upload, number, block(number)))
    await store().completeMultipart(upload, parts.slice(0, 2))
    const expected = Buffer.concat([block(1), block(2)])
    assert.ok((await drain(await store().get(`${base}a`))).equals(expected))
  })

  test('part numbers may have gaps', async (base) => {
    const upload = await create(`${base}a`)
    const first = await store().uploadPart(upload, 2, block(2))
    const last = await store().uploadPart(upload, 7, bytes('end'))
    await store().completeMultipart(upload, [first, last])
    const expected = Buffer.concat([block(2), bytes('end')])
    assert.ok((await drain(await store().get(`${base}a`))).equals(expected))
  })

  test('a completion that names other parts than stored fails and can be corrected', async (base) => {
    const upload = await create(`${base}a`)
    const one = await store().uploadPart(upload, 1, block(1))
    const two = await store().uploadPart(upload, 2, block(2, 10))
    const three = await store().uploadPart(upload, 3, block(3, 10))
    const rows: Record<string, Part[]> = {
      'no parts': [],
      'not ascending': [two, one],
      twice: [one, one],
      'wrong etag': [{ ...one, etag: two.etag }, two],
      'never stored': [one, { ...two, number: 4 }],
      'short but not last': [one, two, three],
    }
    for (const [why, parts] of Object.entries(rows)) {
      await fails('multipart', store().completeMultipart(upload, parts)).catch((error: Error) => {
        throw new Error(`${why}: ${error.message}`)
      })
      assert.equal(await store().head(`${base}a`), undefined, why)
    }
    await store().completeMultipart(upload, [one, two])
    assert.equal((await store().head(`${base}a`))?.size, MIN_PART_SIZE + 10)
  })

  test('an upload that is gone accepts and returns nothing', async (base) => {
    const upload = await create(`${base}a`)
    const part = await store().uploadPart(upload, 1, bytes('x'))
    await store().abortMultipart(upload)
    await store().abortMultipart(upload)
    await fails('multipart', store().uploadPart(upload, 1, bytes('x')))
    await fails('multipart', store().listParts(upload))
    await fails('multipart', store().completeMultipart(upload, [part]))
    assert.equal(await store().head(`${base}a`), undefined)
    assert.deepEqual(await store().listMultiparts(base), [])
  })

  test('open uploads are found by key prefix', async (base) => {
    const before = Date.now()
    const uploads = [
      await create(`${base}x/1`),
      await create(`${base}x/1`),
      await create(`${base}y`),
    ]
    const ids = async (prefix: string) =>
      (await store().listMultiparts(prefix)).map(({ id }) => id).toSorted()
    assert.deepEqual(await ids(base), uploads.map(({ id }) => id).toSorted())
    assert.deepEqual(
      await ids(`${base}x/`),
      uploads
        .slice(0, 2)
        .map(({ id }) => id)
        .toSorted(),
    )
    assert.deepEqual(await ids(`${base}z`), [])
    const [found] = await store().listMultiparts(`${base}y`)
    assert.equal(found?.key, `${base}y`)
    assert.ok(Math.abs(found.started.getTime() - before) < 60_000)
    for (const upload of uploads) await store().abortMultipart(upload)
    assert.deepEqual(await ids(base), [])
  })

  test('part sizes and numbers out of range are refused', async (base) => {
    await assert.rejects(store().createMultipart(`${base}a`, MIN_PART_SIZE - 1), RangeError)
    const upload = await create(`${base}a`)
    for (const number of [0, 10_001, 1.5]) {
      await assert.rejects(store().uploadPart(upload, number, bytes('x')), RangeError)
    }
    await store().abortMultipart(upload)
  })
}
