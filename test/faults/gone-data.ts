/**
 * Data that is gone or cut under a link that stays, as a foreign garbage collector, a lifecycle rule
 * or a hand leaves it: nobody is told that the registry has it, and a push repairs it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, describe, test } from 'vitest'
import { DOUBT } from '../../functions/registry/held.ts'
import { dataKey, layerLinkKey } from '../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, CONFIG, type Content, imageOf, indexOf } from '../support/hosts/content.ts'
import {
  type ClientOptions,
  clientOf,
  codeOf,
  expectStatus,
  locationOf,
  type Send,
} from '../support/rig/client.ts'
import {
  begin,
  inChunks,
  type PushBlob,
  pushAsContainerd,
  pushAsDocker,
  pushAtOnce,
  pushManifest,
} from '../support/rig/push.ts'
import type { STORES } from '../support/rig/stores.ts'

const MEBIBYTE = 1024 * 1024

/** What happens to the data. */
const HARM: Readonly<Record<string, (store: ObjectStore, content: Content) => Promise<unknown>>> = {
  gone: (store, { sha256 }) => store.delete([dataKey(sha256)]),
  cut: (store, { sha256, bytes }) => store.put(dataKey(sha256), bytes.subarray(0, -1)),
  'too long': (store, { sha256, bytes }) =>
    store.put(dataKey(sha256), Buffer.concat([bytes, Buffer.from('x')])),
}

/** PUT without a length, after a HEAD that said no. */
const pushInChunks: PushBlob = async (send, name, { bytes, sha256 }) => {
  const begun = await begin(send, name)
  const target = locationOf(begun, `digest=${sha256}`)
  await expectStatus(201, send(`PUT ${target}`, inChunks(bytes)))
}

/** By its sha512 digest. */
const pushBySha512: PushBlob = (send, name, { bytes, sha512 }) =>
  expectStatus(201, send(`POST /v2/${name}/blobs/uploads/?digest=${sha512}`, bytes))

const PUSHES = { pushAsDocker, pushAsContainerd, pushAtOnce, pushInChunks, pushBySha512 }

const pulls = async (send: Send, name: string, { bytes, sha256 }: Content): Promise<void> => {
  const { body } = await expectStatus(200, send(`GET /v2/${name}/blobs/${sha256}`))
  assert.ok(body.equals(bytes), 'the bytes that were pushed')
}

