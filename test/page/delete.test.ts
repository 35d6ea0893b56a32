/**
 * Deletes by those who look around: what one would take along, and that it does.
 *
 * @module
 */

import { beforeAll, expect, test } from 'vitest'
import { parseRetention } from '../../functions/registry/retention/parse.ts'
import { CONFIG, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'

const image = imageOf()
const subject = descriptorOf('application/vnd.oci.image.manifest.v1+json', image)
const signature = imageOf([], { subject, artifactType: 'application/x.signature' })
const other = imageOf([], { annotations: { other: 'yes' } })

const RULES = parseRetention(
  JSON.stringify({ version: 1, immutable: [{ repositories: ['app'], tags: ['v*'] }] }),
)

let send: Send
const preview = async (reference = '') => {
  const query = reference === '' ? '' : `?reference=${reference}`
  const answer = await expectStatus(200, send(`GET /api/v1/delete-preview/app${query}`))
  return JSON.parse(answer.body.toString())
}

beforeAll(async () => {
  const { store, close } = await openFiles()
  send = await clientOf(store, { rules: async () => RULES })
  await pushAtOnce(send, 'app', CONFIG)
  for (const tag of ['v1', 'latest']) await pushManifest(send, 'app', tag, image)
  await pushManifest(send, 'app', signature.sha256, signature)
  await pushManifest(send, 'app', 'other', other)
  return close
})

const WHOLE = { repository: 'app', complete: true, referrers: 0, moreReferrers: false }
const IMMUTABLE = { tag: 'v1', immutable: true }
const LATEST = { tag: 'latest', immutable: false }

test.each([
  ['a tag', 'latest', { digest: image.sha256, manifest: false, tags: [LATEST] }],
  ['an immutable tag', 'v1', { digest: image.sha256, manifest: false, tags: [IMMUTABLE] }],
  [
    'a manifest',
    image.sha256,
    { digest: image.sha256, manifest: true, tags: [LATEST, IMMUTABLE], referrers: 1 },
  ],
  ['what has no tag', signature.sha256, { digest: signature.sha256, manifest: true, tags: [] }],
  ['all', '', { manifest: true, tags: [LATEST, { tag: 'other', immutable: false }, IMMUTABLE] }],
])('of %s', async (_, reference, goes) => {
  expect(await preview(reference)).toEqual({ ...WHOLE, undeleteDays: 0, ...goes })
})

test.each([
  ['GET /api/v1/delete-preview/nothing', 404, 'NAME_UNKNOWN'],
  ['GET /api/v1/delete-preview/app?reference=none', 404, 'MANIFEST_UNKNOWN'],
  [`GET /api/v1/delete-preview/app?reference=sha256:${'0'.repeat(64)}`, 404, 'MANIFEST_UNKNOWN'],
  ['DELETE /api/v1/images/app', 400, 'TAG_INVALID'],
  ['DELETE /api/v1/images/app?reference=none', 404, 'MANIFEST_UNKNOWN'],
  ['DELETE /api/v1/images/app?reference=v1', 409, 'DENIED'],
  ['DELETE /api/v1/images/app?reference=other&override=maybe', 400, 'UNSUPPORTED'],
])('%s: %i %s', async (request, status, code) => {
  const answer = await send(request)
  expect([answer.status, codeOf(answer)]).toEqual([status, code])
})

test('a tag goes alone, and a manifest with its tags', async () => {
  await expectStatus(204, send('DELETE /api/v1/images/app?reference=other'))
  await expectStatus(200, send(`GET /v2/app/manifests/${other.sha256}`))
  await expectStatus(204, send(`DELETE /api/v1/images/app?reference=${signature.sha256}`))
  await expectStatus(404, send(`GET /v2/app/manifests/${signature.sha256}`))
  expect(await preview(image.sha256)).toMatchObject({ referrers: 0 })
})
