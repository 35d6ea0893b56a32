/**
 * Manifests that a push would be refused today, and that an older version has stored: they stay readable.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { dataKey, revisionLinkKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { reindex } from '../../functions/registry/reindex.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { createModel } from '../interleavings/model.ts'
import {
  CONFIG,
  CONFIG_TYPE,
  type Content,
  contentOf,
  descriptorOf,
  imageOf,
  indexOf,
} from '../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'

const config = JSON.stringify(descriptorOf(CONFIG_TYPE, CONFIG))
const SUBJECT = imageOf()
const subject = JSON.stringify(descriptorOf(OCI_MANIFEST, SUBJECT))
const start = `"schemaVersion":2,"mediaType":"${OCI_MANIFEST}"`
const whole = `${start},"config":${config},"layers":[],"subject":${subject}`

/** What readers read differently; all name the same subject. */
const STORED: Readonly<Record<string, Content>> = {
  'a field twice': contentOf(`{${whole},"layers":[]}`),
  'a field in another case beside it': contentOf(`{${whole},"Layers":[]}`),
  'a number with a fraction': contentOf(`{${whole.replace('Version":2', 'Version":2.0')}}`),
  'half a surrogate pair': contentOf(`{${whole},"annotations":{"a":"\\ud800"}}`),
}

/** Stores a manifest under a tag, as an older version did. */
const storeOld = async (store: ObjectStore, { bytes, sha256 }: Content): Promise<void> => {
  await store.put(dataKey(sha256), bytes)
  await store.put(revisionLinkKey('app', sha256), Buffer.from(sha256))
  await store.put(tagLinkKey('app', 'old'), Buffer.from(sha256))
}

describe('a stored manifest with', () => {
  for (const [what, content] of Object.entries(STORED)) {
    test(what, async () => {
      const { store } = createModel({ etags: 'content', conditionalDeletes: true })
      const send = await clientOf(store)
      await pushAtOnce(send, 'app', CONFIG)
      await pushManifest(send, 'app', 'subject', SUBJECT)
      const push = `PUT /v2/app/manifests/${content.sha256}`
      const refused = await send(push, content.bytes, { 'Content-Type': OCI_MANIFEST })
      expect([refused.status, codeOf(refused)]).toEqual([400, 'MANIFEST_INVALID'])

      await storeOld(store, content)
      await reindex(store)
      for (const reference of ['old', content.sha256]) {
        const read = await expectStatus(200, send(`GET /v2/app/manifests/${reference}`))
        expect(read.body.equals(content.bytes)).toBe(true)
        expect(read.headers.get('Content-Type')).toBe(OCI_MANIFEST)
        expect(read.headers.get('Docker-Content-Digest')).toBe(content.sha256)
        await expectStatus(200, send(`HEAD /v2/app/manifests/${reference}`))
      }
      const path = `GET /v2/app/referrers/${SUBJECT.sha256}`
      const digests = async () =>
        JSON.parse((await expectStatus(200, send(path))).body.toString()).manifests.map(
          ({ digest }: { digest: string }) => digest,
        )
      expect(await digests()).toEqual([content.sha256])
      // As the image of an index.
      await pushManifest(send, 'app', 'index', indexOf([content]), OCI_INDEX)
      await expectStatus(202, send(`DELETE /v2/app/manifests/${content.sha256}`))
      await expectStatus(404, send('GET /v2/app/manifests/old'))
      expect(await digests()).toEqual([])
    })
  }
})
