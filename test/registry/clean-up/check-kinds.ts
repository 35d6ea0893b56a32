/**
 * What a check finds of condemned links, markers, records of deletes and what runs have noted; what it mends; and
 * that a run, and pulls, are right afterwards.
 *
 * @module
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CheckOptions, checkStore } from '../../../functions/registry/check/check.ts'
import type { Finding } from '../../../functions/registry/check/finding.ts'
import { type CollectOptions, collect } from '../../../functions/registry/clean-up/collect.ts'
import { type Marker, newNonce, writeMarker } from '../../../functions/registry/clean-up/marker.ts'
import { TIMES } from '../../../functions/registry/clean-up/terms.ts'
import { listDeletions } from '../../../functions/registry/deleted/deletions.ts'
import { noteDeletion } from '../../../functions/registry/deleted/note.ts'
import { undelete } from '../../../functions/registry/deleted/undelete.ts'
import {
  CLEAN_UP_PREFIX,
  cleanUpKey,
  DELETIONS_PREFIX,
  dataKey,
  deletedRepositoryKey,
  deletionKey,
  FENCE_KEY,
  layerLinkKey,
  markerKey,
  PULLED_PREFIX,
  PULLS_SINCE_KEY,
  pulledKey,
  revisionLinkKey,
  SCHEMA1_PREFIX,
  tagLinkKey,
  V1_PREFIX,
} from '../../../functions/registry/layout.ts'
import { deletedLinkBody, writeLink } from '../../../functions/registry/links.ts'
import { sayRecorded } from '../../../functions/registry/pulls/record.ts'
import type { Digest } from '../../../functions/registry/reference.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'
import { blob, imageOf } from '../../support/hosts/content.ts'
import { type Aging, aging } from '../../support/rig/aging.ts'
import { clientOf, expectStatus, type Send } from '../../support/rig/client.ts'
import { allObjects } from '../../support/rig/invariants.ts'
import { pushAtOnce, pushImage } from '../../support/rig/push.ts'
import type { OpenedStore, STORES } from '../../support/rig/stores.ts'

const HOUR = 60 * 60_000
const DAY = 24 * HOUR

const LAYER = blob('layer', 300)
const IMAGE = imageOf([LAYER])
const GONE_LAYER = blob('of what is deleted', 200)
const GONE = imageOf([GONE_LAYER])
const NOWHERE = blob('nowhere', 50)

interface World extends Aging {
  send(): Promise<Send>
  collect(options?: Partial<CollectOptions>): Promise<string>
  check(options?: Partial<CheckOptions>): Promise<Reported[]>
}

interface Reported extends Finding {
  readonly mended: string | undefined
}

const kindsOf = (found: readonly Finding[]): string[] => found.map(({ kind }) => kind).sort()

const worldOf = (store: ObjectStore): World => {
  const aged = aging(store)
  const { clock } = aged
  return {
    ...aged,
    send: () => clientOf(aged.store, { now: () => clock.now, cleanUp: true, undeletes: true }),
    async collect(options = {}) {
      const { outcome } = await collect(aged.store, {
        times: TIMES,
        run: true,
        force: true,
        closed: true,
        report: () => {},
        note: () => {},
        progress: () => {},
        isOver: () => false,
        monotonic: () => clock.now,
        ...options,
      })
      return outcome
    },
    async check(options = {}) {
      const found: Reported[] = []
      await checkStore(aged.store, {
        repair: false,
        verify: false,
        now: () => clock.now,
        wait: async () => {},
        report: (finding, mended) => void found.push({ ...finding, mended }),
        progress: () => false,
        ...options,
      })
      return found
    },
  }
}

interface Case {
  /** Makes it wrong. @returns the key where it is found */
  readonly harm: (world: World) => Promise<string>
  /** What is found there; the kinds of what is found elsewhere. */
  readonly kind: string
  readonly others?: readonly string[]
  /** How long after that. Default: an hour and a half. */
  readonly after?: number
  /** What was done; absent: nothing can be. */
  readonly mended?: RegExp
  /** What is found after the repair. */
  readonly left?: readonly string[]
  /** What is found after a run of the clean-up. Default: the same. */
  readonly leftByRun?: readonly string[]
  readonly only?: 'S3' | 'file store'
  /** What is to be so at the end. */
  readonly finally?: (world: World) => Promise<unknown>
}

