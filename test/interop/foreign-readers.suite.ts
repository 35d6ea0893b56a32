/**
 * What distribution (Debian's `docker-registry` 2.8.2) makes of links that the clean-up has condemned and of deleted
 * ones, and of the same store after `slipway gc --release`. docs/clean-up.md has the table.
 *
 * @module
 */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { fenceSince, raiseFence } from '../../functions/registry/clean-up/fence.ts'
import { layerLinkKey, revisionLinkKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { condemnedLinkBody, parseLink } from '../../functions/registry/links.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, CONFIG, type Content, imageOf } from '../support/hosts/content.ts'
import { scratch } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'

const KEPT = blob('kept', 200)
const UNNEEDED = blob('unneeded', 100)
const AGAIN = blob('again', 90)
const IMAGE = imageOf([KEPT])
const UNTAGGED = imageOf([KEPT], { annotations: { is: 'condemned' } })
const DELETED = imageOf([KEPT], { annotations: { is: 'deleted' } })
const NONCE = 'a'.repeat(16)

const directory = scratch('foreign-readers')
let store: ObjectStore
let registry: LiveRegistry | undefined

const condemn = (key: string, { sha256 }: Content) =>
  store.put(key, condemnedLinkBody(sha256, NONCE))

/** What a link says: plain, condemned, deleted, or nothing. */
const stands = async (key: string): Promise<string> => {
  const read = await store.get(key)
  if (read === undefined) return 'absent'
  const body = parseLink(await readAll(read.body, 300))
  if (body?.condemned !== undefined) return 'condemned'
  return body?.deletedWithin === undefined ? 'plain' : 'deleted'
}

beforeAll(async () => {
  store = openFileStore(directory.path)
  const send = await clientOf(store)
  for (const each of [CONFIG, KEPT, UNNEEDED, AGAIN]) await pushAtOnce(send, 'app', each)
  await pushManifest(send, 'app', 'v1', IMAGE)
  await pushManifest(send, 'app', 'going', UNTAGGED)
  await pushManifest(send, 'app', DELETED.sha256, DELETED)
  await send(`DELETE /v2/app/manifests/${DELETED.sha256}`)
  for (const each of [UNNEEDED, AGAIN]) await condemn(layerLinkKey('app', each.sha256), each)
  await condemn(revisionLinkKey('app', UNTAGGED.sha256), UNTAGGED)
  await condemn(tagLinkKey('app', 'going'), UNTAGGED)
  await raiseFence(store)
})
afterAll(async () => {
  await registry?.close()
  directory.remove()
})

const ask = async (line: string, body?: Uint8Array, type?: string) => {
  const [method = '', path = ''] = line.split(' ')
  const url = path.startsWith('http') ? path : `http://${registry!.address}/v2/app/${path}`
  const answer = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    headers: type === undefined ? { Accept: OCI_MANIFEST } : { 'Content-Type': type },
  })
  await answer.arrayBuffer()
  return answer
}

const push = async ({ sha256, bytes }: Content): Promise<number> => {
  const begun = await ask('POST blobs/uploads/')
  const to = new URL(begun.headers.get('location') ?? '', `http://${registry!.address}`)
  to.searchParams.set('digest', sha256)
  return (await ask(`PUT ${to}`, bytes, 'application/octet-stream')).status
}

const put = ({ bytes }: Content, reference: string) =>
  ask(`PUT manifests/${reference}`, bytes, OCI_MANIFEST)

/** Requests, and what distribution answers where links are condemned, and after a release. */
const REQUESTS: readonly (readonly [line: string, condemned: number, released: number])[] = [
  ['GET manifests/v1', 200, 200],
  [`GET blobs/${KEPT.sha256}`, 200, 200],
  ['GET tags/list', 200, 200],
  [`HEAD blobs/${UNNEEDED.sha256}`, 500, 200],
  [`GET blobs/${UNNEEDED.sha256}`, 500, 200],
  [`POST blobs/uploads/?mount=${UNNEEDED.sha256}&from=app`, 202, 201],
  ['GET manifests/going', 500, 200],
  [`GET manifests/${UNTAGGED.sha256}`, 500, 200],
  // A deleted manifest, which the clean-up has nothing to do with.
  [`GET manifests/${DELETED.sha256}`, 404, 404],
  [`HEAD manifests/${DELETED.sha256}`, 404, 404],
  [`DELETE manifests/${DELETED.sha256}`, 404, 404],
]

const statuses = async (): Promise<readonly (readonly [string, number])[]> => {
  const all: [string, number][] = []
  for (const [line] of REQUESTS) all.push([line, (await ask(line)).status])
  return all
}

test('where links are condemned, what is needed is served, and pushes make links plain', async () => {
  registry = await startRegistry('distribution', { directory: directory.path })
  expect(await statuses()).toEqual(REQUESTS.map(([line, condemned]) => [line, condemned]))
  // A manifest that needs a condemned blob is refused, by an error, until the blob is pushed again.
  const needs = imageOf([AGAIN])
  expect((await put(needs, 'needs')).status).toBe(500)
  expect(await push(AGAIN)).toBe(201)
  expect(await stands(layerLinkKey('app', AGAIN.sha256))).toBe('plain')
  expect((await put(needs, 'needs')).status).toBe(201)
  await registry.close()
  registry = undefined
})

test('after a release all is served that was condemned, and can be pushed again', async () => {
  const said = await slipway('gc', { directory: directory.path }, ['--release', '--json'])
  expect(JSON.parse(said)).toMatchObject({
    outcome: 'done',
    links: 3,
    markers: 0,
    claimed: 0,
    fenceGone: true,
  })
  expect(await fenceSince(store)).toBeUndefined()
  registry = await startRegistry('distribution', { directory: directory.path })
  expect(await statuses()).toEqual(REQUESTS.map(([line, , released]) => [line, released]))
  expect((await put(imageOf([UNNEEDED]), 'needs')).status).toBe(201)
  for (const [content, tag] of [
    [DELETED, 'back'],
    [UNTAGGED, 'going'],
  ] as const) {
    expect((await put(content, tag)).status).toBe(201)
    expect(await stands(revisionLinkKey('app', content.sha256))).toBe('plain')
    expect((await ask(`GET manifests/${tag}`)).status).toBe(200)
  }
})
