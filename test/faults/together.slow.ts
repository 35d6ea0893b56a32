/**
 * Two clients push the same image at the same moment: both succeed, and it is complete.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { blob, CONFIG } from '../support/hosts/content.ts'
import { clientOf, expectStatus } from '../support/rig/client.ts'
import { allObjects, checkStore } from '../support/rig/invariants.ts'
import { type PushBlob, pushAsContainerd, pushAsDocker, pushImage } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'

const layers = [blob('one', 3000), blob('two', 15 * 1024 * 1024)]

/** How each of the two pushes. */
const PAIRS: readonly (readonly [string, PushBlob, PushBlob])[] = [
  ['both docker-style', pushAsDocker, pushAsDocker],
  ['both containerd-style', pushAsContainerd, pushAsContainerd],
  ['one each', pushAsDocker, pushAsContainerd],
]

for (const [name, open] of STORES) {
  describe(name, () => {
    for (const [description, one, two] of PAIRS) {
      for (const [where, names] of [
        ['one repository', ['app', 'app']],
        ['two repositories', ['app', 'team/app']],
      ] as const) {
        test(`${description}, into ${where}`, async (t) => {
          const { store, close } = await open()
          t.onTestFinished(close)
          // Two processes: neither knows what the other remembers.
          const sends = [await clientOf(store), await clientOf(store)] as const
          const [image] = await Promise.all([
            pushImage(sends[0], names[0], 'v1', layers, one),
            pushImage(sends[1], names[1], 'v1', layers, two),
          ])
          const reader = await clientOf(store)
          for (const repository of names) {
            const manifest = await expectStatus(200, reader(`GET /v2/${repository}/manifests/v1`))
            assert.ok(manifest.body.equals(image.bytes))
            for (const { sha256, bytes } of [CONFIG, ...layers]) {
              const blobPath = `/v2/${repository}/blobs/${sha256}`
              const { body } = await expectStatus(200, reader(`GET ${blobPath}`))
              assert.ok(body.equals(bytes))
            }
          }
          const { data } = await checkStore(store)
          assert.equal(data.size, 4)
          // Nothing is left of the uploads, on either side.
          assert.deepEqual(await allObjects(store, 'slipway/v1/uploads/'), [])
          assert.deepEqual(await store.listMultiparts(''), [])
        })
      }
    }
  })
}
