/**
 * What a quota costs those who push: a conditional write, and no step where the blobs were just taken in.
 *
 * @module
 */

import { describe, test } from 'vitest'
import type { Quotas } from '../../functions/registry/quotas/quotas.ts'
import { quotasOf } from '../registry/quotas/truth.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import { expectStatus } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { meter } from './measure.ts'

const { open, costs } = await meter()
const { quotas } = quotasOf({ repositories: ['app/**'], hard: '1 GB' })
const opened = (set: Quotas = quotas) => open({ quotas: async () => set })

const LAYERS = Array.from({ length: 3 }, (_, at) => blob(`of a quota ${at}`, 500))
const IMAGE = imageOf(LAYERS)
let count = 0
const another = () => imageOf(LAYERS, { annotations: { is: String(count++) } })

// The mark of the catalog is there, and the blobs are.
const send = await opened()
for (const name of ['app/a', 'free']) {
  for (const each of [CONFIG, ...LAYERS]) await pushAtOnce(send, name, each)
  await pushManifest(send, name, 'first', IMAGE)
}

describe('a manifest', () => {
  test('elsewhere: what it costs anyway', async () => {
    const fresh = await opened()
    await costs({ calls: { GetObject: 4, HeadObject: 5, PutObject: 3 }, steps: 3 }, () =>
      pushManifest(fresh, 'free', 'v1', another()),
    )
  })

  test('after its blobs, in a process that knows the count: one write more', async () => {
    for (const each of LAYERS) await pushAtOnce(send, 'app/a', each)
    await costs({ calls: { HeadObject: 1, PutObject: 4 }, steps: 3 }, () =>
      pushManifest(send, 'app/a', 'v2', another()),
    )
  })

  test('in a process that knows nothing: a read more beside the others, and a step', async () => {
    const fresh = await opened()
    await costs({ calls: { GetObject: 5, HeadObject: 5, PutObject: 4 }, steps: 4 }, () =>
      pushManifest(fresh, 'app/a', 'v3', another()),
    )
  })

  test('pushed again: no write more', async () => {
    await costs({ calls: { HeadObject: 1, PutObject: 3 }, steps: 3 }, () =>
      pushManifest(send, 'app/a', 'first', IMAGE),
    )
  })

  test('when another process has changed the count: it is read, and written again', async () => {
    await pushManifest(await opened(), 'app/a', 'v4', another())
    await costs({ calls: { GetObject: 1, HeadObject: 1, PutObject: 5 } }, () =>
      pushManifest(send, 'app/a', 'v5', another()),
    )
  })
})

describe('a delete', () => {
  const remove = (by: typeof send, name: string, image: { readonly sha256: string }) =>
    expectStatus(202, by(`DELETE /v2/${name}/manifests/${image.sha256}`))
  const pushed = async (name: string) => {
    for (const each of [CONFIG, ...LAYERS]) await pushAtOnce(send, name, each)
    const image = another()
    await pushManifest(send, name, image.sha256, image)
    return image
  }

  test('elsewhere: what it costs anyway', async () => {
    const image = await pushed('free/untagged')
    await costs({ calls: { GetObject: 2, ListObjectsV2: 1, PutObject: 1 }, steps: 3 }, () =>
      remove(send, 'free/untagged', image),
    )
  })

  test('by the process that pushed: one write more', async () => {
    const image = await pushed('app/untagged')
    await costs({ calls: { GetObject: 2, ListObjectsV2: 1, PutObject: 2 }, steps: 4 }, () =>
      remove(send, 'app/untagged', image),
    )
  })

  test('by another one, which may take nothing off: one read more', async () => {
    const image = await pushed('app/untagged')
    const fresh = await opened()
    await costs({ calls: { GetObject: 3, ListObjectsV2: 1, PutObject: 1 }, steps: 4 }, () =>
      remove(fresh, 'app/untagged', image),
    )
  })
})

describe('the rest', () => {
  test('an upload where a quota is known: a read of the count, and none for ten seconds', async () => {
    const fresh = await opened()
    await costs({ calls: {} }, () => expectStatus(202, fresh('POST /v2/app/a/blobs/uploads/')))
    await expectStatus(
      400,
      fresh(`POST /v2/free/blobs/uploads/?digest=${CONFIG.sha256}`, IMAGE.bytes),
    )
    await costs({ calls: { GetObject: 1 } }, () =>
      expectStatus(202, fresh('POST /v2/app/a/blobs/uploads/')),
    )
    await costs({ calls: {} }, () => expectStatus(202, fresh('POST /v2/app/a/blobs/uploads/')))
    await costs({ calls: {} }, () => expectStatus(202, fresh('POST /v2/free/blobs/uploads/')))
  })

  test('a pull: nothing', async () => {
    const fresh = await opened()
    await costs({ calls: { GetObject: 2 }, steps: 2 }, () =>
      expectStatus(200, fresh('GET /v2/app/a/manifests/first')),
    )
  })
})
