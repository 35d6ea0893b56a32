/**
 * What changes right before a run comes to it: the run takes nothing of it, does not name it as done, and says
 * how much it has left.
 *
 * @module
 */
import { expect, test } from 'vitest'
import { digestOfKey } from '../../../functions/registry/check/data.ts'
import { readStoredMarker } from '../../../functions/registry/clean-up/data.ts'
import {
  type MarkerState,
  newNonce,
  writeMarker,
} from '../../../functions/registry/clean-up/marker.ts'
import type { Step } from '../../../functions/registry/clean-up/thing.ts'
import { noteDeletion } from '../../../functions/registry/deleted/note.ts'
import {
  aliasKey,
  catalogKey,
  dataKey,
  fetchedTagKey,
  fetchingKey,
  layerLinkKey,
  markerKey,
  pulledKey,
  RETENTION_KEY,
  revisionLinkKey,
  schema1Key,
  tagLinkKey,
  uploadPrefix,
  v1ImagesKey,
} from '../../../functions/registry/layout.ts'
import { writeLink } from '../../../functions/registry/links.ts'
import { OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import type { RetentionInput } from '../../../functions/registry/retention/schema.ts'
import type { MultipartUpload, ObjectStore } from '../../../functions/storage/store.ts'
import { blob, descriptorOf, imageOf } from '../../support/hosts/content.ts'
import { expectStatus } from '../../support/rig/client.ts'
import { intercept } from '../../support/rig/intercept.ts'
import { pushAtOnce, pushImage, pushManifest } from '../../support/rig/push.ts'
import { DAY, openWorld, SERVICES, type World } from './world.ts'

const KEPT = blob('kept', 100)
const GARBAGE = blob('garbage', 50)
const IMAGE = imageOf([KEPT])
const SIGNATURE = imageOf([], { subject: descriptorOf(OCI_MANIFEST, IMAGE) })
const LONG = 3 * DAY

const RULES: RetentionInput['rules'] = [
  { name: 'tags', repositories: ['app'], tags: ['old'], remove: { notPushedFor: '1d' } },
  { name: 'rest', repositories: ['app'], untagged: true, remove: { notPushedFor: '1d' } },
]
const setRules = ({ store }: World) =>
  store.put(RETENTION_KEY, Buffer.from(JSON.stringify({ version: 1, immutable: [], rules: RULES })))

const mark = ({ store }: World, state: MarkerState) =>
  writeMarker(store, GARBAGE.sha256, { state, nonce: newNonce() }, { ifNoneMatch: '*' })

const condemned = () => ({ condemned: newNonce() })

const aRunBefore = async (world: World): Promise<void> => {
  await world.pass(LONG)
  await world.collect()
}

/** Makes something for each step to be taken about. */
const STATES: Readonly<Record<Step, (world: World) => Promise<unknown>>> = {
  'condemn-link': ({ send }) => pushAtOnce(send, 'app', GARBAGE),
  'keep-link': ({ store }) =>
    writeLink(store, layerLinkKey('app', KEPT.sha256), KEPT.sha256, condemned()),
  'remove-link': async (world) => {
    await pushAtOnce(world.send, 'app', GARBAGE)
    await aRunBefore(world)
  },
  'condemn-manifest': async (world) => {
    await pushManifest(world.send, 'app', imageOf([]).sha256, imageOf([]))
    await setRules(world)
  },
  'keep-manifest': ({ store }) =>
    writeLink(store, revisionLinkKey('app', IMAGE.sha256), IMAGE.sha256, condemned()),
  'delete-manifest': async (world) => {
    await pushManifest(world.send, 'app', imageOf([]).sha256, imageOf([]))
    await setRules(world)
    await aRunBefore(world)
  },
  'remove-manifest': async (world) => {
    const { sha256 } = await pushImage(world.send, 'app', 'gone', [])
    await expectStatus(202, world.send(`DELETE /v2/app/manifests/${sha256}`))
    await world.pass(8 * DAY)
  },
  'keep-tag': ({ store }) => writeLink(store, tagLinkKey('app', 'v1'), IMAGE.sha256, condemned()),
  'remove-tag': async (world) => {
    await pushManifest(world.send, 'app', 'old', IMAGE)
    await setRules(world)
  },
  'condemn-data': ({ store }) => store.put(dataKey(GARBAGE.sha256), GARBAGE.bytes),
  'clear-marker': (world) => mark(world, 'gone'),
  'remove-data': async (world) => {
    await world.store.put(dataKey(GARBAGE.sha256), GARBAGE.bytes)
    await aRunBefore(world)
  },
  'give-up-claim': (world) => mark(world, 'claimed'),
  'remove-upload': async (world) => {
    await world.store.put(`${uploadPrefix('some')}0-n`, GARBAGE.bytes)
    await world.pass(8 * DAY)
  },
  'abort-upload': async (world) => {
    await world.store.createMultipart(dataKey(GARBAGE.sha256), 5 * 1024 * 1024)
    await world.pass(8 * DAY)
  },
  'remove-alias': ({ store }) => store.put(aliasKey(GARBAGE.sha512), Buffer.from(GARBAGE.sha256)),
  'condemn-referrer': async ({ store, send }) => {
    await pushManifest(send, 'app', SIGNATURE.sha256, SIGNATURE)
    await store.delete([revisionLinkKey('app', SIGNATURE.sha256)])
  },
  'remove-referrer': async (world) => {
    await STATES['condemn-referrer'](world)
    await aRunBefore(world)
  },
  'condemn-mark': ({ store }) => store.put(catalogKey('empty'), new Uint8Array()),
  'remove-mark': async (world) => {
    await STATES['condemn-mark'](world)
    await aRunBefore(world)
  },
  'remove-note': async (world) => {
    await noteDeletion(world.store, 'app', 'me', 0).manifest(IMAGE.sha256, [])
    await world.pass(15 * DAY)
  },
  'remove-pull': ({ store }) => store.put(pulledKey('app', GARBAGE.sha256), new Uint8Array()),
  'remove-signatures': ({ store }) =>
    store.put(schema1Key('app', GARBAGE.sha256), Buffer.from('{}')),
  'remove-v1': ({ store }) => store.put(v1ImagesKey('app', GARBAGE.sha256), Buffer.from('{}')),
  'remove-fetched': ({ store }) => store.put(fetchedTagKey('app', 'gone'), Buffer.from('{}')),
  'remove-fetching': ({ store }) => store.put(fetchingKey(GARBAGE.sha256, 'up'), Buffer.from('{}')),
}

/** What happens right before the first operation of a run that changes the object. */
type Meanwhile = (store: ObjectStore, key: string, upload: MultipartUpload) => Promise<unknown>

/** Operations that change a key. */
const CHANGES = new Set(['put', 'deleteIf', 'deleteOnce', 'deleteVersion', 'abortMultipart'])

/** Where data is to be deleted, its claim is written first. */
const claimOf = (key: string): string => markerKey(digestOfKey(key) ?? key)

/** Does something once, right before the run changes a key, or right after it has claimed data. */
const disturbed = (key: string, meanwhile: Meanwhile) => {
  let done = false
  return (store: ObjectStore): ObjectStore =>
    intercept(store, async ({ operation, args }, proceed) => {
      const [first] = args as [string | readonly string[] | MultipartUpload]
      const upload = (first ?? {}) as MultipartUpload
      const changed = typeof first === 'string' ? first : (upload.key ?? '')
      const claims = changed === claimOf(key)
      if (done || !CHANGES.has(operation) || (changed !== key && !claims)) return proceed()
      done = true
      const answer = claims ? await proceed() : undefined
      await meanwhile(store, key, upload)
      return claims ? answer : proceed()
    })
}

const MEANWHILE: Readonly<Record<string, Meanwhile>> = {
  'is written': (store, key, upload) =>
    upload.id === undefined
      ? store.put(key, Buffer.from(`another ${key}`))
      : store.abortMultipart(upload),
  goes: (store, key, upload) =>
    upload.id === undefined ? store.delete([key]) : store.abortMultipart(upload),
}

const CASES = SERVICES.flatMap(([name, service]) =>
  (Object.keys(STATES) as Step[]).flatMap((step) =>
    Object.entries(MEANWHILE)
      // There is no marker yet that could go.
      .filter(([what]) => step !== 'condemn-data' || what !== 'goes')
      .map(([what, harm]) => [step, what, name, service, harm] as const),
  ),
)

test.each(CASES)('%s: what %s first is left (%s)', async (step, _what, _name, service, harm) => {
  let around = (store: ObjectStore): ObjectStore => store
  const world = await openWorld(service, (store) => around(store))
  await pushImage(world.send, 'app', 'v1', [KEPT])
  await STATES[step](world)
  await world.pass(LONG)
  const shown = await world.collect({ run: false })
  const key = shown.things.find((each) => each.step === step)?.key ?? ''
  expect(key).not.toBe('')
  around = disturbed(key, harm)
  const { things, collected } = await world.collect()
  const done = things.filter((each) => each.step === step)
  expect(done.filter((each) => each.key === key)).toEqual([])
  expect(collected).toMatchObject({ outcome: 'done', done: { changed: 1 } })
  const { steps } = (collected as Extract<typeof collected, { readonly done: unknown }>).done
  expect(steps[step]?.things ?? 0).toBe(done.length)
})

test('where a service does not tell, a claim that a run has left counts only if its version is there', async () => {
  const [, service] = SERVICES[1]!
  const around = (store: ObjectStore): ObjectStore => ({
    ...store,
    deleteVersion: async (...args) => {
      await store.deleteVersion(...args)
      return true
    },
  })
  const world = await openWorld(service, around)
  await pushImage(world.send, 'app', 'v1', [KEPT])
  await world.pass(LONG)
  const marker = { state: 'claimed', nonce: newNonce(), version: 'gone' } as const
  await writeMarker(world.store, GARBAGE.sha256, marker, { ifNoneMatch: '*' })
  const { things, collected } = await world.collect()
  expect(things).toEqual([])
  expect(collected).toMatchObject({ done: { changed: 1 } })
  const stored = await readStoredMarker(world.store, GARBAGE.sha256)
  expect(stored?.marker?.state).toBe('gone')
})
