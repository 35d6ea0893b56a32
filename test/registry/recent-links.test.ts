/**
 * What is remembered of links, and for how long.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, beforeEach, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import {
  createRecentLinks,
  MAX_AGE,
  type RecentLinks,
  writeLink,
} from '../../functions/registry/links.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

const KEY = 'docker/registry/v2/repositories/app/_layers/sha256/x/link'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let store: ObjectStore
let clock: number
let reads: number
let links: RecentLinks
const target = async () => (await links.read(KEY))?.target
/** Deletes it as it is. */
const remove = async (by: RecentLinks) => by.deleteIf(KEY, (await store.head(KEY))?.etag ?? '')

beforeAll(async () => {
  directory = await temporaryDirectory()
})
afterAll(() => directory.remove())
beforeEach(async () => {
  const files = openFileStore(directory.path)
  clock = 1_000_000
  reads = 0
  store = {
    ...files,
    get: (key, range) => {
      reads += 1
      return files.get(key, range)
    },
  }
  links = createRecentLinks(store, () => clock)
  await store.delete([KEY])
})

test('a link that is there is read once in five seconds', async () => {
  await writeLink(store, KEY, CONFIG.sha256)
  for (const later of [0, 1, MAX_AGE - 1]) {
    clock = 1_000_000 + later
    assert.equal(await target(), CONFIG.sha256)
  }
  assert.equal(reads, 1)
  clock = 1_000_000 + MAX_AGE + 1
  assert.equal(await target(), CONFIG.sha256)
  assert.equal(reads, 2)
})

test('a link that is not there is read each time', async () => {
  assert.equal(await target(), undefined)
  await writeLink(store, KEY, CONFIG.sha256)
  assert.equal(await target(), CONFIG.sha256)
})

test('one that this instance writes is not read, with or without a size', async () => {
  for (const size of [7, undefined]) {
    await links.write(KEY, CONFIG.sha256, size)
    assert.deepEqual(await links.read(KEY), { target: CONFIG.sha256, size })
  }
  assert.equal(reads, 0)
})

test('one that this instance deletes is gone at once', async () => {
  await writeLink(store, KEY, CONFIG.sha256)
  await target()
  await remove(links)
  assert.equal(await target(), undefined)
})

test('one that another instance deletes is gone after five seconds', async () => {
  await writeLink(store, KEY, CONFIG.sha256)
  await target()
  await remove(createRecentLinks(store, () => clock))
  assert.equal(await target(), CONFIG.sha256)
  clock += MAX_AGE + 1
  assert.equal(await target(), undefined)
})

test('one that another instance deletes and tells of is gone when the delete is done', async () => {
  await writeLink(store, KEY, CONFIG.sha256)
  await target()
  const told: string[] = []
  const other = createRecentLinks(
    store,
    () => clock,
    undefined,
    async (key) => {
      told.push(key)
      links.drop(key)
    },
  )
  await remove(other)
  assert.deepEqual(told, [KEY])
  assert.equal(await target(), undefined)
})

test('what was read while it was deleted is not remembered', async () => {
  await writeLink(store, KEY, CONFIG.sha256)
  /** Reads that have their object, and wait to be let on. */
  const waiting: (() => void)[] = []
  const oneWaits = async () => {
    while (waiting.length === 0) await new Promise(setImmediate)
  }
  const slow: ObjectStore = {
    ...store,
    get: async (key) => {
      const read = await store.get(key)
      await new Promise<void>((resolve) => void waiting.push(resolve))
      return read
    },
  }
  links = createRecentLinks(slow, () => clock)
  const reading = target()
  await oneWaits()
  await remove(links)
  await new Promise(setImmediate)
  waiting.shift()?.()
  assert.equal(await reading, CONFIG.sha256)
  const again = links.read(KEY)
  await oneWaits()
  waiting.shift()?.()
  assert.equal(await again, undefined)
  assert.equal(reads, 2)
})

test('a delete that fails makes it forget as well', async () => {
  await writeLink(store, KEY, CONFIG.sha256)
  const failing = { ...store, deleteIf: () => Promise.reject(new Error('no')) }
  links = createRecentLinks(failing, () => clock)
  await target()
  await assert.rejects(remove(links), /no/)
  assert.equal(reads, 1)
  await target()
  assert.equal(reads, 2)
})
