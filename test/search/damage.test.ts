/**
 * What of the index is damaged, or was written by a later version: nobody takes what is left for all there is, and nobody
 * writes over what they cannot read.
 *
 * @module
 */

import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bring } from '../../functions/search/keep.ts'
import { bucketOf, NAMES_KEY, shardKey, TERMS_KEY } from '../../functions/search/keys.ts'
import { mend } from '../../functions/search/mend.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { expectStatus, type Send } from '../support/rig/client.ts'
import { pushImage } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { indexed, searching } from './rig.ts'

const VICTIM = 'victim/app'

/** Another repository of its bucket. */
const OTHER = ((): string => {
  for (let at = 0; ; at++) if (bucketOf(`other/${at}`) === bucketOf(VICTIM)) return `other/${at}`
})()
const SHARD = shardKey(bucketOf(VICTIM))

let store: ObjectStore
let send: Send
let close: () => Promise<void>
beforeEach(async () => {
  const opened = await openFiles()
  store = opened.store
  close = opened.close
  send = await searching(store)
  await pushImage(send, VICTIM, 'v1', [])
  await mend(store)
})
afterEach(() => close())

const read = async (key: string): Promise<Buffer> => {
  const found = await store.get(key)
  if (found === undefined) throw new Error(`there is no ${key}`)
  return Buffer.from(await readAll(found.body, 1024 * 1024))
}

const search = async (query: string) => {
  const { body } = await expectStatus(200, send(`GET /api/v1/search?${query}`))
  const { complete, results } = JSON.parse(body.toString())
  const names = results.map(({ repository }: { repository: string }) => repository)
  return { complete: complete !== undefined, names: names.sort() }
}

/** An event of the other repository. */
const push = async (): Promise<void> => {
  await pushImage(send, OTHER, 'v1', [])
  await bring(store, [{ name: OTHER, tags: new Set(['v1']), digests: new Set(), whole: false }])
}

describe('a damaged bucket', () => {
  beforeEach(() => store.put(SHARD, Buffer.from('damaged')))

  test('that others are pushed to counts as incomplete until it is mended', async () => {
    await push()
    // By the catalog.
    expect(await search('q=')).toEqual({ complete: false, names: [OTHER, VICTIM] })
    await expectStatus(409, send('GET /api/v1/search?tag=v1'))
    await mend(store)
    expect(await search('tag=v1')).toEqual({ complete: true, names: [OTHER, VICTIM] })
  })

  test('is mended where nothing is in it', async () => {
    const empty = shardKey((bucketOf(VICTIM) + 1) % 256)
    await store.put(empty, Buffer.from('damaged'))
    await mend(store)
    expect(await search('tag=v1')).toEqual({ complete: true, names: [VICTIM] })
    expect((await read(empty)).toString()).not.toBe('damaged')
  })
})

describe('of a later version', () => {
  test('a bucket is left as it is, and events fail', async () => {
    const text = gunzipSync(await read(SHARD)).toString()
    const later = gzipSync(text.replace('"version":1', '"version":2'))
    await store.put(SHARD, later)
    await expect(push()).rejects.toThrow('later version')
    await expect(mend(store)).rejects.toThrow('later version')
    expect(await read(SHARD)).toEqual(later)
  })

  test.each([NAMES_KEY, TERMS_KEY])('%s is left as it is', async (key) => {
    const later = Buffer.from(
      (await read(key)).toString('latin1').replace('"version":1', '"version":2'),
      'latin1',
    )
    await store.put(key, later)
    await expect(push()).rejects.toThrow('later version')
    expect(await read(key)).toEqual(later)
  })
})

/** What stays of the sums: the last byte is another. */
const spoil = async (key: string): Promise<void> => {
  const bytes = await read(key)
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 0xff, bytes.length - 1)
  await store.put(key, bytes)
}

describe('a damaged sum', () => {
  test.each([
    ['names', NAMES_KEY, false],
    ['terms', TERMS_KEY, true],
  ])('%s: nothing is missing, and whoever comes next makes it again', async (_, key, complete) => {
    await spoil(key)
    expect(await search('q=')).toEqual({ complete, names: [VICTIM] })
    const whole = await indexed(store)
    await mend(store)
    expect(await indexed(store)).toEqual(whole)
    for (const query of ['q=victim', 'tag=v1']) {
      expect(await search(query)).toEqual({ complete: true, names: [VICTIM] })
    }
    await spoil(key)
    await push()
    expect(await search('tag=v1')).toEqual({ complete: true, names: [OTHER, VICTIM] })
  })

  test('terms: what may be there is looked for', async () => {
    await spoil(TERMS_KEY)
    expect(await search('tag=v1')).toEqual({ complete: true, names: [VICTIM] })
  })
})
