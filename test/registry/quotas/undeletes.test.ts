/**
 * What an undelete adds: what is there as large as it is, whatever its manifest says.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { undelete } from '../../../functions/registry/deleted/undelete.ts'
import { QUOTAS_KEY } from '../../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { bytesIn, NOTHING, raised } from '../../../functions/registry/quotas/counter.ts'
import { parseReference } from '../../../functions/registry/reference.ts'
import { createModel } from '../../interleavings/model.ts'
import {
  blob,
  CONFIG,
  CONFIG_TYPE,
  type Content,
  contentOf,
  descriptorOf,
  imageOf,
} from '../../support/hosts/content.ts'
import { clientOf, expectStatus } from '../../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../../support/rig/push.ts'
import { SERVICES } from '../clean-up/world.ts'
import { countedBy, quotasOf, truthOf } from './truth.ts'

const { text, quotas } = quotasOf({ repositories: ['team/**'] })
const [quota] = quotas.all
const LAYER = blob('undeleted', 4000)

/** An image whose layer need not be in the registry, so that nothing compares its size with what is said. */
const foreign = (digest: string, size: number): Content => {
  const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar'
  const config = descriptorOf(CONFIG_TYPE, CONFIG)
  const layers = [{ mediaType, digest, size }]
  return contentOf(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers }))
}
const SAYS_LESS = foreign(LAYER.sha256, 1)
const HAS_IT = imageOf([LAYER])

const open = async () => {
  const { store, clock } = createModel(SERVICES[0]![1])
  await store.put(QUOTAS_KEY, Buffer.from(text))
  const now = () => clock.now
  const send = await clientOf(store, { now, undeletes: true, quotas: async () => quotas })
  for (const name of ['team/a', 'team/b']) {
    for (const each of [CONFIG, LAYER]) await pushAtOnce(send, name, each)
  }
  return {
    send,
    remove: ({ sha256 }: Content) =>
      expectStatus(202, send(`DELETE /v2/team/a/manifests/${sha256}`)),
    undelete: ({ sha256 }: Content) =>
      undelete(store, 'team/a', parseReference(sha256), undefined, now),
    counted: () => countedBy(store, quota!),
    truth: async () => (await truthOf(store, quotas)).get(quota!),
  }
}

describe('an undelete of a manifest that says less of a blob than there is', () => {
  test('adds what there is', async () => {
    const { send, remove, undelete, counted, truth } = await open()
    await pushManifest(send, 'team/a', SAYS_LESS.sha256, SAYS_LESS)
    await remove(SAYS_LESS)
    expect(await counted()).toBe(0)
    await undelete(SAYS_LESS)
    expect(await counted()).toBe(await truth())
  })

  test('takes nothing off what others have added', async () => {
    const { send, remove, undelete, counted, truth } = await open()
    await pushManifest(send, 'team/a', SAYS_LESS.sha256, SAYS_LESS)
    await remove(SAYS_LESS)
    await pushManifest(send, 'team/b', 'v1', HAS_IT)
    await undelete(SAYS_LESS)
    expect(await counted()).toBe(await truth())
  })

  test('adds what there is under a digest of another kind, once', async () => {
    const { send, remove, undelete, counted, truth } = await open()
    await expectStatus(
      201,
      send(`POST /v2/team/a/blobs/uploads/?digest=${LAYER.sha512}`, LAYER.bytes),
    )
    const other = foreign(LAYER.sha512, 1)
    await pushManifest(send, 'team/b', 'v1', HAS_IT)
    await pushManifest(send, 'team/a', other.sha256, other)
    await remove(other)
    await undelete(other)
    expect(await counted()).toBe(await truth())
  })
})

test.each([
  ['first', [4000, 1], [4000, 0]],
  ['last', [1, 4000], [1, 3999]],
])('the most that is said of a thing counts, if it is said %s', (_, sizes, more) => {
  let count = NOTHING
  const added = sizes.map((size, at) => {
    const things = [{ digest: LAYER.sha256, size }]
    const next = raised(count, things, { id: 'image', writer: 'process' }, at)
    count = next.count
    return next.added
  })
  expect(added).toEqual(more)
  expect(bytesIn(count)).toBe(4000)
})