const garbage = Buffer.from('garbage')
const layerKey = layerLinkKey('app', LAYER.sha256)
const nowhereKey = layerLinkKey('app', NOWHERE.sha256)
const goneKey = revisionLinkKey('app', GONE.sha256)

const put = async ({ store }: World, key: string, body: string | Buffer = garbage) => {
  await store.put(key, Buffer.from(body))
  return key
}

const mark = async ({ store }: World, digest: Digest, marker: Omit<Marker, 'nonce'>) => {
  await writeMarker(store, digest, { ...marker, nonce: newNonce() }, { ifNoneMatch: '*' })
  return markerKey(digest)
}

/** Deletes an image, as a client does. */
const deleteGone = async (world: World): Promise<void> => {
  const send = await world.send()
  await pushImage(send, 'app', 'gone', [GONE_LAYER])
  await expectStatus(202, send(`DELETE /v2/app/manifests/${GONE.sha256}`))
}

const keysOf = async ({ store }: World, prefix: string): Promise<string[]> =>
  (await allObjects(store, prefix)).map(({ key }) => key)

/** Deletes the records of a delete; of another one there is one. */
const withoutRecord = async (world: World): Promise<string> => {
  await deleteGone(world)
  await world.store.delete(await keysOf(world, DELETIONS_PREFIX))
  await noteDeletion(world.store, 'app', 'me', world.clock.now).tag('v0', IMAGE.sha256)
  return goneKey
}

/** The manifest comes back. */
const comesBack = async (world: World): Promise<void> => {
  const listed = await listDeletions(world.store, 'app')
  expect(listed.map(({ digest }) => digest)).toContain(GONE.sha256)
  await undelete(world.store, 'app', { digest: GONE.sha256 })
  await expectStatus(200, (await world.send())(`GET /v2/app/manifests/${GONE.sha256}`))
}

/** Stops a run where there is a piece of it, and damages that, to the same size. */
const damagePiece = async (world: World): Promise<string> => {
  let steps = 0
  await world.collect({ isOver: () => ++steps > 2 })
  const [piece] = await allObjects(world.store, cleanUpKey('run-'))
  await put(world, piece!.key, Buffer.alloc(piece!.size, 'x'))
  return cleanUpKey('checkpoint')
}

/** Lets runs note something, and damages what the keys of all such begin with. */
const afterRuns = (name: string) => async (world: World) => {
  world.clock.now += 3 * DAY
  for (let run = 0; run < 2; run++) expect(await world.collect()).toBe('done')
  const [key] = await keysOf(world, cleanUpKey(name))
  return put(world, key!)
}

const state = (name: string, mended: RegExp): Case => ({
  harm: (world) => put(world, cleanUpKey(name)),
  kind: 'damaged-state',
  mended,
})

const partOf = (name: string, head: string, mended: RegExp): Case => ({
  harm: async (world) => {
    await afterRuns(name)(world)
    return cleanUpKey(head)
  },
  kind: 'damaged-state',
  mended,
})

