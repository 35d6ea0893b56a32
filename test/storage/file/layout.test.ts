import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { openFileStore } from '../../../functions/compose/file-store.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { bytes, subjectOf, textAt } from '../contract/harness.ts'
import { listingProperty } from '../contract/listing.ts'
import { filesBelow, openStore } from './harness.ts'

const LINK = 'docker/registry/v2/repositories/a/_layers/sha256/ab/link'

describe('layout of the file store', () => {
  it('keeps verbatim keys as paths, and other objects in directories', async (t) => {
    const { store, root } = await openStore(t)
    for (const key of [LINK, 'slipway/v1/catalog/a', 'slipway/v1/catalog/a/b']) {
      await store.put(key, bytes(key))
    }
    assert.deepEqual(await filesBelow(root), [
      LINK,
      'slipway/v1/catalog/a/$',
      'slipway/v1/catalog/a/b/$',
    ])
    assert.equal(await readFile(join(root, LINK), 'utf8'), LINK)
  })

  it('lets only the owner read what distribution does not have', async (t) => {
    const { store, root } = await openStore(t)
    const secret = 'slipway/v1/config/signing-keys'
    for (const key of [LINK, secret]) await store.put(key, bytes(key))
    const readable = async (path: string) => (await stat(join(root, path))).mode & 0o077
    assert.notEqual(await readable(LINK), 0)
    assert.equal(await readable(`${secret}/$`), 0)
  })

  it('serves what another program wrote there', async (t) => {
    const { store, root } = await openStore(t)
    await mkdir(dirname(join(root, LINK)), { recursive: true })
    await writeFile(join(root, LINK), 'sha256:ab')
    assert.equal(await textAt(store, LINK), 'sha256:ab')
    const { etag } = (await store.head(LINK))!
    await writeFile(`${join(root, LINK)}.new`, 'sha256:cd')
    await rename(`${join(root, LINK)}.new`, join(root, LINK))
    assert.notEqual((await store.head(LINK))?.etag, etag)
    assert.deepEqual(
      (await store.list('')).objects.map(({ key }) => key),
      [LINK],
    )
    assert.equal(await store.get(dirname(LINK)), undefined)
    assert.equal(await store.head(`${LINK}/below`), undefined)
    await store.delete([dirname(LINK), `${LINK}/below`])
    assert.equal(await textAt(store, LINK), 'sha256:cd')
  })

  it('gives every write a time of its own, since versions are made of it', async (t) => {
    const { store, root } = await openStore(t)
    const keys = Array.from({ length: 100 }, (_, index) => `docker/registry/v2/${index}`)
    await Promise.all(keys.map((key) => store.put(key, bytes('same'))))
    const stats = await Promise.all(keys.map((key) => stat(join(root, key), { bigint: true })))
    assert.equal(new Set(stats.map(({ mtimeNs }) => mtimeNs)).size, 100)
  })

  it('keeps its own files out of listings', async (t) => {
    const { store, root } = await openStore(t)
    const upload = await store.createMultipart('a', 5 * 1024 ** 2)
    await store.uploadPart(upload, 1, bytes('x'))
    assert.notEqual((await filesBelow(join(root, '.slipway'))).length, 0)
    for (const prefix of ['', '.', '.slipway', '.slipway/', '.slipway/uploads/']) {
      for (const delimiter of ['', '/'] as const) {
        const page = await store.list(prefix, delimiter === '' ? {} : { delimiter })
        assert.deepEqual(page, { objects: [], prefixes: [], truncated: false })
      }
    }
  })

  it('removes directories that a delete leaves empty, and no others', async (t) => {
    const { store, root } = await openStore(t)
    await store.put('docker/registry/v2/r/tags/a/current/link', bytes(''))
    await store.put('docker/registry/v2/r/tags/b/current/link', bytes(''))
    await store.put('k', bytes(''))
    await store.put('k/below', bytes(''))
    await store.delete(['docker/registry/v2/r/tags/a/current/link', 'k/below'])
    assert.deepEqual(await readdir(join(root, 'docker/registry/v2/r/tags')), ['b'])
    assert.deepEqual(await readdir(join(root, 'k')), ['$'])
    await store.delete(['docker/registry/v2/r/tags/b/current/link', 'k'])
    assert.deepEqual(await readdir(root), ['.slipway'])
    // What a killed delete leaves.
    await mkdir(join(root, 'docker/registry/v2/r/tags/c/current'), { recursive: true })
    await store.delete(['docker/registry/v2/r/tags/c/current/link'])
    assert.deepEqual(await readdir(root), ['.slipway'])
  })

  it('does not roll up directories without an object', async (t) => {
    const { store, root } = await openStore(t)
    await mkdir(join(root, 'docker/registry/v2/empty/deep'), { recursive: true })
    await mkdir(join(root, 'other/deep'), { recursive: true })
    const page = await store.list('', { delimiter: '/' })
    assert.deepEqual(page, { objects: [], prefixes: [], truncated: false })
  })

  const forbidden = [
    ...['', '/', '/a', 'a/', 'a//b', '.', '..', '../x', 'a/../../x', 'a/./b', 'a/..'],
    ...['docker/registry/v2/../../../../x', 'docker/registry/v2//x', 'a\0b', '$', 'a/$', '$/a'],
    ...['.slipway', '.slipway/tmp/x', '\ud800', 'x'.repeat(256), `${'x/'.repeat(512)}xx`],
  ]
  for (const key of forbidden) {
    it(`refuses the key ${JSON.stringify(key).slice(0, 40)}`, async (t) => {
      const { store, root, outside } = await openStore(t)
      await store.put('from', bytes('x'))
      await writeFile(join(outside, 'x'), 'secret')
      const calls: ((store: ObjectStore) => Promise<unknown>)[] = [
        (s) => s.put(key, bytes('x')),
        (s) => s.get(key),
        (s) => s.head(key),
        (s) => s.delete([key]),
        (s) => s.copy('from', key, 1),
        (s) => s.copy(key, 'to', 1),
        (s) => s.createMultipart(key, 5 * 1024 ** 2),
      ]
      for (const call of calls) await assert.rejects(call(store), RangeError)
      assert.deepEqual((await store.list(`${key}/`)).objects, [])
      assert.deepEqual(await filesBelow(outside), ['root/from/$', 'x'])
      assert.deepEqual((await readdir(root)).toSorted(), ['.slipway', 'from'])
    })
  }

  for (const id of ['', '..', '../../x', '../tmp', 'x'.repeat(36)]) {
    it(`knows no upload ${JSON.stringify(id)}`, async (t) => {
      const { store, outside } = await openStore(t)
      await mkdir(join(outside, 'x'))
      await writeFile(
        join(outside, 'x/upload'),
        JSON.stringify({ key: 'a', partSize: 5 * 1024 ** 2 }),
      )
      const upload = { key: 'a', id }
      const failure = { failure: 'multipart' }
      await assert.rejects(store.uploadPart(upload, 1, bytes('x')), failure)
      await assert.rejects(store.listParts(upload), failure)
      await assert.rejects(store.completeMultipart(upload, []), failure)
      await store.abortMultipart(upload)
      assert.deepEqual(await filesBelow(outside), ['x/upload'])
    })
  }

  it('finds an upload only by both its id and its key', async (t) => {
    const { store } = await openStore(t)
    const { id } = await store.createMultipart('a', 5 * 1024 ** 2)
    await assert.rejects(store.listParts({ key: 'b', id }), { failure: 'multipart' })
    await store.abortMultipart({ key: 'b', id })
    assert.deepEqual(await store.listParts({ key: 'a', id }), [])
  })

  describe('the registry tree', () => {
    let root = ''
    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'slipway-file-'))
    })
    afterAll(() => rm(root, { recursive: true, force: true }))
    // Here a file cannot also be a directory.
    const isFlat = (keys: readonly string[]) =>
      !keys.some((key) => keys.some((other) => other.startsWith(`${key}/`)))
    const subject = subjectOf(() => openFileStore(root))
    listingProperty(subject, 'lists as the model has it', 'docker/registry/v2/', isFlat)
  })
})
