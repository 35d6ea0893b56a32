/**
 * A registry with schema 1: what it takes, stores and shows.
 *
 * @module
 */

import { describe, expect, type TestContext, test } from 'vitest'
import { schema1Key } from '../../functions/registry/layout.ts'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_MANIFEST,
  SCHEMA1,
} from '../../functions/registry/media-types.ts'
import { digestOf } from '../../functions/registry/reference.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { convert } from '../../functions/schema1/convert.ts'
import { EMPTY_LAYER, EMPTY_LAYER_BYTES } from '../../functions/schema1/empty-layer.ts'
import { openSchema1 } from '../../functions/schema1/open.ts'
import { readSigned } from '../../functions/schema1/signed.ts'
import { verify } from '../../functions/schema1/verify.ts'
import { contentOf } from '../support/hosts/content.ts'
import { clientOfApp, codeOf, expectStatus, plainApp, type Send } from '../support/rig/client.ts'
import { pushAtOnce } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'
import { CONFIG } from './image.ts'
import { payloadOf, sign } from './signers.ts'

const SIGNED = SCHEMA1[1] ?? ''
const SECRET = Buffer.alloc(32, 7)
const LAYER = contentOf('a layer')
const OLD = { Accept: SCHEMA1.join(', ') }

const bodyOf = async (sent: ReturnType<Send>) => (await expectStatus(200, sent)).body.toString()