export const CASES: Readonly<Record<string, Case>> = {
  'a condemned link is cut, and its data is there': {
    harm: (world) => put(world, layerKey, `${LAYER.sha256} condemned 01`),
    kind: 'damaged-link',
    others: ['incomplete-manifest'],
    mended: /wrote it again, since its data is there/,
  },
  'a condemned link is cut, and its data is gone': {
    harm: (world) => put(world, nowhereKey, `${NOWHERE.sha256} condemned 01`),
    kind: 'damaged-link',
    mended: /removed it/,
  },
  'a condemned link of a manifest is empty, which nothing else can tell': {
    harm: (world) => put(world, revisionLinkKey('app', IMAGE.sha256), ''),
    kind: 'damaged-link',
    others: ['tag-without-manifest'],
    mended: /wrote it again, since its data is there/,
  },
  'a condemned tag is cut': {
    harm: (world) => put(world, tagLinkKey('app', 'cut'), `${IMAGE.sha256} condemned 01`),
    kind: 'damaged-link',
    mended: /removed it/,
  },
  'a deleted link is cut': {
    harm: async (world) => {
      await deleteGone(world)
      return put(world, goneKey, `sha384:${GONE.sha256.slice(7)}01`)
    },
    kind: 'damaged-link',
    mended: /wrote it again, as deleted/,
    finally: comesBack,
  },
  'a deleted link of an earlier build is cut': {
    harm: async (world) => {
      await deleteGone(world)
      return put(world, goneKey, `${GONE.sha256} deleted 01`)
    },
    kind: 'damaged-link',
    mended: /wrote it again, as deleted/,
    finally: comesBack,
  },
  'a condemned link records a wrong size': {
    harm: async ({ store }) => {
      await writeLink(store, layerKey, LAYER.sha256, { condemned: newNonce(), size: 1 })
      return layerKey
    },
    kind: 'link-to-wrong-size',
    mended: /recorded 300 bytes/,
    only: 'S3',
  },
  'a condemned link records the size that data had which was cut': {
    harm: async (world) => {
      const options = { condemned: newNonce(), size: LAYER.bytes.byteLength }
      await writeLink(world.store, layerKey, LAYER.sha256, options)
      await put(world, dataKey(LAYER.sha256), LAYER.bytes.subarray(1))
      return layerKey
    },
    kind: 'link-to-wrong-size',
    others: ['incomplete-manifest'],
    left: ['incomplete-manifest', 'link-to-wrong-size'],
    only: 'S3',
  },
  'the data of a condemned link is gone': {
    harm: async ({ store }) => {
      await writeLink(store, nowhereKey, NOWHERE.sha256, { condemned: newNonce() })
      return nowhereKey
    },
    kind: 'link-without-data',
    mended: /removed the link/,
  },
  'the data of a condemned link is gone that was condemned a moment ago': {
    harm: async ({ store }) => {
      await writeLink(store, nowhereKey, NOWHERE.sha256, { condemned: newNonce() })
      return nowhereKey
    },
    after: HOUR / 2,
    kind: 'link-without-data',
    left: ['link-without-data'],
  },
  'the data of a condemned link is gone that a manifest needs': {
    harm: async ({ store }) => {
      await writeLink(store, layerKey, LAYER.sha256, { condemned: newNonce() })
      await store.delete([dataKey(LAYER.sha256)])
      return layerKey
    },
    kind: 'link-without-data',
    others: ['incomplete-manifest'],
    left: ['incomplete-manifest', 'link-without-data'],
  },
  'a marker is damaged': {
    harm: (world) => put(world, markerKey(LAYER.sha256), 'condemned x'),
    kind: 'damaged-marker',
    mended: /may have been deleted/,
  },
  'a claim is not ended': {
    harm: (world) => mark(world, LAYER.sha256, { state: 'claimed' }),
    kind: 'expired-claim',
    mended: /may have been deleted/,
  },
  'a claim of a version is not ended, and no data is there': {
    harm: (world) => mark(world, NOWHERE.sha256, { state: 'claimed', version: 'v' }),
    kind: 'expired-claim',
    mended: /may have been deleted/,
  },
  'a claim of a version is not ended, and data is there': {
    harm: async (world) => {
      await world.store.put(dataKey(NOWHERE.sha256), NOWHERE.bytes)
      return mark(world, NOWHERE.sha256, { state: 'claimed', version: 'v' })
    },
    kind: 'expired-claim',
    left: ['expired-claim'],
    leftByRun: [],
    only: 'file store',
  },
  'a marker says gone, long after the grace': {
    harm: (world) => mark(world, LAYER.sha256, { state: 'gone' }),
    kind: 'old-marker',
    after: 10 * DAY,
    mended: /removed it/,
  },
  'a delete is not on record': {
    harm: withoutRecord,
    kind: 'missing-record',
    mended: /put it on record/,
    finally: comesBack,
  },
  'a delete is on record of which nothing is left': {
    harm: async (world) => {
      await deleteGone(world)
      await world.store.delete([goneKey])
      return (await keysOf(world, DELETIONS_PREFIX))[0]!
    },
    kind: 'stale-record',
    others: ['stale-record'],
    mended: /removed it/,
  },
  'the record of a delete is damaged': {
    harm: (world) => put(world, deletionKey('app', world.clock.now, 'id-0000')),
    kind: 'damaged-record',
    mended: /removed it/,
  },
  'the note of deletes of a whole repository is damaged': {
    harm: (world) => put(world, deletedRepositoryKey('app')),
    kind: 'damaged-record',
    mended: /removed it/,
  },
  'a tag leads to what was deleted after it': {
    harm: async (world) => {
      await pushImage(await world.send(), 'app', 'gone', [GONE_LAYER])
      world.clock.now += HOUR
      await noteDeletion(world.store, 'app', 'me', world.clock.now).manifest(GONE.sha256, [])
      await put(world, goneKey, Buffer.from(deletedLinkBody(GONE.sha256, newNonce(), { took: 0 })))
      return tagLinkKey('app', 'gone')
    },
    kind: 'tag-without-manifest',
    mended: /brought the manifest back/,
    finally: async (world) => expectStatus(200, (await world.send())('GET /v2/app/manifests/gone')),
  },
  'a checkpoint is damaged': state('checkpoint', /begins anew/),
  'a piece of a checkpoint is damaged': {
    harm: damagePiece,
    kind: 'damaged-state',
    mended: /begins anew/,
  },
  'what was seen is damaged': state('seen', /reads all repositories/),
  'a part of what was seen is damaged': partOf('seen-', 'seen', /reads all repositories/),
  'what is known of markers is damaged': state('markers', /reads all markers/),
  'the usage is damaged': state('usage', /next walk/),
  'a part of the usage is damaged': partOf('usage-', 'usage', /next walk/),
  'the lease is damaged': state('lease', /takes it/),
  'the lease is too long': {
    ...state('lease', /takes it/),
    harm: (world) => put(world, cleanUpKey('lease'), 'x'.repeat(5000)),
  },
  'what runs have looked at is damaged': state('looked', /looks at everything/),
  'the note of attempts is damaged': state('attempts', /is early/),
  'the word of a registry is damaged': state('keeper-some', /counts no longer/),
  'the fence is damaged': {
    harm: (world) => put(world, FENCE_KEY),
    kind: 'damaged-state',
    mended: /wrote it again/,
    finally: async ({ store }) => {
      const { size } = (await store.head(FENCE_KEY))!
      expect(size).toBe('{"protocol":1}\n'.length)
    },
  },
  'since when pulls are recorded is damaged': {
    harm: (world) => put(world, PULLS_SINCE_KEY),
    kind: 'damaged-state',
    mended: /begins anew/,
  },
  'the record of a pull is of no manifest': {
    harm: (world) => put(world, `${PULLED_PREFIX}app/!/sha256/short`),
    kind: 'damaged-record',
    mended: /removed it/,
  },
  'an image of the first API is of no manifest': {
    harm: (world) => put(world, `${V1_PREFIX}ids/app/!/sha256/${'0'.repeat(64)}`),
    kind: 'damaged-record',
    mended: /removed it/,
  },
  'signatures are of no manifest': {
    harm: (world) => put(world, `${SCHEMA1_PREFIX}app/!/sha256/short`),
    kind: 'damaged-record',
    mended: /removed it/,
  },
}

