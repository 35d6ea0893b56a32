/**
 * Pushes to repositories that take only encrypted images.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { CONFIG, contentOf, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { codeOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { guarded } from './rig.ts'

const LAYER = contentOf('a layer')
const PLAIN = imageOf([LAYER])
const ENCRYPTED = imageOf([], {
  layers: [
    {
      ...descriptorOf('application/vnd.oci.image.layer.v1.tar+gzip+encrypted', LAYER),
      annotations: { 'org.opencontainers.image.enc.keys.jwe': 'eyJ' },
    },
  ],
})

const pushBlobs = async (send: Send, name: string) => {
  for (const each of [CONFIG, LAYER]) await pushAtOnce(send, name, each)
}

const push = (send: Send, name: string, reference: string, { bytes }: { bytes: Buffer }) =>
  send(`PUT /v2/${name}/manifests/${reference}`, bytes, { 'Content-Type': OCI_MANIFEST })

test('a plain image is refused by tag and by digest, with the layer, and nothing of it is there', async (t) => {
  const { send, store, audited } = await guarded(t, [
    { repositories: ['prod/**'], encrypted: true },
  ])
  await pushBlobs(send, 'prod/app')
  for (const reference of ['v1', PLAIN.sha256]) {
    const refused = await push(send, 'prod/app', reference, PLAIN)
    expect([refused.status, codeOf(refused)]).toEqual([403, 'DENIED'])
    expect(refused.body.toString()).toContain(
      `the repository prod/app takes only encrypted images: layer 1 of 1, ${LAYER.sha256}, has the type application/vnd.oci.image.layer.v1.tar+gzip: encrypt the image, as skopeo copy --encryption-key`,
    )
    expect((await send(`GET /v2/prod/app/manifests/${reference}`)).status).toBe(404)
  }
  const { objects } = await store.list('', { limit: 1000 })
  expect(objects.filter(({ key }) => key.includes(PLAIN.sha256.slice(7)))).toEqual([])
  expect(audited).toMatchObject([
    {
      event: 'guard',
      outcome: 'failed',
      who: 'anonymous',
      what: `repository:prod/app:push ${PLAIN.sha256}`,
    },
    { event: 'guard', outcome: 'failed' },
  ])
})

test('an encrypted one is taken, and so are both where nothing is required', async (t) => {
  const { send, audited } = await guarded(t, [{ repositories: ['prod/**'], encrypted: true }])
  for (const name of ['prod/app', 'dev/app', 'prod']) await pushBlobs(send, name)
  await pushManifest(send, 'prod/app', 'v1', ENCRYPTED)
  for (const name of ['dev/app', 'prod']) await pushManifest(send, name, 'v1', PLAIN)
  await expectStatus(200, send('GET /v2/prod/app/manifests/v1'))
  expect(audited).toEqual([])
})

test('what is there from before can be pulled, and is refused when it is pushed again', async (t) => {
  const { send, require } = await guarded(t, [{ repositories: ['other'], encrypted: true }])
  await pushBlobs(send, 'prod/app')
  await pushManifest(send, 'prod/app', 'v1', PLAIN)
  require([{ repositories: ['prod/*'], encrypted: true }])
  await expectStatus(200, send('GET /v2/prod/app/manifests/v1'))
  await expectStatus(403, push(send, 'prod/app', 'v2', PLAIN))
  require(undefined)
  await pushManifest(send, 'prod/app', 'v2', PLAIN)
})

test('with the effect report it is taken, and the audit trail says what would be', async (t) => {
  const { send, audited } = await guarded(t, [
    { repositories: ['**'], encrypted: true, effect: 'report' },
  ])
  await pushBlobs(send, 'prod/app')
  await pushManifest(send, 'prod/app', 'v1', PLAIN)
  expect(audited).toMatchObject([
    { event: 'guard', outcome: 'ok', why: expect.stringMatching(/^would be refused: the repo/) },
  ])
})

test('of several that match, each holds', async (t) => {
  const { send, audited, counted } = await guarded(t, [
    { repositories: ['**'], encrypted: true, effect: 'report' },
    { repositories: ['prod/app'], encrypted: true },
  ])
  await pushBlobs(send, 'prod/app')
  const refused = await push(send, 'prod/app', 'v1', PLAIN)
  expect(JSON.parse(refused.body.toString()).errors[0].detail).toMatchObject({ require: 2 })
  expect(audited.map(({ outcome }) => outcome)).toEqual(['ok', 'failed'])
  expect(counted).toEqual(['push reported', 'push refused'])
})
