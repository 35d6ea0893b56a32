/**
 * What clean-ups take beside links and data, and what they leave of it.
 *
 * @module
 */
import { afterAll, describe, expect, test } from 'vitest'
import {
  ALIASES_PREFIX,
  aliasKey,
  CATALOG_PREFIX,
  catalogKey,
  dataKey,
  FENCE_KEY,
  PULLED_PREFIX,
  pulledKey,
  REFERRERS_PREFIX,
  SCHEMA1_PREFIX,
  schema1Key,
  UPLOAD_SECRET_KEY,
  UPLOADS_PREFIX,
} from '../../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { UPLOAD_LIFE } from '../../../functions/registry/uploads/expire.ts'
import { USAGE_KEY } from '../../../functions/registry/usage/document.ts'
import { MIN_PART_SIZE } from '../../../functions/storage/store.ts'
import type { Model } from '../../interleavings/model.ts'
import { blob, descriptorOf, imageOf } from '../../support/hosts/content.ts'
import { aging } from '../../support/rig/aging.ts'
import { expectStatus } from '../../support/rig/client.ts'
import { begin, pushImage, pushManifest, sendChunk } from '../../support/rig/push.ts'
import { type OpenedStore, STORES } from '../../support/rig/stores.ts'
import { countsOf, DAY, HOUR, openWorld, SERVICES, type World } from './world.ts'

const A = blob('a', 1000)
const B = blob('b', 2000)
/** Longer than the grace. */
const LONG = 3 * DAY
/** Longer than deleted manifests are kept, than uploads live, and than runs rely on earlier looks. */
const LONGER = 8 * DAY

const signatureOf = (image: ReturnType<typeof imageOf>, seed = 'one') =>
  imageOf([], { subject: descriptorOf(OCI_MANIFEST, image), annotations: { seed } })

const referrersOf = async ({ send }: World, digest: string): Promise<string[]> => {
  const { body } = await expectStatus(200, send(`GET /v2/app/referrers/${digest}`))
  return JSON.parse(body.toString()).manifests.map((each: { digest: string }) => each.digest)
}

/** All but what each walk leaves anew. */
const keysOf = async (world: World): Promise<string[]> =>
  (await world.keys('')).filter((key) => !key.startsWith(USAGE_KEY))

const remove = (world: World, digest: string) =>
  expectStatus(202, world.send(`DELETE /v2/app/manifests/${digest}`))

/** Runs a few times over so many days. */
const runs = async (world: World, times: number): Promise<void> => {
  for (let at = 0; at < times; at++) {
    await world.pass(LONGER)
    await world.collect()
  }
}

/** A real store, of which there are no copies. */
const realModel = async (open: () => Promise<OpenedStore>) => {
  const { store, close } = await open()
  const none = (): never => {
    throw new Error('a real store')
  }
  const model: Model = { ...aging(store), copy: none, contents: none }
  return { model, close }
}

describe.each(STORES)('%s', (_, open) => {
  test('where everything was deleted, nothing is left but configuration', async () => {
    const { model, close } = await realModel(open)
    afterAll(close)
    const world = await openWorld(SERVICES[0]![1], undefined, model)
    const { store, send } = world
    const image = await pushImage(send, 'app', 'v1', [A])
    const signature = signatureOf(image)
    await pushManifest(send, 'app', signature.sha256, signature)
    await expectStatus(201, send(`POST /v2/app/blobs/uploads/?digest=${B.sha512}`, B.bytes))
    const layer = { ...descriptorOf('application/vnd.oci.image.layer.v1.tar', B), digest: B.sha512 }
    const other = imageOf([], { layers: [layer] })
    await pushManifest(send, 'app', 'v2', other)
    await pushImage(send, 'app/part', 'v1', [A])
    // An upload that nobody goes on with, and one whose parts a client was about to send itself.
    const begun = await begin(send, 'app')
    await sendChunk(send, begun, A.bytes)
    const sent = await store.createMultipart(dataKey(blob('sent', 50).sha256), MIN_PART_SIZE)
    await store.uploadPart(sent, 1, blob('sent', 50).bytes)
    await store.put(pulledKey('app', image.sha256), new Uint8Array())
    await store.put(schema1Key('app', image.sha256), Buffer.from('{}'))
    for (const each of [image, signature, other]) await remove(world, each.sha256)
    await expectStatus(202, send(`DELETE /v2/app/part/manifests/${image.sha256}`))
    for (const prefix of [
      ALIASES_PREFIX,
      CATALOG_PREFIX,
      PULLED_PREFIX,
      REFERRERS_PREFIX,
      SCHEMA1_PREFIX,
      UPLOADS_PREFIX,
    ]) {
      expect(await world.keys(prefix)).not.toEqual([])
    }
    await world.collect()
    await runs(world, 7)
    expect(await world.keys('')).toEqual([USAGE_KEY, FENCE_KEY, UPLOAD_SECRET_KEY])
    expect(await store.listMultiparts('')).toEqual([])
    expect((await world.collect({ run: false })).things).toEqual([])
  })
})

