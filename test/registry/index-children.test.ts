/**
 * Indexes without some of their images: which are accepted where, and that nothing else minds.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { indexChildren } from '../../functions/compose/index-children.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { reindex } from '../../functions/registry/reindex.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { CONFIG, type Content, descriptorOf, imageOf, indexOf } from '../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus, type Send } from '../support/rig/client.ts'
import { STORES } from '../support/rig/stores.ts'

const image = (text: string): Content => imageOf([], { annotations: { text } })
const PRESENT = image('present')
const child = (content: Content, platform?: object) => ({
  ...descriptorOf(OCI_MANIFEST, content),
  ...(platform && { platform }),
})
const [AMD64, ARM64, ARM_V6, ARM_V7, UNKNOWN] = [
  { os: 'linux', architecture: 'amd64' },
  { os: 'linux', architecture: 'arm64' },
  { os: 'linux', architecture: 'arm', variant: 'v6' },
  { os: 'linux', architecture: 'arm', variant: 'v7' },
  { os: 'unknown', architecture: 'unknown' },
]
const absent = (name: string, platform?: object) => child(image(`absent ${name}`), platform)
const sparse = (...manifests: object[]): Content => indexOf([], { manifests })
const WHOLE = sparse(child(PRESENT, AMD64))
const NOT_ARM64 = sparse(child(PRESENT, AMD64), absent('arm64', ARM64))
const NOT_AMD64 = sparse(absent('amd64', AMD64), child(PRESENT, ARM64))
const NOT_V7 = sparse(child(PRESENT, ARM_V6), absent('v7', ARM_V7))
const NOT_PLAIN = sparse(child(PRESENT, AMD64), absent('plain'))
const NOT_ATTESTED = sparse(child(PRESENT, AMD64), absent('attestation', UNKNOWN))
const NOTHING = sparse(absent('a', AMD64), absent('b', ARM64), absent('c'))

const put = (send: Send, name: string, reference: string, content: Content, type = OCI_INDEX) =>
  send(`PUT /v2/${name}/manifests/${reference}`, content.bytes, { 'Content-Type': type })

describe.each(STORES)('%s', (_, open) => {
  let store: ObjectStore
  let close: () => Promise<void>
  const repositories = ['app', 'mirror/app', 'arm/app']
  beforeAll(async () => {
    const opened = await open()
    ;({ store, close } = opened)
    const send = await clientOf(store)
    for (const name of repositories) {
      const target = `POST /v2/${name}/blobs/uploads/?digest=${CONFIG.sha256}`
      await expectStatus(201, send(target, CONFIG.bytes))
      await expectStatus(201, put(send, name, 'present', PRESENT, OCI_MANIFEST))
    }
  })
  afterAll(() => close?.())

  test.each<[setting: string, name: string, taken: Content[], refused: Content[]]>([
    ['all', 'app', [WHOLE], [NOT_ARM64, NOT_AMD64, NOT_V7, NOT_PLAIN, NOT_ATTESTED, NOTHING]],
    ['none', 'app', [WHOLE, NOT_ARM64, NOT_AMD64, NOT_V7, NOT_PLAIN, NOT_ATTESTED, NOTHING], []],
    ['linux/amd64', 'app', [WHOLE, NOT_ARM64, NOT_PLAIN, NOT_ATTESTED], [NOT_AMD64, NOTHING]],
    ['linux/amd64,linux/arm64', 'app', [WHOLE, NOT_V7], [NOT_ARM64, NOT_AMD64]],
    ['linux/arm', 'app', [NOT_ARM64], [NOT_V7]],
    ['linux/arm/v6', 'app', [NOT_V7], []],
    ['linux/arm/v7', 'app', [], [NOT_V7]],
    ['mirror/**=none', 'mirror/app', [NOTHING], []],
    ['mirror/**=none', 'app', [], [NOTHING, NOT_ARM64]],
    ['mirror/**=none arm/*=linux/arm64 **=all', 'arm/app', [NOT_AMD64], [NOT_ARM64]],
    ['mirror/**=none arm/*=linux/arm64 linux/amd64', 'app', [NOT_ARM64], [NOT_AMD64]],
    ['app=all none', 'app', [], [NOTHING]],
  ])('%s in %s', async (setting, name, taken, refused) => {
    const send = await clientOf(store, { requiredChildren: indexChildren.parse(setting) })
    for (const content of taken) await expectStatus(201, put(send, name, 'index', content))
    for (const content of refused) {
      const answer = await expectStatus(400, put(send, name, 'index', content))
      expect(codeOf(answer)).toBe('MANIFEST_BLOB_UNKNOWN')
      expect(answer.body.toString()).toMatch(/setting index-children/)
    }
  })

  test('layers and configs must be there all the same', async () => {
    const send = await clientOf(store, { requiredChildren: () => 'none' })
    const missing = imageOf([PRESENT])
    const answer = await expectStatus(400, put(send, 'app', 'image', missing, OCI_MANIFEST))
    expect(codeOf(answer)).toBe('MANIFEST_BLOB_UNKNOWN')
    expect(answer.body.toString()).not.toMatch(/index-children/)
  })

  test('an index without images is read, found by its subject, indexed and deleted', async () => {
    const send = await clientOf(store, { requiredChildren: () => 'none' })
    const missing = image('absent a')
    const subject = descriptorOf(OCI_MANIFEST, missing)
    const index = indexOf([], { manifests: [absent('a', AMD64), absent('b', ARM64)], subject })
    await expectStatus(201, put(send, 'app', 'sparse', index))
    const read = await expectStatus(200, send('GET /v2/app/manifests/sparse'))
    expect(read.body.equals(index.bytes)).toBe(true)
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      await expectStatus(404, send(`${method} /v2/app/manifests/${missing.sha256}`))
    }
    const referrers = async () => {
      const { body } = await expectStatus(200, send(`GET /v2/app/referrers/${missing.sha256}`))
      return JSON.parse(body.toString()).manifests.map(
        ({ digest }: Content & { digest: string }) => digest,
      )
    }
    expect(await referrers()).toEqual([index.sha256])
    await reindex(store)
    expect(await referrers()).toEqual([index.sha256])
    await expectStatus(201, put(send, 'app', 'late', missing, OCI_MANIFEST))
    await expectStatus(200, send(`GET /v2/app/manifests/${missing.sha256}`))
    await expectStatus(202, send(`DELETE /v2/app/manifests/${missing.sha256}`))
    await expectStatus(200, send('GET /v2/app/manifests/sparse'))
    await expectStatus(202, send(`DELETE /v2/app/manifests/${index.sha256}`))
    await expectStatus(404, send('GET /v2/app/manifests/sparse'))
    expect(await referrers()).toEqual([])
  })
})

test.each([
  ['linux', /"linux" is not a platform: expected all, none or platforms/],
  ['', /"" is not a platform/],
  ['All', /"All" is not a platform/],
  ['linux/amd64,', /"" is not a platform/],
  ['linux/amd64, linux/arm64', /"" is not a platform/],
  ['Mirror/**=none', /the pattern "Mirror\/\*\*": "M" is not allowed/],
  ['=none', /the pattern "": it is empty/],
  [`a/\${user}=none`, /\$ has no meaning here/],
  ['none a/**=all', /must be the last/],
  ['**=none **=all', /must be the last/],
])('--index-children %s is refused', (value, message) => {
  const { error } = indexChildren.safeParse(value)
  expect(error?.issues[0]?.message).toMatch(message)
})
