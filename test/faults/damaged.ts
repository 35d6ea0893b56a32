/**
 * Every kind of small object in the store, emptied, cut, overwritten and blown up, and every endpoint
 * that reads it: one damaged object costs itself only, is named in the log, and can be deleted and
 * pushed again.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, describe, test } from 'vitest'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import type { Damage } from '../../functions/registry/damage.ts'
import {
  aliasKey,
  catalogKey,
  dataKey,
  layerLinkKey,
  referrerKey,
  revisionLinkKey,
  tagLinkKey,
  tagPrefix,
  UPLOADS_PREFIX,
} from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, CONFIG, descriptorOf, imageOf, indexOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { allObjects } from '../support/rig/invariants.ts'
import { begin, pushAtOnce, pushManifest } from '../support/rig/push.ts'
import type { STORES } from '../support/rig/stores.ts'

const IMAGE = imageOf()
/** What distribution notes of a tag's past. */
const HISTORY = `${tagPrefix('app', 'v1')}index/${IMAGE.sha256.replace(':', '/')}/link`
const INDEX = indexOf([IMAGE])
const SUBJECT = { subject: descriptorOf(OCI_MANIFEST, IMAGE) }
const SIGNATURE = imageOf([], { ...SUBJECT, annotations: { signed: 'by one' } })
const OTHER = imageOf([], { ...SUBJECT, annotations: { signed: 'by another' } })

const octets = { 'Content-Type': 'application/octet-stream' }
const manifest = { 'Content-Type': OCI_MANIFEST }

/** What may happen to an object. */
const DAMAGE: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  empty: () => new Uint8Array(),
  cut: (bytes) => bytes.subarray(0, Math.max(bytes.byteLength - 3, 0)),
  garbage: (bytes) => Buffer.alloc(Math.max(bytes.byteLength, 1), '\xfe', 'latin1'),
  'other JSON': () => Buffer.from('null'),
  'too large': () => Buffer.alloc(6 * 1024 * 1024, 'x'),
}

/** A request, what it is answered with while the object is damaged; `-` before it: it is not sent. */
type Asked = readonly [
  request: string,
  status: number,
  body?: Uint8Array,
  headers?: Readonly<Record<string, string>>,
]

interface Kind {
  readonly key: string
  /** What reads it. */
  readonly reads: readonly Asked[]
  /** What deletes it, if there is such a request. */
  readonly deleted?: Asked
  /** What writes it again; afterwards all reads are answered with 200, or as they say. */
  readonly pushed: readonly Asked[]
  readonly after?: readonly Asked[]
  /** Kinds of damage that are none. */
  readonly harmless?: readonly string[]
  /** Whether nothing of it is ever read. */
  readonly unread?: boolean
}

const blobPath = `/v2/app/blobs/${CONFIG.sha256}`
const digestPath = `/v2/app/manifests/${IMAGE.sha256}`
const pushBlob: Asked = [
  `POST /v2/app/blobs/uploads/?digest=${CONFIG.sha256}`,
  201,
  CONFIG.bytes,
  octets,
]
const pushBySha512: Asked = [
  `POST /v2/app/blobs/uploads/?digest=${CONFIG.sha512}`,
  201,
  CONFIG.bytes,
  octets,
]
const putImage = (reference: string, status: number): Asked => [
  `PUT /v2/app/manifests/${reference}`,
  status,
  IMAGE.bytes,
  manifest,
]

