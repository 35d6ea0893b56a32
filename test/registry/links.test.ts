/**
 * Link objects.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, describe, test } from 'vitest'
import type { Damage } from '../../functions/registry/damage.ts'
import { layerLinkKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { readLink, writeLink } from '../../functions/registry/links.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { isStoreError } from '../../functions/storage/errors.ts'
import { contentOf } from '../support/hosts/content.ts'
import { STORES } from '../support/rig/stores.ts'

const { sha256, sha512 } = contentOf('linked')
const key = tagLinkKey('app', 'v1')
/** A link that records no size. */
const BARE = { target: sha256, size: undefined, etag: '' }

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store, close } = await open()
    afterAll(close)

    test('none', async () => assert.equal(await readLink(store, key), undefined))

    test('as distribution writes them: the bare digest, with or without white space around it', async () => {
      await writeLink(store, key, sha256, { size: 6 })
      const read = await store.get(key)
      assert.ok(read)
      assert.equal((await readAll(read.body, 1000)).toString(), sha256)
      await store.put(key, Buffer.from(`${sha256}\n`))
      assert.equal((await readLink(store, key))?.target, sha256)
    })

    test('the size is in the link, where the store keeps metadata', async () => {
      await writeLink(store, key, sha256, { size: 99 })
      const link = await readLink(store, key)
      assert.equal(link?.size, name === 'S3' ? 99 : undefined)
      await writeLink(store, key, sha256)
      const { modified, ...bare } = (await readLink(store, key)) ?? {}
      assert.ok(modified instanceof Date)
      assert.deepEqual({ ...bare, etag: '' }, BARE)
    })

    test('written only under the condition', async () => {
      const link = await readLink(store, key)
      assert.ok(link)
      await writeLink(store, key, sha512, { condition: { ifMatch: link.etag } })
      await assert.rejects(
        writeLink(store, key, sha256, { condition: { ifMatch: link.etag } }),
        (error) => isStoreError(error, 'precondition'),
      )
      assert.equal((await readLink(store, key))?.target, sha512)
    })

    test('one that says another digest than its key is damaged', async () => {
      const key = layerLinkKey('app', sha256)
      const other = contentOf('other').sha256
      const reported: Damage[] = []
      await writeLink(store, key, other)
      assert.equal(await readLink(store, key, (each) => void reported.push(each)), undefined)
      assert.deepEqual(reported, [{ key, why: `says ${other}` }])
      const alias = layerLinkKey('app', sha512)
      await writeLink(store, alias, other)
      assert.equal((await readLink(store, alias))?.target, other)
    })

    for (const damage of ['', 'sha256:', 'x'.repeat(200), 'x'.repeat(1000), '\0'.repeat(71)]) {
      test(`damaged: ${JSON.stringify(damage.slice(0, 10))} of ${damage.length} bytes`, async () => {
        await store.put(key, Buffer.from(damage))
        const reported: Damage[] = []
        const report = (each: Damage) => void reported.push(each)
        assert.equal(await readLink(store, key, report), undefined)
        assert.deepEqual(reported, [
          { key, why: `has ${damage.length} bytes that are not a digest` },
        ])
      })
    }
  })
}
