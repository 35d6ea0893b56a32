/**
 * What a check finds in a store, what it mends, and that nothing of it is found again.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'vitest'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import {
  type Checked,
  type CheckOptions,
  checkStore,
} from '../../functions/registry/check/check.ts'
import type { Finding } from '../../functions/registry/check/finding.ts'
import {
  aliasKey,
  catalogKey,
  damagedKey,
  dataKey,
  layerLinkKey,
  referrerKey,
  revisionLinkKey,
  tagLinkKey,
  uploadPrefix,
} from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, CONFIG, descriptorOf, imageOf, indexOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import type { OpenedStore, STORES } from '../support/rig/stores.ts'

const LAYER = blob('layer', 500)
const IMAGE = imageOf([LAYER])
const INDEX = indexOf([IMAGE])
const SUBJECT = { subject: descriptorOf(OCI_MANIFEST, IMAGE) }
const SIGNATURE = imageOf([], { ...SUBJECT, annotations: { a: 'signature' } })

const DAY = 24 * 60 * 60_000

interface Reported extends Finding {
  readonly mended: string | undefined
}

interface Run extends Checked {
  readonly findings: readonly Reported[]
  /** Their kinds, in order. */
  readonly kinds: readonly string[]
}

const run = async (store: ObjectStore, options: Partial<CheckOptions> = {}): Promise<Run> => {
  const findings: Reported[] = []
  const checked = await checkStore(store, {
    repair: false,
    verify: false,
    now: Date.now,
    wait: async () => {},
    report: (finding, mended) => void findings.push({ ...finding, mended }),
    progress: () => false,
    ...options,
  })
  return { ...checked, findings, kinds: findings.map(({ kind }) => kind) }
}

interface Case {
  /** Makes it wrong. */
  readonly harm: (store: ObjectStore) => Promise<unknown>
  /** What is found, and where. */
  readonly kinds: readonly string[]
  readonly key: string
  readonly options?: Partial<CheckOptions>
  /** What is found after the repair; nothing, unless it says so. */
  readonly left?: readonly string[]
  /** What a client does that mends the rest. */
  readonly push?: (send: Send) => Promise<unknown>
  readonly only?: 'S3' | 'file store'
}

const later = (milliseconds: number): Partial<CheckOptions> => ({
  now: () => Date.now() + milliseconds,
})
const pushLayer = (send: Send) => pushAtOnce(send, 'app', LAYER)
const pushImage = (send: Send) => pushManifest(send, 'app', 'v1', IMAGE)
const pushSignature = (send: Send) => pushManifest(send, 'app', SIGNATURE.sha256, SIGNATURE)

const garbage = Buffer.from('garbage')
const layerKey = layerLinkKey('app', LAYER.sha256)
const descriptor = referrerKey('app', IMAGE.sha256, SIGNATURE.sha256)

