/**
 * What a clean-up takes, and what it leaves.
 *
 * @module
 */
import { describe, expect, test } from 'vitest'
import {
  CLEAN_UP_PREFIX,
  CONDEMNED_PREFIX,
  cleanUpKey,
  dataKey,
  layerLinkKey,
  revisionLinkKey,
} from '../../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { USAGE_KEY } from '../../../functions/registry/usage/document.ts'
import { blob, CONFIG, descriptorOf, imageOf, indexOf } from '../../support/hosts/content.ts'
import { expectStatus } from '../../support/rig/client.ts'
import { pushAtOnce, pushImage, pushManifest } from '../../support/rig/push.ts'
import { countsOf, DAY, HOUR, openWorld, SERVICES, stepsOf } from './world.ts'

/** What the last walk found stays. */
/** Whether a key is not of what a run notes for others. */
const isNoNote = (key: string): boolean =>
  !key.startsWith(USAGE_KEY) && !key.startsWith(`${CLEAN_UP_PREFIX}seen`)

const A = blob('a', 1000)
const B = blob('b', 2000)
/** Longer than the grace. */
const LONG = 3 * DAY
/** Longer than deleted manifests are kept. */
const LONGER = 8 * DAY

describe.each(SERVICES)('on %s', (_, service) => {
  test('a blob that no manifest needs goes, link and bytes, each a grace after it was condemned', async () => {
    const world = await openWorld(service)
    await pushImage(world.send, 'app', 'v1', [A])
    await pushAtOnce(world.send, 'app', B)
    await world.pass(47 * HOUR)
    expect(stepsOf(await world.collect())).toEqual([])
    await world.pass(LONG)
    expect(stepsOf(await world.collect())).toEqual([`condemn-link ${B.sha256}`])
    expect(stepsOf(await world.collect())).toEqual([])
    await world.pass(LONG)
    expect(stepsOf(await world.collect())).toEqual([`remove-link ${B.sha256}`])
    expect(stepsOf(await world.collect())).toEqual([`condemn-data ${B.sha256}`])
    expect(stepsOf(await world.collect())).toEqual([])
    expect(await world.has(B.sha256)).toBe(true)
    await world.pass(LONG)
    expect(stepsOf(await world.collect())).toEqual([`remove-data ${B.sha256}`])
    expect(await world.has(B.sha256)).toBe(false)
    expect(await world.keys(CONDEMNED_PREFIX)).toHaveLength(1)
    await world.pass(LONG)
    expect(stepsOf(await world.collect())).toEqual([`clear-marker ${B.sha256}`])
    expect(await world.keys(CONDEMNED_PREFIX)).toEqual([])
    expect((await world.keys(CLEAN_UP_PREFIX)).filter(isNoNote)).toEqual([cleanUpKey('looked')])
    await expectStatus(200, world.send('GET /v2/app/manifests/v1'))
    await expectStatus(200, world.send(`GET /v2/app/blobs/${A.sha256}`))
  })

  test('a deleted manifest stays with all that it needs as long as it can be undeleted', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    await pushImage(world.send, 'other', 'v1', [B])
    await expectStatus(202, world.send(`DELETE /v2/app/manifests/${image.sha256}`))
    await world.pass(6 * DAY)
    expect(stepsOf(await world.collect())).toEqual([])
    await world.pass(2 * DAY)
    const gone = [image.sha256, A.sha256, CONFIG.sha256]
    expect(countsOf(await world.collect())).toEqual({ 'condemn-link': 2, 'remove-manifest': 1 })
    for (const digest of gone) expect(await world.has(digest)).toBe(true)
    for (let at = 0; at < 3; at++) {
      await world.pass(LONG)
      await world.collect()
      await world.collect()
    }
    expect(await world.has(image.sha256)).toBe(false)
    expect(await world.has(A.sha256)).toBe(false)
    // Another repository has it.
    expect(await world.has(CONFIG.sha256)).toBe(true)
    await expectStatus(200, world.send(`GET /v2/other/blobs/${B.sha256}`))
  })

  test('what is untagged stays, and children of indexes at any depth, manifests or blobs', async () => {
    const world = await openWorld(service)
    const { send } = world
    const untagged = await pushImage(send, 'app', 'v1', [A])
    await pushImage(send, 'app', 'v1', [B])
    await pushAtOnce(send, 'app', blob('cache', 50))
    const cache = indexOf([], {
      manifests: [
        descriptorOf('application/vnd.oci.image.layer.v1.tar+gzip', blob('cache', 50)),
        descriptorOf(OCI_MANIFEST, untagged),
      ],
    })
    await pushManifest(send, 'app', cache.sha256, cache, OCI_INDEX)
    const outer = indexOf([], { manifests: [descriptorOf(OCI_INDEX, cache)] })
    await pushManifest(send, 'app', 'cache', outer, OCI_INDEX)
    const signature = imageOf([], { subject: descriptorOf(OCI_MANIFEST, untagged) })
    await pushManifest(send, 'app', signature.sha256, signature)
    for (let at = 0; at < 6; at++) {
      await world.pass(LONGER)
      expect(stepsOf(await world.collect())).toEqual([])
    }
  })

  test('a condemned link that a manifest needs is made plain, and keeps its size', async () => {
    const world = await openWorld(service)
    await pushAtOnce(world.send, 'app', CONFIG)
    await world.pass(LONG)
    await world.collect()
    const key = layerLinkKey('app', CONFIG.sha256)
    const condemned = await world.store.head(key)
    expect(condemned?.metadata).toEqual({ size: `${CONFIG.bytes.byteLength}` })
    // As a push writes it that saw the link before it was condemned.
    const image = imageOf()
    await world.store.put(dataKey(image.sha256), image.bytes)
    await world.store.put(revisionLinkKey('app', image.sha256), Buffer.from(image.sha256))
    await world.pass(LONG)
    expect(stepsOf(await world.collect())).toEqual([`keep-link ${CONFIG.sha256}`])
    expect(await world.store.head(key)).toMatchObject({ size: 71, metadata: condemned!.metadata })
  })

  test('a blob under another algorithm is kept by its manifest, and goes with it', async () => {
    const world = await openWorld(service)
    const { send } = world
    await expectStatus(201, send(`POST /v2/app/blobs/uploads/?digest=${A.sha512}`, A.bytes))
    await pushAtOnce(send, 'app', CONFIG)
    const layer = { ...descriptorOf('application/vnd.oci.image.layer.v1.tar', A), digest: A.sha512 }
    const image = imageOf([], { layers: [layer] })
    await expectStatus(
      201,
      send(`PUT /v2/app/manifests/${image.sha512}`, image.bytes, { 'Content-Type': OCI_MANIFEST }),
    )
    for (let at = 0; at < 4; at++) {
      await world.pass(LONGER)
      expect(stepsOf(await world.collect())).toEqual([])
    }
    await expectStatus(202, world.send(`DELETE /v2/app/manifests/${image.sha512}`))
    for (let at = 0; at < 5; at++) {
      await world.pass(LONGER)
      await world.collect()
    }
    expect(await world.keys('docker/')).toEqual([])
  })

  test('nothing goes of a repository with a manifest that cannot be read', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    await pushAtOnce(world.send, 'app', B)
    await world.store.delete([dataKey(image.sha256)])
    await world.pass(LONG)
    const { things, notes } = await world.collect()
    expect(things).toEqual([])
    expect(notes).toEqual([
      `app: all blobs stay, since the bytes of the manifest ${image.sha256} are not there: see slipway check`,
    ])
    await world.store.put(dataKey(image.sha256), Buffer.from('{"layers":[]}'))
    expect((await world.collect()).notes).toEqual([
      `app: all blobs stay, since nobody knows what the manifest ${image.sha256} needs`,
    ])
  })

  test('a run that would take more than half stops, unless it is forced', async () => {
    const world = await openWorld(service)
    await pushAtOnce(world.send, 'app', A)
    await pushAtOnce(world.send, 'app', B)
    await world.pass(LONG)
    const before = await world.keys('')
    const { collected, things } = await world.collect({ force: false })
    expect(collected).toMatchObject({ outcome: 'refused', why: '2 of 2 links of blobs' })
    expect(things).toEqual([])
    expect((await world.keys('')).filter(isNoNote)).toEqual(before)
    expect(countsOf(await world.collect({ force: false, run: false }))).toEqual({
      'condemn-link': 2,
    })
    expect((await world.collect()).collected.outcome).toBe('done')
  })
})
