/**
 * Repairs beside pushes and deletes: what was acknowledged stays, and nothing is found that was only
 * under way.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { checkStore } from '../../functions/registry/check/check.ts'
import type { Finding } from '../../functions/registry/check/finding.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { blob, CONFIG, type Content, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { checkStore as checkInvariants } from '../support/rig/invariants.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'

const ROUNDS = 12

const subjectOf = (image: Content) => ({ subject: descriptorOf(OCI_MANIFEST, image) })

/** Pushes, moves and deletes, one after another. @returns the tags that must be there, and where */
const work = async (send: Send, name: string): Promise<Map<string, string>> => {
  const tags = new Map<string, string>()
  await pushAtOnce(send, name, CONFIG)
  for (let round = 0; round < ROUNDS; round++) {
    const layer = blob(`${name} ${round}`, 50)
    await pushAtOnce(send, name, layer)
    const image = imageOf([layer])
    const signature = imageOf([], { ...subjectOf(image), annotations: { round: String(round) } })
    for (const tag of ['latest', `v${round}`]) {
      await pushManifest(send, name, tag, image)
      tags.set(tag, image.sha256)
    }
    await pushManifest(send, name, signature.sha256, signature)
    if (round % 3 === 0)
      await expectStatus(202, send(`DELETE /v2/${name}/manifests/${signature.sha256}`))
    if (round % 4 !== 1) continue
    await expectStatus(202, send(`DELETE /v2/${name}/manifests/${image.sha256}`))
    for (const tag of ['latest', `v${round}`]) tags.delete(tag)
  }
  return tags
}

for (const [kind, open] of STORES) {
  describe(kind, () => {
    test('everything acknowledged is there, and nothing was found', async (t) => {
      const { store, close } = await open()
      t.onTestFinished(close)
      const names = ['a', 'a/b', 'a-b']
      const clients = await Promise.all(names.map(() => clientOf(store)))
      const findings: Finding[] = []
      const check = () =>
        checkStore(store, {
          repair: true,
          verify: true,
          now: Date.now,
          wait: async () => {},
          report: (finding) => void findings.push(finding),
          progress: () => false,
        })
      let working = true
      let checks = 0
      const checking = (async () => {
        while (working) {
          await check()
          checks += 1
        }
      })()
      const done = await Promise.all(names.map((name, at) => work(clients[at] as Send, name)))
      working = false
      await checking
      await check()
      assert.deepEqual(findings, [])
      assert.ok(checks > 1)
      const fresh = await clientOf(store)
      for (const [at, tags] of done.entries()) {
        for (const [tag, digest] of tags) {
          for (const reference of [tag, digest]) {
            const { headers } = await expectStatus(
              200,
              fresh(`GET /v2/${names[at]}/manifests/${reference}`),
            )
            assert.equal(headers.get('Docker-Content-Digest'), digest)
          }
        }
      }
      await checkInvariants(store)
    })
  })
}