describe.each(STORES)('on %s', (_, openStore) => {
  const open = async ({ onTestFinished }: TestContext) => {
    const { store, close } = await openStore()
    onTestFinished(close)
    const registry = createRegistry({ store, uploadSecret: async () => SECRET })
    const schema1 = openSchema1({ store, registry, secret: async () => SECRET, now: Date.now })
    const send = clientOfApp(plainApp(registry, { schema1 }))
    return { store, send, off: clientOfApp(plainApp(registry)) }
  }

  /** A repository with a manifest of schema 1. */
  const pushed = async (t: TestContext) => {
    const opened = await open(t)
    await pushAtOnce(opened.send, 'app', LAYER)
    const payload = payloadOf('app', 'v1', [LAYER.sha256, LAYER.sha256])
    const text = await sign(payload)
    const headers = { 'Content-Type': SIGNED }
    const answer = await expectStatus(
      201,
      opened.send('PUT /v2/app/manifests/v1', Buffer.from(text), headers),
    )
    return { ...opened, payload, text, answer, digest: digestOf(Buffer.from(payload)) }
  }

  test('a signed manifest has the digest of what is signed, and is sent as it came', async (t) => {
    const { send, text, answer, digest } = await pushed(t)
    expect(answer.headers.get('Docker-Content-Digest')).toBe(digest)
    for (const reference of ['v1', digest]) {
      for (const headers of [{}, OLD, { Accept: DOCKER_MANIFEST }]) {
        const got = await expectStatus(
          200,
          send(`GET /v2/app/manifests/${reference}`, undefined, headers),
        )
        expect(got.body.toString()).toBe(text)
        expect(got.headers.get('Docker-Content-Digest')).toBe(digest)
        expect(got.headers.get('Content-Type')).toBe(SIGNED)
        expect(got.headers.get('Vary')).toMatch(/Accept/)
      }
      const head = await expectStatus(200, send(`HEAD /v2/app/manifests/${reference}`))
      expect(head.headers.get('Content-Length')).toBe(String(text.length))
    }
  })

  test('what others have stored without signatures is signed', async (t) => {
    const { store, send, payload, digest } = await pushed(t)
    await store.delete([schema1Key('app', digest)])
    const manifest = await readSigned(Buffer.from(await bodyOf(send('GET /v2/app/manifests/v1'))))
    await verify(manifest, { roots: undefined, now: Date.now() })
    expect(Buffer.from(manifest.payload).toString()).toBe(payload)
  })

  test('without the setting it is refused, and one that is there is sent as it is stored', async (t) => {
    const { off, text, payload } = await pushed(t)
    const refused = await off('PUT /v2/app/manifests/v2', Buffer.from(text))
    expect([refused.status, codeOf(refused)]).toEqual([400, 'MANIFEST_INVALID'])
    expect(await bodyOf(off('GET /v2/app/manifests/v1'))).toBe(payload)
  })

  test('what is signed for another place is refused', async (t) => {
    const { send, text } = await pushed(t)
    for (const [name, reference, code, message] of [
      ['other', 'v1', 'MANIFEST_INVALID', /its name is "app"/],
      ['app', 'v2', 'MANIFEST_INVALID', /its tag is "v1"/],
      ['app', `sha256:${'0'.repeat(64)}`, 'DIGEST_INVALID', /digest is/],
    ] as const) {
      const refused = await send(`PUT /v2/${name}/manifests/${reference}`, Buffer.from(text))
      expect([refused.status, codeOf(refused)]).toEqual([400, code])
      expect(refused.body.toString().replaceAll('\\', '')).toMatch(message)
    }
  })

  test('a layer that is not there, and a signature that does not hold', async (t) => {
    const { send, text } = await pushed(t)
    const missing = await sign(payloadOf('app', 'v1', [digestOf(Buffer.from('not pushed'))]))
    const forged = text.replace('amd64', 'arm64')
    for (const [manifest, code] of [
      [missing, 'MANIFEST_BLOB_UNKNOWN'],
      [forged, 'MANIFEST_UNVERIFIED'],
    ] as const) {
      const refused = await send('PUT /v2/app/manifests/v1', Buffer.from(manifest))
      expect([refused.status, codeOf(refused)]).toEqual([400, code])
    }
    expect(await bodyOf(send('GET /v2/app/manifests/v1'))).toBe(text)
  })

  test('a delete takes it away', async (t) => {
    const { send, digest } = await pushed(t)
    await expectStatus(202, send(`DELETE /v2/app/manifests/${digest}`))
    await expectStatus(404, send(`GET /v2/app/manifests/${digest}`))
    await expectStatus(404, send('GET /v2/app/manifests/v1'))
  })

  /** An image of schema 2 or OCI, and an index of it. */
  const modern = async (t: TestContext, mediaType: string, layerType: string) => {
    const opened = await open(t)
    const { send } = opened
    const [config, ...layers] = [contentOf(CONFIG), contentOf('one'), contentOf('two')]
    for (const each of [config, ...layers]) await pushAtOnce(send, 'app', each)
    const described = (type: string, { sha256, bytes }: typeof config) => ({
      mediaType: type,
      digest: sha256,
      size: bytes.byteLength,
    })
    const image = contentOf(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        config: described('application/vnd.docker.container.image.v1+json', config),
        layers: layers.map((each) => described(layerType, each)),
      }),
    )
    const put = (tag: string, { bytes }: typeof image, type: string) =>
      expectStatus(201, send(`PUT /v2/app/manifests/${tag}`, bytes, { 'Content-Type': type }))
    await put('v1', image, mediaType)
    const index = (architecture: string) =>
      contentOf(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: DOCKER_LIST,
          manifests: [{ ...described(mediaType, image), platform: { os: 'linux', architecture } }],
        }),
      )
    await put('many', index('amd64'), DOCKER_LIST)
    await put('arm', index('arm64'), DOCKER_LIST)
    return { ...opened, image, layers: layers.map(({ sha256 }) => sha256) }
  }

  const GZIP = 'application/vnd.docker.image.rootfs.diff.tar.gzip'

  test('clients that know schema 1 alone get images by tag in it', async (t) => {
    const { send, image, layers } = await modern(t, DOCKER_MANIFEST, GZIP)
    for (const tag of ['v1', 'many']) {
      const got = await expectStatus(200, send(`GET /v2/app/manifests/${tag}`, undefined, OLD))
      expect(got.headers.get('Content-Type')).toBe(SIGNED)
      const manifest = await readSigned(got.body)
      await verify(manifest, { roots: undefined, now: Date.now() })
      const payload = convert({ name: 'app', tag, config: CONFIG, layers })
      expect(Buffer.from(manifest.payload).toString()).toBe(payload)
      expect(got.headers.get('Docker-Content-Digest')).toBe(digestOf(Buffer.from(payload)))
    }
    // By digest, and for everybody else, it is what it is.
    for (const [reference, headers] of [
      [image.sha256, OLD],
      ['v1', {}],
      ['v1', { Accept: '*/*' }],
      ['v1', { Accept: `${DOCKER_MANIFEST}, ${SIGNED}` }],
    ] as const) {
      expect(await bodyOf(send(`GET /v2/app/manifests/${reference}`, undefined, headers))).toBe(
        image.bytes.toString(),
      )
    }
  })

  test('the layer of steps that change no files is there to be read', async (t) => {
    const { send, off } = await modern(t, DOCKER_MANIFEST, GZIP)
    const path = `/v2/app/blobs/${EMPTY_LAYER}`
    const got = await expectStatus(200, send(`GET ${path}`))
    expect(got.body).toEqual(EMPTY_LAYER_BYTES)
    expect(digestOf(EMPTY_LAYER_BYTES)).toBe(EMPTY_LAYER)
    // Who asks whether it has to be pushed is told so.
    await expectStatus(404, send(`HEAD ${path}`))
    await expectStatus(404, off(`GET ${path}`))
  })

  test('what cannot be shown in schema 1 is unknown, and why', async (t) => {
    const { send } = await modern(t, OCI_MANIFEST, 'application/vnd.oci.image.layer.v1.tar+zstd')
    for (const [tag, why] of [
      ['v1', /a layer of the type .*zstd/],
      ['arm', /none for linux\/amd64/],
    ] as const) {
      const got = await expectStatus(404, send(`GET /v2/app/manifests/${tag}`, undefined, OLD))
      expect(codeOf(got)).toBe('MANIFEST_UNKNOWN')
      expect(got.body.toString()).toMatch(why)
    }
  })
})