const CASES: Readonly<Record<string, Case>> = {
  "a blob's link is damaged": {
    harm: (store) => store.put(layerKey, garbage),
    kinds: ['damaged-link', 'incomplete-manifest'],
    key: layerKey,
  },
  "a blob's link is damaged, and its data is gone": {
    harm: async (store) => {
      await store.put(layerKey, garbage)
      await store.delete([dataKey(LAYER.sha256)])
    },
    kinds: ['damaged-link', 'incomplete-manifest', 'link-without-data'],
    key: layerKey,
    left: ['incomplete-manifest', 'link-without-data'],
    push: pushLayer,
  },
  "a manifest's link is damaged": {
    harm: (store) => store.put(revisionLinkKey('app', IMAGE.sha256), garbage),
    kinds: ['incomplete-manifest', 'damaged-link', 'tag-without-manifest'],
    key: revisionLinkKey('app', IMAGE.sha256),
    left: [],
  },
  "a tag's link is damaged": {
    harm: (store) => store.put(tagLinkKey('app', 'v1'), new Uint8Array()),
    kinds: ['damaged-link'],
    key: tagLinkKey('app', 'v1'),
  },
  'an alias is damaged': {
    harm: (store) => store.put(aliasKey(LAYER.sha512), garbage),
    kinds: ['damaged-link'],
    key: aliasKey(LAYER.sha512),
  },
  'the data of a blob is gone': {
    harm: (store) => store.delete([dataKey(LAYER.sha256)]),
    // The repository has it by two digests.
    kinds: ['link-without-data', 'link-without-data', 'incomplete-manifest'],
    key: layerKey,
    left: ['link-without-data', 'link-without-data', 'incomplete-manifest'],
    push: pushLayer,
  },
  'the data of a blob is cut': {
    harm: (store) => store.put(dataKey(LAYER.sha256), LAYER.bytes.subarray(1)),
    kinds: ['link-to-wrong-size', 'link-to-wrong-size', 'incomplete-manifest'],
    key: layerKey,
    left: ['link-to-wrong-size', 'link-to-wrong-size', 'incomplete-manifest'],
    push: pushLayer,
    only: 'S3',
  },
  'the data of a blob is cut, and no size is recorded': {
    harm: (store) => store.put(dataKey(LAYER.sha256), LAYER.bytes.subarray(1)),
    kinds: ['incomplete-manifest'],
    key: revisionLinkKey('app', IMAGE.sha256),
    left: ['incomplete-manifest'],
    push: pushLayer,
    only: 'file store',
  },
  'the data of a manifest is gone': {
    harm: (store) => store.delete([dataKey(IMAGE.sha256)]),
    kinds: ['incomplete-manifest', 'link-without-data', 'tag-without-manifest'],
    key: revisionLinkKey('app', IMAGE.sha256),
    left: ['incomplete-manifest', 'link-without-data'],
    push: pushImage,
  },
  'the bytes of a manifest are others': {
    harm: (store) => store.put(dataKey(IMAGE.sha256), Buffer.alloc(IMAGE.bytes.byteLength, 'x')),
    kinds: ['link-to-wrong-data'],
    key: revisionLinkKey('app', IMAGE.sha256),
    left: ['link-to-wrong-data'],
    push: pushImage,
  },
  'a tag leads to nothing': {
    harm: (store) => store.put(tagLinkKey('app', 'lost'), Buffer.from(blob('none', 9).sha256)),
    kinds: ['tag-without-manifest'],
    key: tagLinkKey('app', 'lost'),
  },
  'a tag leads to a manifest without a link': {
    harm: (store) =>
      store.delete([revisionLinkKey('app', INDEX.sha256), tagLinkKey('app', 'nothing')]),
    kinds: ['tag-without-manifest'],
    key: tagLinkKey('app', 'index'),
  },
  'a blob that a manifest needs has no link': {
    harm: (store) => store.delete([layerKey]),
    kinds: ['incomplete-manifest'],
    key: revisionLinkKey('app', IMAGE.sha256),
    left: ['incomplete-manifest'],
    push: pushLayer,
  },
  'the catalog does not list a repository': {
    harm: (store) => store.delete([catalogKey('app')]),
    kinds: ['missing-catalog-mark'],
    key: catalogKey('app'),
  },
  'the catalog lists a repository that has nothing': {
    harm: (store) => store.put(catalogKey('empty'), new Uint8Array()),
    kinds: ['stale-catalog-mark'],
    key: catalogKey('empty'),
    options: later(DAY),
  },
  'the catalog lists what is no name': {
    harm: (store) => store.put(catalogKey('NO-NAME'), new Uint8Array()),
    kinds: ['stale-catalog-mark'],
    key: catalogKey('NO-NAME'),
  },
  'a referrer is not listed': {
    harm: (store) => store.delete([descriptor]),
    kinds: ['missing-referrer'],
    key: descriptor,
  },
  'a referrer is listed that is not there': {
    harm: (store) => store.delete([revisionLinkKey('app', SIGNATURE.sha256)]),
    kinds: ['stale-referrer'],
    key: descriptor,
    push: pushSignature,
  },
  "a referrer's descriptor is damaged": {
    harm: (store) => store.put(descriptor, garbage),
    kinds: ['damaged-referrer'],
    key: descriptor,
  },
  'a descriptor is damaged of what is not there': {
    harm: async (store) => {
      await store.put(descriptor, garbage)
      await store.delete([revisionLinkKey('app', SIGNATURE.sha256)])
    },
    kinds: ['damaged-referrer'],
    key: descriptor,
    push: pushSignature,
  },
  'bytes are wrong, which only a read shows': {
    harm: (store) => store.put(dataKey(LAYER.sha256), Buffer.alloc(LAYER.bytes.byteLength, 'x')),
    kinds: ['wrong-data', 'link-to-wrong-data', 'link-to-wrong-data', 'incomplete-manifest'],
    key: dataKey(LAYER.sha256),
    options: { verify: true },
    left: ['link-without-data', 'link-without-data', 'incomplete-manifest'],
    push: pushLayer,
  },
  'an upload was abandoned': {
    harm: (store) => store.put(`${uploadPrefix('some-uuid')}0-nonce`, garbage),
    kinds: ['orphaned-upload'],
    key: `${uploadPrefix('some-uuid')}0-nonce`,
    options: later(8 * DAY),
  },
  'a multipart upload was abandoned': {
    harm: (store) => store.createMultipart(dataKey(blob('never', 9).sha256), 5 * 1024 * 1024),
    kinds: ['orphaned-upload'],
    key: dataKey(blob('never', 9).sha256),
    options: later(8 * DAY),
  },
}

