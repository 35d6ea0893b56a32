/**
 * What pushes and deletes of manifests cost.
 *
 * @module
 */

import { describe, test } from 'vitest'
import { layerLinkKey, revisionLinkKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { digestOf } from '../../functions/registry/reference.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import { fill } from '../emulators/s3/fill.ts'
import {
  blob,
  CONFIG,
  type Content,
  descriptorOf,
  imageOf,
  indexOf,
} from '../support/hosts/content.ts'
import { expectStatus } from '../support/rig/client.ts'
import { pushAsDocker, pushAtOnce, pushImage, pushManifest } from '../support/rig/push.ts'
import { type Budget, meter } from './measure.ts'

const { s3, store, open, costs } = await meter()
const send = await open()

const layers = Array.from({ length: 100 }, (_, at) => blob(`layer ${at}`, 100 + at))
await inBatches([CONFIG, ...layers], (each) => pushAtOnce(send, 'app', each), 16)

/** Milliseconds a call takes: enough for this process to send 100 before the first returns. */
const LATENCY = 300

/**
 * Link and data of each reference, and the catalog's mark, beside the manifest's own data; then the
 * revision; then the tag.
 */
const pushBudget = (references: number): Budget => ({
  calls: { GetObject: references, HeadObject: references + 1, PutObject: 3 },
  steps: 3,
})

// The mark of the catalog is there.
await pushManifest(send, 'app', 'first', imageOf())

describe('PUT by tag', () => {
  test('the first of a repository: one more call and step, for the catalog', async () => {
    await pushAtOnce(send, 'first', CONFIG)
    const fresh = await open()
    await costs({ calls: { GetObject: 1, HeadObject: 2, PutObject: 4 }, steps: 4 }, () =>
      pushManifest(fresh, 'first', 'v1', imageOf()),
    )
  })

  for (const count of [1, 3, 20, 100]) {
    test(`${count} layers and a config: ${2 * count + 6} calls in 3 steps`, async () => {
      const image = imageOf(layers.slice(0, count))
      const fresh = await open()
      await costs(
        pushBudget(count + 1),
        () => pushManifest(fresh, 'app', `l${count}`, image),
        LATENCY,
      )
    })
  }

  test('20 layers that the same instance has just taken in: 5 calls in 4 steps', async () => {
    const fresh = await open()
    const taken = layers.slice(0, 20)
    for (const each of [CONFIG, ...taken]) await pushAtOnce(fresh, 'seen', each)
    const budget: Budget = { calls: { HeadObject: 1, PutObject: 4 }, steps: 4 }
    await costs(budget, () => pushManifest(fresh, 'seen', 'v1', imageOf(taken)), LATENCY)
  })

  test('the same layer many times is looked up once', async () => {
    const layer = layers[0] as Content
    const image = imageOf([layer, layer, layer])
    const fresh = await open()
    await costs(pushBudget(2), () => pushManifest(fresh, 'app', 'same', image))
  })

  test('an index of 2', async () => {
    const children = [imageOf(layers.slice(0, 1)), imageOf(layers.slice(0, 3))]
    for (const each of children) await pushManifest(send, 'app', each.sha256, each)
    const index = indexOf(children)
    const fresh = await open()
    await costs(pushBudget(2), () => pushManifest(fresh, 'app', 'index', index, OCI_INDEX))
  })

  test('a manifest with a subject: two more, beside the data and beside the tag', async () => {
    const subject = imageOf(layers.slice(0, 1))
    const fields = { subject: descriptorOf(OCI_MANIFEST, subject) }
    const fresh = await open()
    await costs({ calls: { GetObject: 1, HeadObject: 2, PutObject: 5 }, steps: 3 }, () =>
      pushManifest(fresh, 'app', 'signature', imageOf([], fields)),
    )
  })

  test('only if the tag is as expected: reads it', async () => {
    const headers = { 'Content-Type': OCI_MANIFEST, 'If-Match': '*' }
    await pushManifest(send, 'app', 'swapped', imageOf())
    const fresh = await open()
    await costs({ calls: { GetObject: 2, HeadObject: 2, PutObject: 3 }, steps: 4 }, () =>
      expectStatus(201, fresh('PUT /v2/app/manifests/swapped', imageOf().bytes, headers)),
    )
  })
})

describe('PUT by digest', () => {
  test('3 layers: 11 calls in 2 steps', async () => {
    const image = imageOf(layers.slice(0, 3), { annotations: { by: 'digest' } })
    const fresh = await open()
    await costs({ calls: { GetObject: 4, HeadObject: 5, PutObject: 2 }, steps: 2 }, () =>
      pushManifest(fresh, 'app', image.sha256, image),
    )
  })

  test('with 10 tags: all at once', async () => {
    const image = imageOf([], { annotations: { with: 'tags' } })
    const tags = Array.from({ length: 10 }, (_, at) => `tag=t${at}`).join('&')
    const fresh = await open()
    await costs({ calls: { GetObject: 1, HeadObject: 2, PutObject: 2 + 10 }, steps: 3 }, () =>
      pushManifest(fresh, 'app', `${image.sha256}?${tags}`, image),
    )
  })

  test('a reference that is not there: the data alone was written, and no link', async () => {
    const image = imageOf([blob('never pushed', 10)])
    const fresh = await open()
    await costs({ calls: { GetObject: 2, HeadObject: 3, PutObject: 1 }, steps: 1 }, () =>
      expectStatus(
        400,
        fresh(`PUT /v2/app/manifests/${image.sha256}`, image.bytes, {
          'Content-Type': OCI_MANIFEST,
        }),
      ),
    )
  })
})

test('a whole image that is there, pushed again: a question a blob, and its manifest', async () => {
  const image = layers.slice(0, 3)
  await pushImage(send, 'again', 'v1', image, pushAsDocker)
  const fresh = await open()
  const again = () => pushImage(fresh, 'again', 'v1', image, pushAsDocker)
  await costs({ calls: { GetObject: 4, HeadObject: 5, PutObject: 3 } }, again)
  await costs({ calls: { HeadObject: 1, PutObject: 3 } }, again)
})

describe('DELETE', () => {
  test('a tag: its link and its history, and its end', async () => {
    await pushManifest(send, 'app', 'gone', imageOf())
    await costs({ calls: { GetObject: 1, ListObjectsV2: 1, DeleteObject: 1 }, steps: 2 }, () =>
      expectStatus(202, send('DELETE /v2/app/manifests/gone')),
    )
  })

  for (const [matching, others] of [
    [0, 0],
    [3, 0],
    [22, 1],
  ] as const) {
    test(`a manifest with ${matching} of ${matching + others} tags`, async () => {
      const name = `deletes/${matching}-${others}`
      await pushAtOnce(send, name, CONFIG)
      const image = imageOf([], { annotations: { name } })
      await pushManifest(send, name, image.sha256, image)
      const tags = [...Array(matching).keys()].map((at) => `tag=t${at}`).join('&')
      await pushManifest(send, name, `${image.sha256}?${tags}`, image)
      for (let at = 0; at < others; at++) await pushManifest(send, name, `o${at}`, imageOf())
      const fresh = await open()
      const budget: Budget = {
        calls: {
          // The manifest's link and data; each of a few other tags.
          GetObject: 2 + others,
          ListObjectsV2: 1,
          ...(matching > 0 ? { DeleteObject: matching } : {}),
          // The deleted link.
          PutObject: 1,
        },
        steps: 3 + (others > 0 ? 1 : 0) + (matching > 0 ? 1 : 0),
      }
      await costs(
        budget,
        () => expectStatus(202, fresh(`DELETE /v2/${name}/manifests/${image.sha256}`)),
        LATENCY,
      )
    })
  }

  /** A repository with so many tags, each of a manifest of its own, but some of the image's. */
  const crowd = async (name: string, tags: number, pointing: number) => {
    const image = imageOf([], { annotations: { name } })
    await pushAtOnce(send, name, CONFIG)
    await pushManifest(send, name, image.sha256, image)
    for (let at = 0; at < tags; at++) {
      const other = digestOf(Buffer.from(`${at}`))
      const digest = at < pointing ? image.sha256 : other
      fill(s3, revisionLinkKey(name, other), Buffer.from(other))
      fill(s3, tagLinkKey(name, `t${at}`), Buffer.from(digest))
    }
    return image
  }

  test('a manifest with 3 of 10,000 tags: what lists the tags and the manifests, and 3', async () => {
    const image = await crowd('crowd', 10_000, 3)
    const fresh = await open()
    // The listings of manifests go on until a few are left, of which each tag is read.
    const calls = { GetObject: 2 + 1, ListObjectsV2: 20, DeleteObject: 3, PutObject: 1 }
    await costs({ calls }, () =>
      expectStatus(202, fresh(`DELETE /v2/crowd/manifests/${image.sha256}`)),
    )
    await costs({ calls: { GetObject: 1 + 1, ListObjectsV2: 20 } }, () =>
      expectStatus(404, fresh(`GET /v2/crowd/manifests/${image.sha256}`)),
    )
  })

  test('a referrer: its place in the list, then itself', async () => {
    const subject = imageOf(layers.slice(0, 1))
    const fields = { subject: descriptorOf(OCI_MANIFEST, subject), annotations: { a: 'b' } }
    const referrer = imageOf([], fields)
    await pushAtOnce(send, 'referred', CONFIG)
    await pushManifest(send, 'referred', referrer.sha256, referrer)
    const fresh = await open()
    await costs({ calls: { GetObject: 2, ListObjectsV2: 1, PutObject: 2 }, steps: 4 }, () =>
      expectStatus(202, fresh(`DELETE /v2/referred/manifests/${referrer.sha256}`)),
    )
  })
})

test('links without sizes, as distribution writes them, cost the same', async () => {
  for (const each of [CONFIG, ...layers.slice(0, 3)]) {
    await store.put(layerLinkKey('theirs', each.sha256), Buffer.from(each.sha256))
  }
  const fresh = await open()
  await costs({ calls: { GetObject: 4, HeadObject: 5, PutObject: 4 }, steps: 4 }, () =>
    pushManifest(fresh, 'theirs', 'v1', imageOf(layers.slice(0, 3))),
  )
})