const KINDS: Readonly<Record<string, Kind>> = {
  "a blob's link": {
    key: layerLinkKey('app', CONFIG.sha256),
    reads: [
      [`GET ${blobPath}`, 404],
      [`HEAD ${blobPath}`, 404],
      [`POST /v2/lib/blobs/uploads/?mount=${CONFIG.sha256}&from=app`, 202],
      putImage('v9', 400),
    ],
    deleted: [`DELETE ${blobPath}`, 202],
    pushed: [pushBlob],
    after: [[`GET ${blobPath}`, 200], [`HEAD ${blobPath}`, 200], putImage('v9', 201)],
  },
  'a link by sha512': {
    key: layerLinkKey('app', CONFIG.sha512),
    reads: [
      [`GET /v2/app/blobs/${CONFIG.sha512}`, 404],
      [`HEAD /v2/app/blobs/${CONFIG.sha512}`, 404],
      [`POST /v2/lib/blobs/uploads/?mount=${CONFIG.sha512}&from=app`, 202],
    ],
    deleted: [`DELETE /v2/app/blobs/${CONFIG.sha512}`, 202],
    pushed: [pushBySha512],
    after: [[`GET /v2/app/blobs/${CONFIG.sha512}`, 200]],
  },
  'an alias': {
    key: aliasKey(CONFIG.sha512),
    reads: [[`POST /v2/lib/blobs/uploads/?mount=${CONFIG.sha512}`, 202]],
    pushed: [pushBySha512],
    after: [[`POST /v2/lib/blobs/uploads/?mount=${CONFIG.sha512}`, 201]],
  },
  "a tag's link": {
    key: tagLinkKey('app', 'v1'),
    reads: [
      ['GET /v2/app/manifests/v1', 404],
      ['HEAD /v2/app/manifests/v1', 404],
      ['GET /v2/app/tags/list', 200],
      ['PUT /v2/app/manifests/v1', 412, IMAGE.bytes, { ...manifest, 'If-Match': '*' }],
      [`GET ${digestPath}`, 200],
    ],
    deleted: ['DELETE /v2/app/manifests/v1', 202],
    pushed: [putImage('v1', 201)],
    after: [['GET /v2/app/manifests/v1', 200]],
  },
  "a tag's link, for a push that wants it absent": {
    key: tagLinkKey('app', 'v1'),
    reads: [['GET /v2/app/manifests/v1', 404]],
    pushed: [['PUT /v2/app/manifests/v1', 201, IMAGE.bytes, { ...manifest, 'If-None-Match': '*' }]],
    after: [['GET /v2/app/manifests/v1', 200]],
  },
  "a tag's link, beside a delete of its manifest": {
    key: tagLinkKey('app', 'v1'),
    reads: [
      [`DELETE ${digestPath}`, 202],
      ['GET /v2/app/manifests/v1', 404],
    ],
    pushed: [putImage('v1', 201)],
    after: [['GET /v2/app/manifests/v1', 200]],
  },
  "a link of a tag's past": {
    key: HISTORY,
    reads: [
      ['GET /v2/app/manifests/v1', 200],
      ['GET /v2/app/tags/list', 200],
    ],
    deleted: ['DELETE /v2/app/manifests/v1', 202],
    pushed: [putImage('v1', 201)],
    unread: true,
  },
  "a manifest's link": {
    key: revisionLinkKey('app', IMAGE.sha256),
    reads: [
      [`GET ${digestPath}`, 404],
      [`HEAD ${digestPath}`, 404],
      ['PUT /v2/app/manifests/i', 400, INDEX.bytes, {}],
      ['GET /v2/app/manifests/v1', 200],
    ],
    deleted: [`DELETE ${digestPath}`, 202],
    pushed: [putImage(IMAGE.sha256, 201)],
    after: [[`GET ${digestPath}`, 200]],
  },
  "a manifest's bytes": {
    key: dataKey(IMAGE.sha256),
    reads: [
      [`GET ${digestPath}`, 404],
      [`HEAD ${digestPath}`, 404],
      ['GET /v2/app/manifests/v1', 404],
      [`GET /v2/app/referrers/${IMAGE.sha256}`, 200],
    ],
    deleted: [`DELETE ${digestPath}`, 202],
    pushed: [putImage('v1', 201)],
    after: [
      [`GET ${digestPath}`, 200],
      ['GET /v2/app/manifests/v1', 200],
    ],
  },
  "a referrer's descriptor": {
    key: referrerKey('app', IMAGE.sha256, SIGNATURE.sha256),
    reads: [[`GET /v2/app/referrers/${IMAGE.sha256}`, 200]],
    deleted: [`DELETE /v2/app/manifests/${SIGNATURE.sha256}`, 202],
    pushed: [[`PUT /v2/app/manifests/${SIGNATURE.sha256}`, 201, SIGNATURE.bytes, manifest]],
  },
  "a catalog's mark": {
    key: catalogKey('app'),
    reads: [
      ['GET /v2/_catalog', 200],
      ['GET /v2/app/tags/list', 200],
    ],
    pushed: [putImage('v1', 201)],
    unread: true,
  },
}

const read = async (store: ObjectStore, key: string): Promise<Buffer> => {
  const object = await store.get(key)
  assert.ok(object, key)
  return readAll(object.body, 10_000_000)
}