/** Declares the tests on a store. */
export const checksOf = ([kind, open]: (typeof STORES)[number]): void => {
  describe(kind, () => {
    let opened: OpenedStore
    let store: ObjectStore
    const fresh = (): Promise<Send> => clientOf(store)
    beforeEach(async () => {
      opened = await open()
      store = opened.store
      await uploadSecret(store)
      const send = await fresh()
      await expectStatus(
        201,
        send(`POST /v2/app/blobs/uploads/?digest=${LAYER.sha512}`, LAYER.bytes),
      )
      await pushAtOnce(send, 'app', CONFIG)
      await pushImage(send)
      await pushManifest(send, 'app', 'index', INDEX, JSON.parse(INDEX.bytes.toString()).mediaType)
      await pushSignature(send)
    })
    afterEach(() => opened.close())

    test('nothing is wrong with what was pushed and deleted', async () => {
      const send = await fresh()
      await pushAtOnce(send, 'gone', CONFIG)
      await pushManifest(send, 'gone', 'v1', imageOf())
      await expectStatus(202, send(`DELETE /v2/gone/manifests/${imageOf().sha256}`))
      await expectStatus(202, send(`DELETE /v2/app/manifests/${SIGNATURE.sha256}`))
      for (const repair of [false, true]) {
        const { kinds, objects } = await run(store, { verify: true, repair, ...later(DAY) })
        assert.deepEqual(kinds, [])
        assert.ok(objects > 10)
      }
    })

    for (const [what, { harm, kinds, key, options, left = [], push, only }] of Object.entries(
      CASES,
    )) {
      if (only !== undefined && only !== kind) continue
      test(what, async () => {
        await harm(store)
        const found = await run(store, options)
        assert.deepEqual([...found.kinds].sort(), [...kinds].sort())
        assert.ok(found.findings.some((each) => each.key === key))
        assert.equal(found.mended, 0)
        // To look changes nothing.
        assert.deepEqual((await run(store, options)).findings, found.findings)

        const repaired = await run(store, { ...options, repair: true })
        const unmended = repaired.findings.filter(({ mended }) => mended === undefined)
        assert.equal(repaired.mended, repaired.found - unmended.length)
        const after = await run(store, options)
        assert.deepEqual([...after.kinds].sort(), [...left].sort())
        if (push === undefined) return
        await push(await fresh())
        assert.deepEqual((await run(store, options)).kinds, [])
      })
    }

    test('wrong bytes are kept, and the repositories whose pushes bring them back are named', async () => {
      const wrong = Buffer.alloc(LAYER.bytes.byteLength, 'x')
      const send = await fresh()
      await pushAtOnce(send, 'other', LAYER)
      await store.put(dataKey(LAYER.sha256), wrong)
      const { findings } = await run(store, { verify: true, repair: true })
      const moved = findings.find((each) => each.kind === 'wrong-data')
      assert.equal(moved?.mended, `moved them to ${damagedKey(LAYER.sha256)}`)
      const kept = await store.get(damagedKey(LAYER.sha256))
      assert.deepEqual(await readAll(kept?.body ?? [], 1000), wrong)
      const named = findings.filter((each) => each.kind === 'link-without-data')
      assert.deepEqual([...new Set(named.map(({ repository }) => repository))], ['app', 'other'])
      for (const name of ['app', 'other']) {
        await expectStatus(404, (await fresh())(`HEAD /v2/${name}/blobs/${LAYER.sha256}`))
      }
      await pushAtOnce(await fresh(), 'other', LAYER)
      assert.deepEqual((await run(store, { verify: true })).kinds, [])
    })

    test('what a delete does between two reads is no finding', async () => {
      let deletes = 0
      const key = tagLinkKey('app', 'v1')
      const racing: ObjectStore = {
        ...store,
        get: async (wanted, range) => {
          const read = await store.get(wanted, range)
          if (wanted === key && deletes++ === 0) {
            for (const each of [INDEX, IMAGE]) {
              await expectStatus(202, (await fresh())(`DELETE /v2/app/manifests/${each.sha256}`))
            }
          }
          return read
        },
      }
      for (const repair of [false, true])
        assert.deepEqual((await run(racing, { repair })).kinds, [])
      assert.ok(deletes > 0)
    })

    test.each([
      ['is condemned', 0],
      ['is taken away', 1],
    ])('a tag that is pushed while it %s stays', async (_, at) => {
      const other = imageOf([], { annotations: { pushed: 'meanwhile' } })
      const late = tagLinkKey('app', 'late')
      await store.put(late, Buffer.from(other.sha256))
      let pushes = 0
      const push = async (key: string): Promise<void> => {
        if (key !== late || pushes++ !== at) return
        await pushManifest(await fresh(), 'app', 'late', other)
      }
      const racing: ObjectStore = {
        ...store,
        put: async (key, ...rest) => {
          await push(key)
          return store.put(key, ...rest)
        },
        deleteIf: async (key, etag) => {
          await push(key)
          return store.deleteIf(key, etag)
        },
      }
      const { kinds } = await run(racing, { repair: true })
      assert.deepEqual(kinds, [])
      await expectStatus(200, (await fresh())('GET /v2/app/manifests/late'))
    })

    test('a repository that is pushed to while its mark is taken away is listed', async () => {
      await store.put(catalogKey('late'), new Uint8Array())
      const wait = async () => {
        // As a push that saw the mark before it was deleted.
        await store.put(revisionLinkKey('late', IMAGE.sha256), Buffer.from(IMAGE.sha256))
      }
      await run(store, { repair: true, wait, ...later(DAY) })
      const { body } = await expectStatus(200, (await fresh())('GET /v2/_catalog'))
      assert.deepEqual(JSON.parse(body.toString()).repositories, ['app', 'late'])
    })

    test('young marks, staged bytes and temporary files are of pushes under way', async () => {
      await store.put(catalogKey('young'), new Uint8Array())
      await store.put(`${uploadPrefix('some-uuid')}0-nonce`, garbage)
      await store.createMultipart(dataKey(blob('never', 9).sha256), 5 * 1024 * 1024)
      assert.deepEqual((await run(store, { repair: true })).kinds, [])
    })

    test('stopped after any key, it goes on there, and finds the same', async () => {
      for (const harm of [
        CASES["a blob's link is damaged"],
        CASES['a referrer is not listed'],
        CASES['the catalog does not list a repository'],
        CASES['a tag leads to nothing'],
      ]) {
        await harm?.harm(store)
      }
      const whole = await run(store)
      const paged: ObjectStore = {
        ...store,
        list: (prefix, options) => store.list(prefix, { ...options, limit: options?.limit ?? 2 }),
      }
      const findings: Reported[] = []
      let from: string | undefined
      for (;;) {
        const part = await run(paged, { from, progress: () => true })
        findings.push(...part.findings)
        from = part.stoppedAfter
        if (from === undefined) break
      }
      const keysOf = (all: readonly Reported[]) => [...new Set(all.map(({ key }) => key))].sort()
      assert.deepEqual(keysOf(findings), keysOf(whole.findings))
    })
  })
}
