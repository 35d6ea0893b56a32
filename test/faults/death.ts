/**
 * A crash at any point: the process of a push dies after its k-th store operation, for every k. Only
 * what was verified stays readable, and the same push through another process succeeds.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { tagLinkKey } from '../../functions/registry/layout.ts'
import { readLink } from '../../functions/registry/links.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG, type Content, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { checkStore } from '../support/rig/invariants.ts'
import { type PushBlob, pushImage, pushManifest } from '../support/rig/push.ts'
import type { OpenedStore } from '../support/rig/stores.ts'

/** A store that its process loses after this many operations. */
export const mortal = (
  store: ObjectStore,
  life: number,
): { store: ObjectStore; isDead(): boolean } => {
  let left = life
  return {
    isDead: () => left < 0,
    store: intercept(store, async (_, proceed) => {
      left -= 1
      if (left < 0) throw new Error('the process is dead')
      return proceed()
    }),
  }
}

/** An image, tagged, and a signature of it, as a subject. */
export const push = async (
  send: Send,
  layers: readonly Content[],
  style: PushBlob,
): Promise<void> => {
  const image = await pushImage(send, 'app', 'v1', layers, style)
  const signature = imageOf([], { subject: descriptorOf(OCI_MANIFEST, image) })
  await pushManifest(send, 'app', signature.sha256, signature)
}

/** Everything that a client does with an existing image. */
const pull = async (send: Send, layers: readonly Content[]): Promise<void> => {
  const image = imageOf(layers)
  const manifest = await expectStatus(200, send('GET /v2/app/manifests/v1'))
  assert.ok(manifest.body.equals(image.bytes))
  for (const { sha256, bytes } of [CONFIG, ...layers]) {
    const { body } = await expectStatus(200, send(`GET /v2/app/blobs/${sha256}`))
    assert.ok(body.equals(bytes))
  }
  const json = async (path: string) =>
    JSON.parse((await expectStatus(200, send(`GET ${path}`))).body.toString())
  assert.deepEqual((await json('/v2/app/tags/list')).tags, ['v1'])
  assert.deepEqual((await json('/v2/_catalog')).repositories, ['app'])
  assert.equal((await json(`/v2/app/referrers/${image.sha256}`)).manifests.length, 1)
}

/** What a reader may see of a crashed push: the tag and everything behind it, or no tag. */
const checkReadable = async (store: ObjectStore, layers: readonly Content[]): Promise<void> => {
  await checkStore(store)
  const tag = await readLink(store, tagLinkKey('app', 'v1'))
  const send = await clientOf(store)
  const { status, body } = await send('GET /v2/app/tags/list')
  if (status === 200) {
    assert.deepEqual(JSON.parse(body.toString()).tags.slice(0, 1), tag ? ['v1'] : [])
  } else assert.equal(status, 404)
  if (tag === undefined) {
    await expectStatus(404, send('GET /v2/app/manifests/v1'))
    return
  }
  await expectStatus(200, send('GET /v2/app/manifests/v1'))
  for (const { sha256 } of [CONFIG, ...layers]) {
    await expectStatus(200, send(`HEAD /v2/app/blobs/${sha256}`))
  }
}

/**
 * Pushes an image into empty stores, crashing after each operation until a push completes.
 *
 * @returns how many crashed
 */
export const dieEverywhere = async (
  open: () => Promise<OpenedStore>,
  layers: readonly Content[],
  style: PushBlob,
): Promise<number> => {
  let deaths = 0
  for (let life = 0, alive = false; !alive; life++) {
    const { store, close } = await open()
    try {
      // The secret exists already, so that each crash is during the push.
      await clientOf(store)
      const process = mortal(store, life + 1)
      const dying = await clientOf(process.store)
      const failure = await push(dying, layers, style).catch((error: unknown) => error)
      // A crash during the clean-up is not seen by the client.
      alive = !process.isDead()
      if (alive) assert.equal(failure, undefined)
      else deaths += 1
      await checkReadable(store, layers)
      const fresh = await clientOf(store)
      await push(fresh, layers, style)
      await pull(fresh, layers)
      await checkStore(store)
    } finally {
      await close()
    }
  }
  return deaths
}