const objectsIn = async ({ store }: World) =>
  (await allObjects(store)).map(({ key, size, etag, modified }) => [key, size, etag, modified])

/** The image that nobody touches can be pulled, and its blobs; if its layer is not what was harmed. */
const pulls = async (world: World, whole: boolean): Promise<void> => {
  const send = await world.send()
  await expectStatus(200, send('GET /v2/app/manifests/v1'))
  if (whole) await expectStatus(200, send(`GET /v2/app/blobs/${LAYER.sha256}`))
}

/** Declares the tests on a store. */
export const kindsOn = ([kind, open]: (typeof STORES)[number]): void => {
  describe(kind, () => {
    let opened: OpenedStore
    let world: World
    beforeEach(async () => {
      opened = await open()
      world = worldOf(opened.store)
      await pushImage(await world.send(), 'app', 'v1', [LAYER])
    })
    afterEach(() => opened.close())

    const cases = Object.entries(CASES).filter(([, { only = kind }]) => only === kind)
    test.each(cases)('%s', async (_, each) => {
      const { harm, others = [], after = 1.5 * HOUR, mended, left = [], finally: ended } = each
      const key = await harm(world)
      world.clock.now += after
      const found = await world.check()
      expect(kindsOf(found)).toEqual([each.kind, ...others].sort())
      expect(found.map((one) => one.key)).toContain(key)
      // To look changes nothing.
      expect(await world.check()).toEqual(found)

      const repaired = (await world.check({ repair: true })).find((one) => one.key === key)
      expect(repaired).toMatchObject({ kind: each.kind })
      if (mended === undefined) expect(repaired?.mended).toBe(undefined)
      else expect(repaired?.mended).toMatch(mended)
      expect(kindsOf(await world.check())).toEqual([...left].sort())

      const before = await objectsIn(world)
      expect(kindsOf(await world.check({ repair: true }))).toEqual([...left].sort())
      expect(await objectsIn(world)).toEqual(before)

      await pulls(world, left.length === 0)
      expect(await world.collect()).toBe('done')
      await pulls(world, left.length === 0)
      expect(kindsOf(await world.check())).toEqual([...(each.leftByRun ?? left)].sort())
      await ended?.(world)
    })

    test('what is normal is nothing to be found', async () => {
      const { store, clock } = world
      await deleteGone(world)
      // A tag that was set beside the delete keeps it.
      const link = await store.get(goneKey)
      expect(link).toBeDefined()
      await writeLink(store, tagLinkKey('app', 'beside'), GONE.sha256)
      await writeLink(store, layerKey, LAYER.sha256, { condemned: newNonce() })
      for (const state of ['condemned', 'claimed', 'gone', 'rescued'] as const) {
        await mark(world, blob(state, 10).sha256, { state })
      }
      await store.put(pulledKey('app', IMAGE.sha256), new Uint8Array())
      await sayRecorded(store, clock.now)
      await noteDeletion(store, 'app', 'me', clock.now).tag('v0', IMAGE.sha256)
      await pushAtOnce(await world.send(), 'other', NOWHERE)
      clock.now += HOUR / 2
      let steps = 0
      expect(await world.collect({ isOver: () => ++steps > 2 })).toBe('stopped')
      expect(await keysOf(world, CLEAN_UP_PREFIX)).toContain(cleanUpKey('checkpoint'))
      expect(await world.check()).toEqual([])
      expect(await world.collect()).toBe('done')
      expect(await world.check({ repair: true })).toEqual([])
      // What waits for its time is taken away by runs, as are records by age.
      for (let run = 0; run < 2; run++) {
        clock.now += 20 * DAY
        expect(await world.collect()).toBe('done')
        expect(await world.check()).toEqual([])
      }
    })

    test('what a run goes on with is left alone', async () => {
      await put(world, cleanUpKey('checkpoint'))
      await put(world, cleanUpKey('lease'), JSON.stringify({ began: new Date().toISOString() }))
      const [found] = await world.check({ repair: true })
      expect(found).toMatchObject({ kind: 'damaged-state', mended: undefined })
      expect(found?.text).toMatch(/a clean-up may go on, so check again/)
      world.clock.now += HOUR
      expect((await world.check({ repair: true }))[0]?.mended).toMatch(/begins anew/)
    })

    test('what another version has written is left alone', async () => {
      const { store, clock } = world
      for (const name of ['usage', 'looked', 'keeper-other']) {
        await put(world, cleanUpKey(name), '{"version":2}')
      }
      await put(world, FENCE_KEY, '{"protocol":2}')
      await store.put(markerKey(LAYER.sha256), Buffer.from('of a later version'))
      clock.now += HOUR / 2
      expect(await world.check({ repair: true })).toMatchObject([
        { kind: 'damaged-marker', mended: undefined },
      ])
    })

    test('where deletes cannot be undone, and where there are no records at all, none is missed', async () => {
      await withoutRecord(world)
      expect(kindsOf(await world.check())).toEqual(['missing-record'])
      const times = { ...TIMES, undelete: 0 }
      expect(await world.check({ times, repair: true })).toEqual([])
      await world.store.delete(await keysOf(world, DELETIONS_PREFIX))
      expect(await world.check({ repair: true })).toEqual([])
    })
  })
}
