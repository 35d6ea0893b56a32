/**
 * Rebuilding the lists, on a store in distribution's layout that is written here key by key.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { reindex } from '../../functions/registry/reindex.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import {
  CONFIG,
  type Content,
  contentOf,
  descriptorOf,
  imageOf,
  indexOf,
} from '../support/hosts/content.ts'
import { clientOf, expectStatus } from '../support/rig/client.ts'
import { type OpenedStore, STORES } from '../support/rig/stores.ts'

const V2 = 'docker/registry/v2'
const hexOf = ({ sha256 }: Content): string => sha256.slice('sha256:'.length)

/** Writes a manifest as distribution does: its data and its revision, and a tag. */
const writeManifest = async (
  { fill }: Pick<OpenedStore, 'fill'>,
  name: string,
  content: Content,
  tag?: string,
): Promise<void> => {
  const hex = hexOf(content)
  const manifests = `${V2}/repositories/${name}/_manifests`
  const link = Buffer.from(content.sha256)
  await fill(`${V2}/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`, content.bytes)
  await fill(`${manifests}/revisions/sha256/${hex}/link`, link)
  if (tag === undefined) return
  await fill(`${manifests}/tags/${tag}/current/link`, link)
  await fill(`${manifests}/tags/${tag}/index/sha256/${hex}/link`, link)
}

const subject = imageOf()
const named = descriptorOf(OCI_MANIFEST, subject)
const signature = imageOf([], {
  subject: named,
  artifactType: 'a/signature',
  annotations: { a: 'b' },
})
/** Pushed by a client that knows only the tag schema. */
const attached = imageOf([], { annotations: { by: 'tag' } })
const fallback = indexOf([], {
  manifests: [{ ...descriptorOf(OCI_MANIFEST, attached), artifactType: 'a/attached' }],
})
const schema1 = contentOf('{"schemaVersion":1,"name":"old","tag":"v1"}')

for (const [kind, open] of STORES) {
  describe(kind, () => {
    test('repositories, referrers, and those of the referrers tag schema', async (t) => {
      const opened = await open()
      const { store, close } = opened
      t.onTestFinished(close)
      for (const name of ['app', 'team/app', 'team/app/deep']) {
        await writeManifest(opened, name, subject, 'v1')
      }
      await writeManifest(opened, 'app', signature)
      await writeManifest(opened, 'app', attached)
      await writeManifest(opened, 'app', fallback, subject.sha256.replace(':', '-'))
      await writeManifest(opened, 'old', schema1, 'v1')
      const hex = hexOf(CONFIG)
      // A repository that has blobs, but no manifest, is not listed.
      await store.put(
        `${V2}/repositories/blobs/_layers/sha256/${hex}/link`,
        Buffer.from(CONFIG.sha256),
      )
      // A revision whose data is gone.
      const lost = contentOf('lost')
      await store.put(
        `${V2}/repositories/app/_manifests/revisions/sha256/${hexOf(lost)}/link`,
        Buffer.from(lost.sha256),
      )

      const send = await clientOf(store)
      const listed = async (path: string) =>
        JSON.parse((await expectStatus(200, send(`GET ${path}`))).body.toString())
      assert.deepEqual(await listed('/v2/_catalog'), { repositories: [] })

      // Running it again gives the same: it only adds.
      for (let times = 0; times < 2; times++) {
        assert.deepEqual(await reindex(store), { repositories: 4, manifests: 8, referrers: 2 })
        assert.deepEqual((await listed('/v2/_catalog')).repositories, [
          'app',
          'old',
          'team/app',
          'team/app/deep',
        ])
      }
      const { manifests } = await listed(`/v2/app/referrers/${subject.sha256}`)
      const byDigest = (a: { digest: string }, b: { digest: string }) =>
        a.digest < b.digest ? -1 : 1
      assert.deepEqual(
        manifests,
        [
          {
            ...descriptorOf(OCI_MANIFEST, signature),
            artifactType: 'a/signature',
            annotations: { a: 'b' },
          },
          {
            ...descriptorOf(OCI_MANIFEST, attached),
            artifactType: 'a/attached',
            annotations: { by: 'tag' },
          },
        ].sort(byDigest),
      )
      assert.deepEqual((await listed(`/v2/team/app/referrers/${subject.sha256}`)).manifests, [])
    })

    test('an empty store', async (t) => {
      const { store, close } = await open()
      t.onTestFinished(close)
      assert.deepEqual(await reindex(store), { repositories: 0, manifests: 0, referrers: 0 })
    })

    test('more than one page of keys', async (t) => {
      const opened = await open()
      const { store, close } = opened
      t.onTestFinished(close)
      const names = Array.from({ length: 260 }, (_, at) => `r${String(at).padStart(3, '0')}`)
      await inBatches(names, (name) => writeManifest(opened, name, subject, 'v1'), 16)
      assert.equal((await reindex(store)).repositories, 260)
      const send = await clientOf(store)
      const { body } = await expectStatus(200, send('GET /v2/_catalog'))
      assert.deepEqual(JSON.parse(body.toString()).repositories, names)
    })
  })
}
