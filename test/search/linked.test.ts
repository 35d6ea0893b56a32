/**
 * The index says of a manifest what its own repository has, and nothing that only another one has; and what comes to it
 * later, once the index is mended.
 *
 * @module
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  dataKey,
  layerLinkKey,
  revisionLinkKey,
  tagLinkKey,
} from '../../functions/registry/layout.ts'
import type { IndexedManifest } from '../../functions/search/indexed.ts'
import { bring } from '../../functions/search/keep.ts'
import { bucketOf } from '../../functions/search/keys.ts'
import { mend } from '../../functions/search/mend.ts'
import { readShard } from '../../functions/search/shard.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { type Content, contentOf, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { openFiles } from '../support/rig/stores.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'
const IMAGE = 'application/vnd.oci.image.manifest.v1+json'
const LABELS = { maintainer: 'alice' }

const CONFIG = contentOf(JSON.stringify({ architecture: 'amd64', config: { Labels: LABELS } }))
const CHILD = imageOf([], {
  config: descriptorOf('application/vnd.oci.image.config.v1+json', CONFIG),
})
const PARENT = contentOf(
  JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [descriptorOf(IMAGE, CHILD)] }),
)

let store: ObjectStore
let close: () => Promise<void>
beforeEach(async () => {
  const opened = await openFiles()
  store = opened.store
  close = opened.close
})
afterEach(() => close())

const put = async (key: string, { sha256 }: Content): Promise<void> => {
  await store.put(key, Buffer.from(sha256))
}
const data = async (content: Content): Promise<void> => {
  await store.put(dataKey(content.sha256), content.bytes)
}
const manifest = async (name: string, content: Content): Promise<void> => {
  await data(content)
  await put(revisionLinkKey(name, content.sha256), content)
}
const config = async (name: string): Promise<void> => {
  await data(CONFIG)
  await put(layerLinkKey(name, CONFIG.sha256), CONFIG)
}

const saidOf = async (name: string, { sha256 }: Content): Promise<IndexedManifest | undefined> =>
  (await readShard(store, bucketOf(name))).shard.get(name)?.manifests.get(sha256)

/** Another repository of the same bucket, so that both are looked at together. */
const beside = (name: string): string => {
  for (let at = 0; ; at++) if (bucketOf(`mallory/${at}`) === bucketOf(name)) return `mallory/${at}`
}

/** What a repository has, and its manifest. */
const CASES: readonly (readonly [string, Content, (name: string) => Promise<void>])[] = [
  ['an index of an image', PARENT, async () => {}],
  ['an index of an image without configuration', PARENT, (name) => manifest(name, CHILD)],
  ['an image without configuration', CHILD, async () => {}],
]

describe.each(CASES)('%s that only another repository has', (_, content, fill) => {
  const SECRET = 'secret/app'
  const MALLORY = beside(SECRET)

  test('is described without it, until it comes', async () => {
    await config(SECRET)
    for (const each of [CHILD, PARENT]) await manifest(SECRET, each)
    await fill(MALLORY)
    await manifest(MALLORY, content)
    await put(tagLinkKey(MALLORY, 'v1'), content)
    await mend(store)
    expect((await saidOf(SECRET, content))?.labels).toEqual(LABELS)
    expect(await saidOf(MALLORY, content)).toMatchObject({ lacks: 'parts' })
    expect(await saidOf(MALLORY, content)).not.toHaveProperty('labels')
    // What is still lacking is no fault of the index.
    expect((await mend(store)).stale).toBe(0)

    await config(MALLORY)
    if (content === PARENT) await manifest(MALLORY, CHILD)
    await mend(store)
    expect((await saidOf(MALLORY, content))?.labels).toEqual(LABELS)
    expect(await saidOf(MALLORY, content)).not.toHaveProperty('lacks')
    expect((await mend(store)).stale).toBe(0)
  })

  test('by an event of both', async () => {
    await config(SECRET)
    for (const each of [CHILD, PARENT]) await manifest(SECRET, each)
    await fill(MALLORY)
    await manifest(MALLORY, content)
    const digests = new Set([content.sha256])
    const changes = [SECRET, MALLORY].map((name) => ({
      ...{ name, digests, tags: new Set<string>(), whole: false },
    }))
    for (const order of [changes, changes.toReversed()]) await bring(store, order)
    expect((await saidOf(SECRET, content))?.labels).toEqual(LABELS)
    expect(await saidOf(MALLORY, content)).not.toHaveProperty('labels')

    await config(MALLORY)
    if (content === PARENT) await manifest(MALLORY, CHILD)
    await bring(store, changes)
    expect((await saidOf(MALLORY, content))?.labels).toEqual(LABELS)
  })
})