/** Declares the tests on a store. */
export const goneData = ([kind, open]: (typeof STORES)[number]): void => {
  describe(kind, async () => {
    const { store, close } = await open()
    afterAll(close)
    const fresh = (options?: ClientOptions) => clientOf(store, options)
    const redirects = { redirects: true, redirectHeads: true }
    let count = 0
    /** A layer that the repository `app` has, by both digests, and an image of it. */
    const stored = async (size = 100) => {
      const layer = blob(`${kind} ${count++}`, size)
      const send = await fresh()
      await pushBySha512(send, 'app', layer)
      await pushAtOnce(send, 'app', CONFIG)
      await pushAtOnce(send, 'other', CONFIG)
      return { layer, image: imageOf([layer]) }
    }

    for (const [harm, doHarm] of Object.entries(HARM)) {
      // Without a recorded size, the size of what is there is the only one known.
      const noticed = harm === 'gone' || kind === 'S3'

      const says = noticed ? test : undefined
      says?.(`${harm}: HEAD, GET and mounts say no`, async () => {
        const { layer } = await stored()
        await doHarm(store, layer)
        for (const digest of [layer.sha256, layer.sha512]) {
          const path = `/v2/app/blobs/${digest}`
          for (const request of [`HEAD ${path}`, `GET ${path}`]) {
            await expectStatus(404, (await fresh())(request))
          }
          await expectStatus(404, (await fresh(redirects))(`HEAD ${path}`))
          const mount = `POST /v2/other/blobs/uploads/?mount=${digest}`
          await expectStatus(202, (await fresh())(`${mount}&from=app`))
          if (harm !== 'gone' && digest === layer.sha256) continue
          await expectStatus(202, (await fresh())(mount))
        }
      })

      test(`${harm}: a manifest that needs it is refused, by tag and by digest`, async () => {
        const { layer, image } = await stored()
        await doHarm(store, layer)
        for (const reference of ['v1', image.sha256]) {
          const headers = { 'Content-Type': OCI_MANIFEST }
          const target = `/v2/app/manifests/${reference}`
          const answer = await (await fresh())(`PUT ${target}`, image.bytes, headers)
          assert.equal(answer.status, 400)
          assert.equal(codeOf(answer), noticed ? 'MANIFEST_BLOB_UNKNOWN' : 'MANIFEST_INVALID')
          await expectStatus(404, (await fresh())(`GET ${target}`))
        }
      })

      test(`${harm}: an index of a manifest without its bytes is refused`, async () => {
        const { image } = await stored()
        await pushManifest(await fresh(), 'app', image.sha256, image)
        await doHarm(store, image)
        const headers = { 'Content-Type': OCI_INDEX }
        const target = '/v2/app/manifests/index'
        const answer = await (await fresh())(`PUT ${target}`, indexOf([image]).bytes, headers)
        assert.equal(answer.status, 400)
        assert.equal(codeOf(answer), noticed ? 'MANIFEST_BLOB_UNKNOWN' : 'MANIFEST_INVALID')
        await pushManifest(await fresh(), 'app', image.sha256, image)
        await pushManifest(await fresh(), 'app', 'index', indexOf([image]), OCI_INDEX)
      })

      test(`${harm}: a commit that is repeated does not say yes`, async () => {
        const layer = blob(`${kind} ${count++}`, 100)
        const send = await fresh()
        const patched = await expectStatus(
          202,
          send(`PATCH ${locationOf(await begin(send, 'app'))}`, layer.bytes),
        )
        const commit = `PUT ${locationOf(patched, `digest=${layer.sha256}`)}`
        await expectStatus(201, send(commit))
        await expectStatus(201, (await fresh())(commit))
        await doHarm(store, layer)
        if (noticed) await expectStatus(404, (await fresh())(commit))
      })

      for (const [how, push] of Object.entries(PUSHES)) {
        // Where a size is recorded nowhere, a client that asks first is told that it is there.
        const sends =
          noticed || push === pushAtOnce || push === pushInChunks || push === pushBySha512
        if (!sends) continue
        test(`${harm}: ${how} repairs it`, async () => {
          const { layer, image } = await stored()
          await doHarm(store, layer)
          const send = await fresh()
          await push(send, 'app', layer)
          await pushManifest(send, 'app', 'repaired', image)
          await pulls(await fresh(), 'app', layer)
        })
      }
    }

    for (const harm of ['cut', 'too long']) {
      for (const push of [pushAsDocker, pushAsContainerd]) {
        test(`${harm} where no link records a size: ${push.name} repairs it with the second push`, async () => {
          const { layer, image } = await stored()
          await store.put(layerLinkKey('app', layer.sha256), Buffer.from(layer.sha256))
          await HARM[harm]?.(store, layer)
          const send = await fresh()
          const headers = { 'Content-Type': OCI_MANIFEST }
          const pushAll = async () => {
            await push(send, 'app', layer)
            return send('PUT /v2/app/manifests/second', image.bytes, headers)
          }
          const refused = await pushAll()
          assert.equal(codeOf(refused), 'MANIFEST_INVALID')
          assert.match(refused.body.toString(), /push both again/)
          assert.equal((await pushAll()).status, 201)
          await pulls(await fresh(), 'app', layer)
          await expectStatus(200, send(`HEAD /v2/app/blobs/${layer.sha256}`))
        })
      }
    }

    test('a manifest that is wrong about a size does not make its blob unknown for long', async () => {
      const { layer, image } = await stored()
      await store.put(layerLinkKey('app', layer.sha256), Buffer.from(layer.sha256))
      const clock = { now: 1_000_000 }
      const send = await fresh({ now: () => clock.now })
      const wrong = imageOf([{ ...layer, bytes: layer.bytes.subarray(1) }])
      const headers = { 'Content-Type': OCI_MANIFEST }
      const head = `HEAD /v2/app/blobs/${layer.sha256}`
      await expectStatus(400, send('PUT /v2/app/manifests/wrong', wrong.bytes, headers))
      await expectStatus(404, send(head))
      await expectStatus(200, send(head.replace('HEAD', 'GET')))
      clock.now += DOUBT + 1
      await expectStatus(200, send(head))
      await expectStatus(400, send('PUT /v2/app/manifests/wrong', wrong.bytes, headers))
      await expectStatus(201, send('PUT /v2/app/manifests/right', image.bytes, headers))
      await expectStatus(200, send(head))
    })

    for (const harm of ['gone', 'cut', 'too long']) {
      test(`${harm}: a blob of several parts, which is looked up before it is written`, async () => {
        const { layer } = await stored(13 * MEBIBYTE)
        await store.delete([layerLinkKey('app', layer.sha256)])
        for (const push of [pushAsDocker, pushAsContainerd, pushInChunks]) {
          await HARM[harm]?.(store, layer)
          const name = `large/${push.name.toLowerCase()}`
          await push(await fresh(), name, layer)
          await pulls(await fresh(), name, layer)
        }
      })
    }

    test('gone while its bytes are received, which are not kept: 503, and the next try repairs', async () => {
      const { layer } = await stored(13 * MEBIBYTE)
      const clock = { now: 1_000_000 }
      const send = await fresh({ now: () => clock.now })
      const half = layer.bytes.byteLength / 2
      const { bytes } = layer
      async function* body() {
        yield bytes.subarray(0, half)
        await store.delete([dataKey(layer.sha256)])
        clock.now += 60_000
        yield bytes.subarray(half)
      }
      const target = `POST /v2/late/blobs/uploads/?digest=${layer.sha256}`
      const headers = { 'Content-Length': String(bytes.byteLength) }
      await expectStatus(503, send(target, body(), headers))
      await expectStatus(404, send(`HEAD /v2/late/blobs/${layer.sha256}`))
      await pushAtOnce(send, 'late', layer)
      await pulls(send, 'late', layer)
    })
  })
}