describe.each(SERVICES)('on %s', (_, service) => {
  test('a referrer keeps its place while it can be undeleted, and whether its subject is there or not', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    const [kept, gone] = [signatureOf(image), signatureOf(image, 'two')]
    for (const each of [kept, gone]) await pushManifest(world.send, 'app', each.sha256, each)
    await remove(world, image.sha256)
    await remove(world, gone.sha256)
    await world.pass(6 * DAY)
    await world.collect()
    expect(await world.keys(REFERRERS_PREFIX)).toHaveLength(2)
    await runs(world, 6)
    expect(await world.keys(REFERRERS_PREFIX)).toHaveLength(1)
    expect(await referrersOf(world, image.sha256)).toEqual([kept.sha256])
  })

  test('one that is pushed again after it was condemned is listed, and stays', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    const signature = signatureOf(image)
    await pushManifest(world.send, 'app', signature.sha256, signature)
    await remove(world, signature.sha256)
    await runs(world, 1)
    await world.pass(LONGER)
    expect(countsOf(await world.collect())).toMatchObject({ 'condemn-referrer': 1 })
    await world.pass(HOUR)
    // What it needs has gone, too.
    await pushImage(world.send, 'app', 'v1', [A])
    await pushManifest(world.send, 'app', signature.sha256, signature)
    await runs(world, 4)
    expect(await referrersOf(world, image.sha256)).toEqual([signature.sha256])
  })

  test('the mark of a repository goes with its last manifest, and a push brings it back', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    await remove(world, image.sha256)
    await runs(world, 1)
    await world.pass(LONGER)
    expect(countsOf(await world.collect())).toMatchObject({ 'condemn-mark': 1 })
    expect((await world.store.head(catalogKey('app')))?.size).toBeGreaterThan(0)
    const { body } = await world.send('GET /v2/_catalog')
    expect(JSON.parse(body.toString())).toEqual({ repositories: ['app'] })
    await pushImage(world.send, 'app', 'v1', [B])
    expect((await world.store.head(catalogKey('app')))?.size).toBe(0)
    await runs(world, 3)
    expect(await world.keys(CATALOG_PREFIX)).toEqual([catalogKey('app')])
  })

  test('the record of pulls stays as long as the manifest, also a deleted one', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    await world.store.put(pulledKey('app', image.sha256), new Uint8Array())
    await runs(world, 2)
    await remove(world, image.sha256)
    await world.pass(6 * DAY)
    await world.collect()
    expect(await world.keys(PULLED_PREFIX)).toHaveLength(1)
    await runs(world, 2)
    expect(await world.keys(PULLED_PREFIX)).toEqual([])
  })

  test('an alias stays as long as its bytes, whoever links them', async () => {
    const world = await openWorld(service)
    await expectStatus(201, world.send(`POST /v2/app/blobs/uploads/?digest=${A.sha512}`, A.bytes))
    await pushImage(world.send, 'other', 'v1', [A])
    await runs(world, 4)
    expect(await world.keys(ALIASES_PREFIX)).toEqual([aliasKey(A.sha512)])
    const from = `POST /v2/third/blobs/uploads/?mount=${A.sha512}`
    await expectStatus(201, world.send(from))
  })

  test('an alias whose bytes come back just now stays', async () => {
    let meanwhile: (() => Promise<unknown>) | undefined
    const world = await openWorld(service, (store) => ({
      ...store,
      async put(key, ...rest) {
        if (key === aliasKey(A.sha512)) {
          await meanwhile?.()
          meanwhile = undefined
        }
        return store.put(key, ...rest)
      },
    }))
    const upload = () =>
      expectStatus(201, world.send(`POST /v2/app/blobs/uploads/?digest=${A.sha512}`, A.bytes))
    await upload()
    while (await world.has(A.sha256)) await runs(world, 1)
    expect(await world.keys(ALIASES_PREFIX)).toHaveLength(1)
    await world.pass(LONGER)
    meanwhile = upload
    expect(countsOf(await world.collect())).not.toHaveProperty('remove-alias')
    expect(meanwhile).toBe(undefined)
    expect(await world.keys(ALIASES_PREFIX)).toEqual([aliasKey(A.sha512)])
  })

  test('uploads that may go on stay, to the end of their life', async () => {
    const world = await openWorld(service)
    const begun = await begin(world.send, 'app')
    await sendChunk(world.send, begun, A.bytes)
    const key = dataKey(A.sha256)
    const upload = await world.store.createMultipart(key, MIN_PART_SIZE)
    await world.store.uploadPart(upload, 1, A.bytes)
    await world.pass(UPLOAD_LIFE)
    expect(countsOf(await world.collect())).toEqual({})
    await world.pass(2 * HOUR)
    const { things } = await world.collect()
    // What is staged, its newest state, and the parts.
    expect(things.map(({ step, size }) => [step, size])).toEqual([
      ['remove-upload', A.bytes.byteLength],
      ['remove-upload', expect.any(Number)],
      ['abort-upload', A.bytes.byteLength],
    ])
    expect(await world.store.listMultiparts('')).toEqual([])
  })

  test('what was looked at is not looked at again, unless it was written, or a week has passed', async () => {
    const counted = new Map<string, number>()
    const world = await openWorld(service, (store) => ({
      ...store,
      async head(key) {
        counted.set('head', (counted.get('head') ?? 0) + (key.includes('/revisions/') ? 1 : 0))
        return store.head(key)
      },
      async list(prefix, options) {
        const one = options?.limit === 1 ? 1 : 0
        counted.set('list', (counted.get('list') ?? 0) + one)
        return store.list(prefix, options)
      },
    }))
    const costs = async () => {
      counted.clear()
      await world.collect()
      return [counted.get('head') ?? 0, counted.get('list') ?? 0]
    }
    const image = await pushImage(world.send, 'app', 'v1', [A])
    const signatures = ['1', '2', '3'].map((seed) => signatureOf(image, seed))
    for (const each of signatures) await pushManifest(world.send, 'app', each.sha256, each)
    expect(await costs()).toEqual([0, 0])
    await world.pass(LONG)
    expect(await costs()).toEqual([3, 0])
    expect(await costs()).toEqual([0, 0])
    await world.pass(DAY)
    expect(await costs()).toEqual([0, 0])
    await remove(world, signatures[0]!.sha256)
    await world.pass(LONG)
    expect(await costs()).toEqual([1, 0])
    await world.pass(LONGER)
    expect(await costs()).toEqual([3, 0])
  })

  test('a dry run says what the run then does, and leaves all as it is', async () => {
    const world = await openWorld(service)
    const image = await pushImage(world.send, 'app', 'v1', [A])
    await expectStatus(201, world.send(`POST /v2/app/blobs/uploads/?digest=${B.sha512}`, B.bytes))
    await remove(world, image.sha256)
    const begun = await begin(world.send, 'app')
    await sendChunk(world.send, begun, A.bytes)
    const seen = new Set<string>()
    for (let at = 0; at < 8; at++) {
      await world.pass(LONGER)
      const before = await keysOf(world)
      const dry = await world.collect({ run: false })
      expect(await keysOf(world)).toEqual(before)
      const ran = await world.collect()
      const withoutTimes = ({ things }: typeof ran) =>
        things.map((each) => ({ ...each, why: each.why.replace(/\d{4}-\S+/, '') }))
      expect(withoutTimes(ran)).toEqual(expect.arrayContaining(withoutTimes(dry)))
      expect(ran.things).toHaveLength(dry.things.length)
      for (const { step } of dry.things) seen.add(step)
    }
    for (const step of ['condemn-mark', 'remove-mark', 'remove-alias', 'remove-upload']) {
      expect(seen).toContain(step)
    }
    expect(seen).toContain('remove-note')
  })
})