/** Declares the tests on a store. */
export const damagedObjects = ([kind, open]: (typeof STORES)[number]): void => {
  describe(kind, async () => {
    const { store, close } = await open()
    afterAll(close)
    const secret = await uploadSecret(store)
    const reported: Damage[] = []
    const fresh = (): Promise<Send> => {
      const report = (damage: Damage) => void reported.push(damage)
      const registry = createRegistry({ store, uploadSecret: async () => secret, report })
      return clientOf(store, { registry })
    }
    const ask = async ([request, status, body, headers]: Asked) => {
      const type = request.includes('manifests/i')
        ? { 'Content-Type': JSON.parse(INDEX.bytes.toString()).mediaType }
        : headers
      return expectStatus(status, (await fresh())(request, body, type))
    }
    /** Everything that the tests damage, whole. */
    const fill = async () => {
      const send = await fresh()
      await ask(pushBySha512)
      for (const name of ['app', 'lib']) await pushAtOnce(send, name, CONFIG)
      await pushManifest(send, 'app', 'v1', IMAGE)
      for (const each of [SIGNATURE, OTHER]) await pushManifest(send, 'app', each.sha256, each)
      await store.put(HISTORY, Buffer.from(IMAGE.sha256))
      await store.delete([layerLinkKey('lib', CONFIG.sha512), tagLinkKey('app', 'v9')])
    }
    const referrers = async (): Promise<string[]> => {
      const { body } = await ask([`GET /v2/app/referrers/${IMAGE.sha256}`, 200])
      return JSON.parse(body.toString()).manifests.map(({ digest }: { digest: string }) => digest)
    }

    for (const [what, { key, reads, deleted, pushed, after, unread }] of Object.entries(KINDS)) {
      for (const [how, spoil] of Object.entries(DAMAGE)) {
        test(`${what}, ${how}`, async () => {
          await fill()
          const spoiled = spoil(await read(store, key))
          const damage = () => store.put(key, spoiled)

          await damage()
          for (const asked of reads) {
            reported.length = 0
            await ask(asked)
            // What is answered as always does not read it, or goes on without it.
            const named = reported.some((each) => each.key === key)
            if (asked[1] >= 400 && !unread) assert.ok(named, `${asked[0]} names ${key}`)
          }
          if (what.includes('descriptor')) {
            assert.deepEqual(await referrers(), [OTHER.sha256], 'the others are listed')
            assert.ok(reported.some((each) => each.key === key))
          }
          if (deleted !== undefined) {
            await fill()
            await damage()
            await ask(deleted)
          }
          for (const again of deleted === undefined ? [false] : [true, false]) {
            if (!again) {
              await fill()
              await damage()
            }
            for (const asked of pushed) await ask(asked)
            for (const asked of after ?? []) await ask(asked)
            if (!what.includes('descriptor')) continue
            assert.deepEqual((await referrers()).sort(), [OTHER.sha256, SIGNATURE.sha256].sort())
          }
          for (const path of ['/v2/_catalog', '/v2/lib/tags/list']) {
            const { status } = await (await fresh())(`GET ${path}`)
            assert.ok(status < 500, path)
          }
        })
      }
    }

    for (const [how, spoil] of Object.entries(DAMAGE)) {
      test(`staged bytes, ${how}: the upload is lost, and another one works`, async () => {
        const content = blob(`staged ${kind} ${how}`, 100)
        const begun = await begin(await fresh(), 'app')
        const chunk = { ...octets, 'Content-Range': '0-9' }
        const patched = await expectStatus(
          202,
          (await fresh())(`PATCH ${locationOf(begun)}`, content.bytes.subarray(0, 10), chunk),
        )
        const staged = (await allObjects(store, UPLOADS_PREFIX)).filter(
          (each) => !each.key.endsWith('/head'),
        )
        for (const each of staged) await store.put(each.key, spoil(await read(store, each.key)))
        const rest = content.bytes.subarray(10)
        const put = locationOf(patched, `digest=${content.sha256}`)
        const { status } = await (await fresh())(`PUT ${put}`, rest, octets)
        assert.ok([400, 404].includes(status), String(status))
        await expectStatus(404, (await fresh())(`HEAD /v2/app/blobs/${content.sha256}`))
        await pushAtOnce(await fresh(), 'app', content)
        await store.delete((await allObjects(store, UPLOADS_PREFIX)).map(({ key }) => key))
      })

      test(`how far an upload is, ${how}: the client's own state is good enough`, async () => {
        const begun = await begin(await fresh(), 'app')
        const patch = async (at: string, from: number, to: number) =>
          expectStatus(
            202,
            (await fresh())(`PATCH ${at}`, CONFIG.bytes.subarray(from, to), {
              ...octets,
              'Content-Range': `${from}-${to - 1}`,
            }),
          )
        const first = await patch(locationOf(begun), 0, 10)
        const heads = (await allObjects(store, UPLOADS_PREFIX)).filter(({ key }) =>
          key.endsWith('/head'),
        )
        assert.equal(heads.length, 1)
        for (const { key } of heads) await store.put(key, spoil(await read(store, key)))
        await expectStatus(204, (await fresh())(`GET ${locationOf(first)}`))
        const second = await patch(locationOf(first), 10, CONFIG.bytes.byteLength)
        await expectStatus(
          201,
          (await fresh())(`PUT ${locationOf(second, `digest=${CONFIG.sha256}`)}`),
        )
        await store.delete((await allObjects(store, UPLOADS_PREFIX)).map(({ key }) => key))
      })
    }
  })
}
