/**
 * A registry with the first API: what is pushed by it, pulled by it, and who may.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, type TestContext, test } from 'vitest'
import { openFirstApi } from '../../functions/compose/v1.ts'
import { v1UnfinishedKey } from '../../functions/registry/layout.ts'
import { DOCKER_MANIFEST } from '../../functions/registry/media-types.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { stepsOf } from '../../functions/schema1/convert.ts'
import { EMPTY_LAYER_BYTES } from '../../functions/schema1/empty-layer.ts'
import { CONFIG } from '../schema1/image.ts'
import { type Content, contentOf } from '../support/hosts/content.ts'
import { clientOfApp, expectStatus, plainApp, type Send } from '../support/rig/client.ts'
import { inChunks, pushAtOnce } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'
import { archive } from './archive.ts'
import { beginPull, beginPush, idOf, oldImage, pushAll, pushOld, tagOld } from './images.ts'

const SECRET = Buffer.alloc(32, 7)
const A = oldImage('a')
const B = oldImage('b', 'a')

const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const jsonOf = async (sent: ReturnType<Send>) =>
  JSON.parse((await expectStatus(200, sent)).body.toString())

const errorOf = async (sent: ReturnType<Send>) => {
  const { status, body } = await sent
  return [status, JSON.parse(body.toString()).error]
}

describe.each(STORES)('on %s', (_, openStore) => {
  const open = async ({ onTestFinished }: TestContext) => {
    const { store, close } = await openStore()
    onTestFinished(close)
    const registry = createRegistry({ store, uploadSecret: async () => SECRET })
    let now = Date.now()
    const v1 = openFirstApi({
      ...{ store, registry, readOnly: false },
      secret: async () => SECRET,
      now: () => now,
    })
    const later = (seconds: number) => {
      now += seconds * 1000
    }
    return { store, send: clientOfApp(plainApp(registry, { v1 })), later }
  }

  test('a push and a pull as docker 1.13.1 does them', async (t) => {
    const { send } = await open(t)
    const token = await beginPush(send, 'team/img', [A, B])
    expect(token.Authorization).toMatch(
      /^Token Token signature=[\w.-]+,repository="team\/img",access=write$/,
    )
    for (const each of [A, B]) {
      expect(await errorOf(send(`GET /v1/images/${each.id}/json`, undefined, token))).toEqual([
        404,
        'Image not found',
      ])
      await pushOld(send, each, token)
    }
    const tagged = await expectStatus(200, tagOld(send, 'team/img', 'latest', B.id, token))
    expect(tagged.body.toString()).toBe('true')
    const list = Buffer.from(JSON.stringify([{ id: A.id }, { id: B.id, Tag: 'latest' }]))
    const ended = await expectStatus(204, send('PUT /v1/repositories/team/img/images', list, token))
    expect(ended.headers.get('X-Docker-Token')).toMatch(/access=write$/)
    expect(ended.headers.get('X-Docker-Endpoints')).toBeTruthy()

    const read = await beginPull(send, 'team/img', token)
    expect(read.Authorization).toMatch(/access=read$/)
    const get = (path: string, headers = {}) =>
      send(`GET /v1/${path}`, undefined, { ...read, ...headers })
    expect(await jsonOf(get('repositories/team/img/images'))).toEqual(
      [{ id: A.id }, { id: B.id }].map((each) => expect.objectContaining(each)),
    )
    expect(await jsonOf(get('repositories/team/img/tags'))).toEqual({ latest: B.id })
    expect(await jsonOf(get('repositories/team/img/tags/latest'))).toBe(B.id)
    expect(await jsonOf(get(`images/${B.id}/ancestry`))).toEqual([B.id, A.id])
    expect(await jsonOf(get(`images/${A.id}/ancestry`))).toEqual([A.id])
    for (const each of [A, B]) {
      const json = await expectStatus(200, get(`images/${each.id}/json`))
      expect(json.body.toString()).toBe(each.json)
      expect(json.headers.get('X-Docker-Size')).toBe(String(each.layer.byteLength))
      expect(json.headers.get('X-Docker-Checksum-Payload')).toBe(each.payload)
      expect(json.headers.get('Cache-Control')).toBe('public, max-age=31536000')
      const layer = await expectStatus(200, get(`images/${each.id}/layer`))
      expect(layer.body.equals(each.layer)).toBe(true)
      const rest = await expectStatus(206, get(`images/${each.id}/layer`, { Range: 'bytes=10-' }))
      expect(rest.body.equals(each.layer.subarray(10))).toBe(true)
      await expectStatus(416, get(`images/${each.id}/layer`, { Range: 'bytes=9999-' }))
    }
  })

  test('what was pushed is an image of schema 2, the same each time', async (t) => {
    const { send } = await open(t)
    await pushAll(send, 'img', 'v1', [A, B])
    const first = await expectStatus(200, send('GET /v2/library/img/manifests/v1'))
    expect(first.headers.get('Content-Type')).toBe(DOCKER_MANIFEST)
    const { config, layers } = JSON.parse(first.body.toString())
    expect(layers.map(({ digest }: { digest: string }) => digest)).toEqual([
      sha256(A.layer),
      sha256(B.layer),
    ])
    const read = await jsonOf(send(`GET /v2/library/img/blobs/${config.digest}`))
    expect(read).toEqual({
      architecture: 'amd64',
      os: 'linux',
      created: '2015-05-20T19:51:23.8Z',
      container_config: { Cmd: ['/bin/sh', '-c', 'touch b'] },
      rootfs: {
        type: 'layers',
        diff_ids: [A, B].map(({ layer }) => sha256(gunzipSync(layer))),
      },
      history: ['a', 'b'].map((letter) => ({
        created: '2015-05-20T19:51:23.8Z',
        created_by: `/bin/sh -c touch ${letter}`,
      })),
    })
    await pushAll(send, 'other/img', 'v1', [A, B])
    const second = await expectStatus(200, send('GET /v2/other/img/manifests/v1'))
    expect(second.body.equals(first.body)).toBe(true)
  })

  test('a layer without a length, larger than a part, and one that is not packed', async (t) => {
    const { send } = await open(t)
    const files = Array.from({ length: 3 }, (_, at) => {
      const content = createHash('sha512').update(String(at)).digest('hex').repeat(40_000)
      return { name: `f${at}`, content }
    })
    const layer = archive(files)
    const { json, id } = oldImage('c')
    const payload = sha256(Buffer.concat([Buffer.from(`${json}\n`), layer]))
    const token = await beginPush(send, 'img')
    await expectStatus(200, send(`PUT /v1/images/${id}/json`, Buffer.from(json), token))
    await expectStatus(200, send(`PUT /v1/images/${id}/layer`, inChunks(layer), token))
    const sums = { ...token, 'X-Docker-Checksum-Payload': payload }
    await expectStatus(200, send(`PUT /v1/images/${id}/checksum`, undefined, sums))
    await expectStatus(200, tagOld(send, 'img', 'v1', id, token))
    const { layers } = await jsonOf(send('GET /v2/library/img/manifests/v1'))
    expect(layers).toEqual([
      {
        mediaType: 'application/vnd.docker.image.rootfs.diff.tar',
        digest: sha256(layer),
        size: layer.byteLength,
      },
    ])
  })

  test('pushes that are wrong are refused', async (t) => {
    const { send } = await open(t)
    const token = await beginPush(send, 'img')
    const put = (path: string, body?: string | Buffer, headers = {}) =>
      errorOf(
        send(`PUT /v1/images/${path}`, body === undefined ? undefined : Buffer.from(body), {
          ...token,
          ...headers,
        }),
      )
    const at = (what: string) => `${A.id}/${what}`
    const sums = { 'X-Docker-Checksum-Payload': A.payload }
    expect(await put(at('json'), '{')).toEqual([400, 'Invalid JSON'])
    expect(await put(at('json'), '[]')).toEqual([400, 'Invalid JSON'])
    expect(await put(at('json'), '{}')).toEqual([400, "Missing key `id' in JSON"])
    expect(await put(at('json'), B.json)).toEqual([400, 'JSON data contains invalid id'])
    expect(await put(`${B.id}/json`, B.json)).toEqual([
      400,
      'Image depends on a non existing parent',
    ])
    expect(await put(at('layer'), A.layer)).toEqual([404, 'Image not found'])
    expect(await put(at('checksum'), undefined, sums)).toEqual([404, 'Image not found'])
    await expectStatus(200, send(`PUT /v1/images/${at('json')}`, Buffer.from(A.json), token))
    expect(await put(at('checksum'), undefined, sums)).toEqual([
      400,
      'Checksum mismatch: there is no layer yet',
    ])
    expect((await put(at('layer'), gzipSync('text')))[0]).toBe(400)
    await expectStatus(200, send(`PUT /v1/images/${at('layer')}`, A.layer, token))
    expect(await errorOf(send(`GET /v1/images/${at('json')}`, undefined, token))).toEqual([
      400,
      'Image is being uploaded, retry later',
    ])
    expect(await errorOf(tagOld(send, 'img', 'v1', A.id, token))).toEqual([404, 'Image not found'])
    expect((await put(at('checksum')))[0]).toBe(412)
    for (const wrong of [
      { 'X-Docker-Checksum-Payload': B.payload },
      { ...sums, 'X-Docker-Checksum': `tarsum+sha256:${'0'.repeat(64)}` },
      { 'X-Docker-Checksum': 'tarsum.v1+sha256:0' },
    ]) {
      expect(await put(at('checksum'), undefined, wrong)).toEqual([400, 'Checksum mismatch'])
    }
    await expectStatus(
      200,
      send(`PUT /v1/images/${at('checksum')}`, undefined, { ...token, ...sums }),
    )
    expect(await put(at('json'), A.json)).toEqual([409, 'Image already exists'])
    expect(await put(at('layer'), A.layer)).toEqual([409, 'Image already exists'])
    await expectStatus(200, send(`GET /v1/images/${at('json')}`, undefined, token))
    expect(await errorOf(tagOld(send, 'img', 'v1', 'x', token))).toEqual([404, 'Image not found'])
    expect(await errorOf(tagOld(send, 'img', '.v1', A.id, token))).toEqual([400, 'Invalid tag'])
  })

  test('an image on top of one that is tagged, and one whose layer has gone', async (t) => {
    const { store, send } = await open(t)
    await pushAll(send, 'img', 'base', [A])
    await store.delete([v1UnfinishedKey('library/img', A.id)])
    await pushAll(send, 'img', 'top', [B])
    const token = await beginPull(send, 'img')
    const ancestry = send(`GET /v1/images/${B.id}/ancestry`, undefined, token)
    expect(await jsonOf(ancestry)).toEqual([B.id, A.id])

    const write = await beginPush(send, 'lost')
    await pushOld(send, A, write)
    await expectStatus(202, send(`DELETE /v2/library/lost/blobs/${sha256(A.layer)}`))
    expect(await errorOf(send(`GET /v1/images/${A.id}/json`, undefined, write))).toEqual([
      404,
      'Image not found',
    ])
    await pushOld(send, A, write)
    await expectStatus(200, tagOld(send, 'lost', 'v1', A.id, write))
  })

  test('an id is one image in one repository, whoever knows it', async (t) => {
    const { send, later } = await open(t)
    await pushAll(send, 'one', 'v1', [A])
    const other = oldImage('a', undefined, { comment: 'another' })
    await pushAll(send, 'two', 'v1', [other])
    const [one, two] = [await beginPull(send, 'one'), await beginPull(send, 'two')]
    const json = async (headers: Record<string, string>) =>
      (
        await expectStatus(200, send(`GET /v1/images/${A.id}/json`, undefined, headers))
      ).body.toString()
    expect([await json(one), await json(two)]).toEqual([A.json, other.json])
    await pushAll(send, 'three', 'v1', [oldImage('c')])
    const three = await beginPull(send, 'three')
    expect(await errorOf(send(`GET /v1/images/${A.id}/json`, undefined, three))).toEqual([
      404,
      'Image not found',
    ])
    for (const headers of [
      undefined,
      { Authorization: 'Token signature=x,repository="library/one",access=read' },
      { Authorization: one.Authorization.replace(/.{4},/, 'AAAA,') },
    ]) {
      expect((await send(`GET /v1/images/${A.id}/json`, undefined, headers)).status).toBe(401)
    }
    later(3599)
    const shown = await expectStatus(200, send(`GET /v1/images/${A.id}/json`, undefined, one))
    expect(shown.headers.get('X-Docker-Token')).toMatch(/access=read$/)
    later(2)
    await expectStatus(401, send(`GET /v1/images/${A.id}/json`, undefined, one))
  })

  test('an image that goes takes its ids along', async (t) => {
    const { send } = await open(t)
    await pushAll(send, 'img', 'v1', [A])
    const token = await beginPull(send, 'img')
    const { headers } = await expectStatus(200, send('HEAD /v2/library/img/manifests/v1'))
    const digest = headers.get('Docker-Content-Digest')
    await expectStatus(202, send(`DELETE /v2/library/img/manifests/${digest}`))
    for (const path of [`images/${A.id}/json`, `images/${A.id}/layer`, `images/${A.id}/ancestry`]) {
      expect(await errorOf(send(`GET /v1/${path}`, undefined, token))).toEqual([
        404,
        'Image not found',
      ])
    }
    expect(await errorOf(send('GET /v1/repositories/img/tags/v1', undefined, token))).toEqual([
      404,
      'Tag not found',
    ])
  })

  test('names that the first API cannot say are not there', async (t) => {
    const { send } = await open(t)
    const layer = contentOf(A.layer)
    for (const name of ['single', 'a/b/c']) await pushAtOnce(send, name, layer)
    for (const name of ['single', 'a/b/c', 'A/b']) {
      await expectStatus(404, send(`GET /v1/repositories/${name}/images`))
    }
    await expectStatus(404, send('GET /v1/images/xyz/json'))
  })

  test('what was pushed otherwise has the ids that distribution gives it', async (t) => {
    const { send } = await open(t)
    const [config, ...layers] = [contentOf(CONFIG), contentOf('one'), contentOf('two')]
    for (const each of [config, ...layers]) await pushAtOnce(send, 'team/new', each)
    const described = (mediaType: string, { sha256: digest, bytes }: Content) => ({
      mediaType,
      digest,
      size: bytes.byteLength,
    })
    const image = {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: described('application/vnd.docker.container.image.v1+json', config),
      layers: layers.map((each) =>
        described('application/vnd.docker.image.rootfs.diff.tar.gzip', each),
      ),
    }
    const headers = { 'Content-Type': DOCKER_MANIFEST }
    const body = Buffer.from(JSON.stringify(image))
    await expectStatus(201, send('PUT /v2/team/new/manifests/v1', body, headers))
    const { steps } = stepsOf({
      config: config.bytes,
      layers: layers.map((each) => each.sha256),
    })
    const token = await beginPull(send, 'team/new')
    const get = (path: string) => send(`GET /v1/${path}`, undefined, token)
    const top = await jsonOf(get('repositories/team/new/tags/v1'))
    expect(top).toBe(steps[0]?.id)
    expect(await jsonOf(get(`images/${top}/ancestry`))).toEqual(steps.map(({ id }) => id))
    const found = new Map(layers.map((each) => [each.sha256 as string, each.bytes]))
    for (const { id, json, layer } of steps) {
      expect((await expectStatus(200, get(`images/${id}/json`))).body.toString()).toBe(json)
      const sent = await expectStatus(200, get(`images/${id}/layer`))
      expect(sent.body.equals(found.get(layer) ?? EMPTY_LAYER_BYTES)).toBe(true)
    }
    // One that builds on it.
    const child = oldImage('d', undefined, { parent: top })
    await pushAll(send, 'team/new', 'child', [child])
    const { layers: all } = await jsonOf(send('GET /v2/team/new/manifests/child'))
    expect(all).toHaveLength(layers.length + 1)
    expect(idOf('d')).toBe(await jsonOf(get('repositories/team/new/tags/child')))
  })

  test('what few ask for', async (t) => {
    const { send } = await open(t)
    await pushAll(send, 'img', 'v1', [A])
    const at = '/v1/repositories/img'
    expect(await jsonOf(send(`GET ${at}/properties`))).toEqual({ access: 'public' })
    expect(await jsonOf(send(`GET ${at}/json`))).toMatchObject({ os: 'linux' })
    expect(await jsonOf(send(`GET ${at}/tags/v1/json`))).toMatchObject({ last_update: null })
    expect(await jsonOf(send(`PUT ${at}/auth`))).toBe('OK')
    await expectStatus(403, send(`PUT ${at}/properties`, Buffer.from('{"access":"private"}')))
    expect(await jsonOf(send(`DELETE ${at}/tags/v1`))).toBe(true)
    expect(await errorOf(send(`DELETE ${at}/tags/v1`))).toEqual([404, 'Tag not found: v1'])
    expect(await errorOf(send(`DELETE ${at}/tags/.x`))).toEqual([404, 'Tag not found: .x'])
  })

  test('log-ins of an open registry', async (t) => {
    const { send } = await open(t)
    expect(await jsonOf(send('GET /v1/users/'))).toBe('OK')
    await expectStatus(201, send('POST /v1/users', Buffer.from('{}')))
    await expectStatus(204, send('PUT /v1/users/a/', Buffer.from('{}')))
    const ping = await expectStatus(200, send('GET /_ping'))
    expect(ping.headers.get('X-Docker-Registry-Standalone')).toBe('true')
  })
})
