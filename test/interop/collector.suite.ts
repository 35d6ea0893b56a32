/**
 * The collector of distribution (Debian's `docker-registry garbage-collect`), which deletes data that
 * no manifest needs and leaves the links to it, on a store that Slipway writes to.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { blob, CONFIG, type Content, imageOf } from '../support/hosts/content.ts'
import { run, scratch } from '../support/live/process.ts'
import {
  distributionStorage,
  type LiveRegistry,
  type StoreLocation,
  slipway,
  startRegistry,
} from '../support/live/registry.ts'
import { startLiveS3 } from '../support/live/s3.ts'

interface Place {
  readonly name: string
  readonly redirects: boolean
  open(): Promise<{ readonly store: StoreLocation; close(): Promise<void> | void }>
}

const places: readonly Place[] = [
  {
    name: 'a directory',
    redirects: false,
    open: async () => {
      const directory = scratch('collected')
      return { store: { directory: directory.path }, close: directory.remove }
    },
  },
  ...[false, true].map(
    (redirects): Place => ({
      name: `a bucket of versitygw${redirects ? ', with redirects' : ''}`,
      redirects,
      open: async () => {
        const s3 = await startLiveS3('versitygw')
        return { store: s3, close: s3.close }
      },
    }),
  ),
]

/** Seconds after which what a registry remembers is looked at again, and some. */
const FORGOTTEN = 6_000

for (const { name, redirects, open } of places) {
  describe(name, () => {
    let opened: Awaited<ReturnType<Place['open']>>
    let registry: LiveRegistry
    const files = scratch('collector')
    beforeAll(async () => {
      opened = await open()
      registry = await startRegistry('slipway', opened.store, { redirects })
    })
    afterAll(async () => {
      await registry.close()
      await opened.close()
      files.remove()
    })

    const send = (method: string, path: string, body?: Uint8Array, type?: string) =>
      fetch(`http://${registry.address}${path}`, {
        method,
        ...(body === undefined ? {} : { body: new Uint8Array(body) }),
        ...(type === undefined ? {} : { headers: { 'Content-Type': type } }),
      })
    const collect = () => {
      const config = join(files.path, 'config.json')
      const settings = { version: '0.1', storage: distributionStorage(opened.store) }
      writeFileSync(config, JSON.stringify(settings))
      return run('docker-registry', ['garbage-collect', config])
    }
    const push = async ({ bytes, sha256 }: Content) => {
      const path = `/v2/app/blobs/uploads/?digest=${sha256}`
      assert.equal((await send('POST', path, bytes)).status, 201)
    }
    const pushManifest = ({ bytes }: Content) =>
      send('PUT', '/v2/app/manifests/v1', bytes, OCI_MANIFEST)

    const kept = blob('kept', 1000)
    const pushing = blob('of a push under way', 2000)
    const image = imageOf([pushing])

    test('the layers of a push under way are collected, and the push is told', async () => {
      for (const each of [CONFIG, kept]) await push(each)
      const before = imageOf([kept])
      assert.equal((await pushManifest(before)).status, 201)
      await push(pushing)
      const said = await collect()
      assert.match(said, new RegExp(`blob eligible for deletion: ${pushing.sha256}`))
      await new Promise((resolve) => setTimeout(resolve, FORGOTTEN))

      const path = `/v2/app/blobs/${pushing.sha256}`
      assert.equal((await send('HEAD', path)).status, 404)
      assert.equal((await send('GET', path)).status, 404)
      for (const from of ['&from=app', '']) {
        const mount = `/v2/other/blobs/uploads/?mount=${pushing.sha256}${from}`
        assert.equal((await send('POST', mount)).status, 202)
      }
      assert.match(registry.output(), /"level":"warn".*damaged: the object is gone, but .*_layers/)
      const refused = await pushManifest(image)
      assert.equal(refused.status, 400)
      const { errors } = (await refused.json()) as { errors: { code: string }[] }
      assert.equal(errors[0]?.code, 'MANIFEST_BLOB_UNKNOWN')
    })

    test('pushed again, everything can be pulled, and what had a manifest never went', async () => {
      await push(pushing)
      assert.equal((await pushManifest(image)).status, 201)
      for (const each of [CONFIG, kept, pushing]) {
        const answer = await send('GET', `/v2/app/blobs/${each.sha256}`)
        assert.equal(answer.status, 200)
        assert.ok(each.bytes.equals(Buffer.from(await answer.arrayBuffer())))
      }
      assert.equal((await send('GET', '/v2/app/manifests/v1')).status, 200)
    })

    test('slipway check names what it took away; pushed again, nothing is wrong', async () => {
      const lost = blob('of another push', 3000)
      await push(lost)
      await collect()
      const args = ['--json', '--repair', '--verify']
      const kinds = (printed: string) =>
        printed
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).kind)
      const failed = await slipway('check', opened.store, args).catch((error: unknown) => error)
      assert.match(String(failed), new RegExp(`link-without-data.*${lost.sha256}.*push to app`))
      await push(lost)
      assert.deepEqual(kinds(await slipway('check', opened.store, args)), ['sum'])
    })
  })
}
