/**
 * A crash at any point of small pushes and of deletes; large pushes are in death.slow.ts.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { blob, imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus } from '../support/rig/client.ts'
import { checkStore } from '../support/rig/invariants.ts'
import { pushAsDocker, pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'
import { dieEverywhere, mortal, push } from './death.ts'

const SMALL = blob('small', 5000)

for (const [name, open] of STORES) {
  describe(name, () => {
    test('a small image, docker-style: a crash after each operation', async (t) => {
      const deaths = await dieEverywhere(open, [SMALL], pushAsDocker)
      await t.annotate(`${deaths} deaths`)
      assert.ok(deaths > 10)
    })

    test('deletes: a crash after each operation', async (t) => {
      let deaths = 0
      for (let life = 0, alive = false; !alive; life++) {
        const { store, close } = await open()
        try {
          const send = await clientOf(store)
          await push(send, [SMALL], pushAtOnce)
          await pushManifest(send, 'app', 'v2', imageOf([SMALL]))
          const process = mortal(store, life + 1)
          const dying = await clientOf(process.store)
          const image = imageOf([SMALL])
          const { status } = await dying(`DELETE /v2/app/manifests/${image.sha256}`)
          alive = !process.isDead()
          if (alive) assert.equal(status, 202)
          else deaths += 1
          await checkStore(store)
          // No tag points at a manifest that is gone; deleting again finishes what was started.
          const fresh = await clientOf(store)
          const again = await fresh(`DELETE /v2/app/manifests/${image.sha256}`)
          assert.ok(again.status === 202 || again.status === 404)
          for (const tag of ['v1', 'v2'])
            await expectStatus(404, fresh(`GET /v2/app/manifests/${tag}`))
          await checkStore(store)
        } finally {
          await close()
        }
      }
      await t.annotate(`${deaths} deaths`)
      assert.ok(deaths > 5)
    })
  })
}
