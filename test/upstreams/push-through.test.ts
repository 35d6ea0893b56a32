/**
 * Pushes that are pushed on, as clients see them: on the Node server, over HTTP.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fetchedMarkKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { readLink } from '../../functions/registry/links.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { readTagState } from '../../functions/upstreams/manifests/tag-state.ts'
import { until } from '../support/until.ts'
import { breaking, type Fault, failing, openServer, openUpstream } from './pushed-upstream.ts'
import { CONFIG, IMAGE, sha256 } from './upstream.ts'

const LAYER = randomBytes(2_000_000)
const described = (bytes: Uint8Array, mediaType: string) => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
})
const config = described(CONFIG, 'application/vnd.oci.image.config.v1+json')
const imageOf = (more: object, ...layers: readonly Uint8Array[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      ...{ schemaVersion: 2, mediaType: OCI_MANIFEST, config },
      layers: layers.map((each) => described(each, 'application/vnd.oci.image.layer.v1.tar')),
      ...more,
    }),
  )
const APP = 'up/team/app'
const V1 = `/v2/${APP}/manifests/v1`
const WITH_LAYER = imageOf({}, LAYER)

const open = async (more: Omit<Parameters<typeof openServer>[0], 'origin'> = {}) => {
  const upstream = await openUpstream()
  return { upstream, ...(await openServer({ origin: upstream.origin, ...more })) }
}

/** What was sent of content: no questions. */
const sent = (lines: readonly string[]) => lines.filter((line) => /^(?:PUT|GET)/.test(line))

describe('an image', () => {
  test('goes to the upstream first, and is here then', async () => {
    const { upstream, upload, putManifest, send, store, tagged, linked } = await open()
    for (const bytes of [CONFIG, LAYER]) expect(await upload(APP, bytes)).toBe(201)
    // What can be sent before the manifest is.
    await until(() => upstream.blobs.size === 2)
    let before: unknown = 'not asked'
    upstream.state.fault = async (line) => {
      if (line === 'PUT /v2/team/app/manifests/v1') before = await tagged(APP, 'v1')
      return false
    }
    const pushed = await putManifest(V1, WITH_LAYER)
    expect([pushed.status, pushed.headers.get('docker-content-digest')]).toEqual([
      201,
      sha256(WITH_LAYER),
    ])
    expect(before).toBeUndefined()
    expect(upstream.manifests.get('v1')?.equals(WITH_LAYER)).toBe(true)
    expect(upstream.blobs.get(sha256(LAYER))?.equals(LAYER)).toBe(true)
    expect(await tagged(APP, 'v1')).toBeDefined()
    expect(await linked(APP, LAYER)).toBeDefined()
    // All of it can be fetched anew; the upstream is asked when it is pulled.
    expect(await store.head(fetchedMarkKey(APP))).toBeDefined()
    expect(await readTagState(store, APP, 'v1')).toMatchObject({ asked: 0 })
    upstream.asked()
    upstream.state.fault = undefined
    expect((await send(`GET ${V1}`)).status).toBe(200)
    const blob = await send(`GET /v2/${APP}/blobs/${sha256(LAYER)}`)
    expect(Buffer.from(await blob.arrayBuffer()).equals(LAYER)).toBe(true)
    expect(upstream.asked()).toEqual(['HEAD /v2/team/app/manifests/v1'])
  })

  test('can be pulled while the upstream is away', async () => {
    const { upstream, upload, putManifest, send } = await open()
    await upload(APP, CONFIG)
    await putManifest(V1, IMAGE)
    upstream.state.fault = breaking(/./)
    const pulled = await send(`GET ${V1}`)
    expect([pulled.status, pulled.headers.get('warning')?.slice(0, 3)]).toEqual([200, '299'])
  })

  test('whose tag was asked for in vain before is served without a warning', async () => {
    const { upload, putManifest, send } = await open()
    expect((await send(`HEAD ${V1}`)).status).toBe(404)
    await upload(APP, CONFIG)
    await putManifest(V1, IMAGE)
    const pulled = await send(`GET ${V1}`)
    expect([pulled.status, pulled.headers.get('warning')]).toEqual([200, null])
  })

  test('stays where the upstream is asked for the tag at the same time, and says what was before', async () => {
    const { upstream, upload, putManifest, send } = await open()
    for (const bytes of [CONFIG, LAYER]) await upload(APP, bytes)
    await putManifest(V1, IMAGE)
    const other = imageOf({ annotations: { other: 'one' } })
    upstream.manifests.set('v1', other)
    const [asked, pushed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    upstream.state.fault = async (line, response) => {
      if (line !== 'GET /v2/team/app/manifests/v1') return false
      asked.resolve()
      await pushed.promise
      response.writeHead(200, { 'content-type': OCI_MANIFEST }).end(other)
      return true
    }
    const pulling = send(`GET ${V1}`)
    await asked.promise
    expect((await putManifest(V1, WITH_LAYER)).status).toBe(201)
    upstream.state.fault = undefined
    pushed.resolve()
    expect((await pulling).status).toBe(200)
    const pulled = await send(`GET ${V1}`)
    expect(pulled.headers.get('docker-content-digest')).toBe(sha256(WITH_LAYER))
  })

  test('under a tag that may not move is the same here and there, whoever is faster where', async () => {
    const immutable = [{ repositories: ['up/**'], tags: ['v*'] }]
    const { upstream, upload, putManifest, store } = await open({
      retention: { version: 1, immutable },
    })
    await upload(APP, CONFIG)
    const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let count = 0
    upstream.state.fault = async (line) => {
      if (line !== 'PUT /v2/team/app/manifests/v1') return false
      count += 1
      // The first to come is the last to be taken.
      if (count === 1) {
        reached.resolve()
        await go.promise
      }
      return false
    }
    const slow = putManifest(V1, IMAGE)
    await reached.promise
    const other = imageOf({ annotations: { other: 'one' } })
    expect((await putManifest(V1, other)).status).toBe(201)
    go.resolve()
    expect((await slow).status).toBe(409)
    expect(upstream.manifests.get('v1')?.equals(other)).toBe(true)
    expect((await readLink(store, tagLinkKey(APP, 'v1')))?.target).toBe(sha256(other))
  })

  test('is asked for at the next pull, though it was just pulled and is the same again', async () => {
    const { upstream, putManifest, send } = await open({ upstream: { interval: '7d' } })
    upstream.manifests.set('v1', IMAGE)
    upstream.blobs.set(sha256(CONFIG), CONFIG)
    expect((await send(`GET ${V1}`)).status).toBe(200)
    expect((await putManifest(V1, IMAGE)).status).toBe(201)
    const other = imageOf({ annotations: { other: 'one' } })
    upstream.manifests.set('v1', other)
    const pulled = await send(`GET ${V1}`)
    expect(pulled.headers.get('docker-content-digest')).toBe(sha256(other))
  })

  test('of whose tags one is taken and the next is refused is pulled by that one', async () => {
    const { upstream, putManifest, send } = await open({ upstream: { interval: '7d' } })
    upstream.blobs.set(sha256(CONFIG), CONFIG)
    for (const tag of ['a', 'b']) {
      upstream.manifests.set(tag, IMAGE)
      await send(`GET /v2/${APP}/manifests/${tag}`)
    }
    upstream.state.fault = failing(/^PUT .*manifests.b/, 403)
    const other = imageOf({ annotations: { other: 'one' } })
    const target = `/v2/${APP}/manifests/${sha256(other)}?tag=a&tag=b`
    expect((await putManifest(target, other)).status).toBe(403)
    const digests = ['a', 'b'].map(async (tag) => {
      const { headers } = await send(`GET /v2/${APP}/manifests/${tag}`)
      return headers.get('docker-content-digest')
    })
    expect(await Promise.all(digests)).toEqual([sha256(other), sha256(IMAGE)])
  })

  test('costs no bytes that the upstream has, nor need those be here', async () => {
    const { upstream, upload, putManifest, linked } = await open()
    upstream.blobs.set(sha256(LAYER), LAYER)
    await upload(APP, CONFIG)
    await until(() => upstream.blobs.size === 2)
    upstream.asked()
    expect((await putManifest(V1, WITH_LAYER)).status).toBe(201)
    expect(sent(upstream.asked())).toEqual(['PUT /v2/team/app/manifests/v1'])
    expect(await linked(APP, LAYER)).toBeUndefined()
  })

  test('with a blob that is nowhere is refused, and sent nowhere', async () => {
    const { upstream, upload, putManifest, tagged } = await open()
    await upload(APP, CONFIG)
    const refused = await putManifest(V1, WITH_LAYER)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toMatch(/MANIFEST_BLOB_UNKNOWN.* and from up.example: push that/)
    expect(upstream.manifests.size).toBe(0)
    expect(await tagged(APP, 'v1')).toBeUndefined()
  })

  test('by digest, with tags, gets all of them there', async () => {
    const { upstream, upload, putManifest, tagged } = await open()
    await upload(APP, CONFIG)
    const target = `/v2/${APP}/manifests/${sha256(IMAGE)}?tag=a&tag=b`
    const pushed = await putManifest(target, IMAGE)
    expect([pushed.status, pushed.headers.get('oci-tag')]).toEqual([201, 'a, b'])
    const all = [sha256(IMAGE), 'a', 'b']
    expect([...upstream.manifests.keys()].toSorted()).toEqual(all.toSorted())
    expect(await tagged(APP, 'b')).toBeDefined()
  })

  test('with a blob that is mounted here, or comes in one request', async () => {
    const { upstream, upload, putManifest, send } = await open()
    await upload('own/app', LAYER)
    const mount = `/v2/${APP}/blobs/uploads/?mount=${sha256(LAYER)}&from=own/app`
    expect((await send(`POST ${mount}`)).status).toBe(201)
    const whole = `/v2/${APP}/blobs/uploads/?digest=${sha256(CONFIG)}`
    expect((await send(`POST ${whole}`, CONFIG)).status).toBe(201)
    expect((await putManifest(V1, WITH_LAYER)).status).toBe(201)
    expect([...upstream.blobs.keys()].toSorted()).toEqual(
      [sha256(CONFIG), sha256(LAYER)].toSorted(),
    )
  })

  test('with a blob that is mounted from another of the upstream, which mounts it itself', async () => {
    const { upstream, upload, send } = await open()
    await upload('up/team/base', LAYER)
    await until(() => upstream.blobs.size === 1)
    upstream.blobs.clear()
    upstream.asked()
    const mount = new URLSearchParams({ mount: sha256(LAYER), from: 'up/team/base' })
    expect((await send(`POST /v2/${APP}/blobs/uploads/?${mount}`)).status).toBe(201)
    const asked: string[] = []
    await until(() => asked.push(...upstream.asked()) === 2)
    const there = new URLSearchParams({ mount: sha256(LAYER), from: 'team/base' })
    expect(asked).toEqual([
      `HEAD /v2/team/app/blobs/${sha256(LAYER)}`,
      `POST /v2/team/app/blobs/uploads/?${there}`,
    ])
  })

  test('of an index that is here, and gone there, is pushed on before the index', async () => {
    const { upstream, upload, putManifest } = await open()
    await upload(APP, CONFIG)
    await putManifest(`/v2/${APP}/manifests/${sha256(IMAGE)}`, IMAGE)
    upstream.manifests.clear()
    upstream.blobs.clear()
    const manifests = [described(IMAGE, OCI_MANIFEST)]
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
    upstream.asked()
    expect((await putManifest(V1, index, { 'content-type': OCI_INDEX })).status).toBe(201)
    expect(sent(upstream.asked())).toEqual([
      expect.stringMatching(/^PUT \/v2\/team\/app\/blobs\/uploads\/1\?_state=a&digest=/),
      `PUT /v2/team/app/manifests/${sha256(IMAGE)}`,
      'PUT /v2/team/app/manifests/v1',
    ])
  })

  test.each([true, false])(
    'that refers to another is a referrer as the upstream has it: %s',
    async (lists) => {
      const { upstream, upload, putManifest } = await open()
      upstream.state.lists = lists
      await upload(APP, CONFIG)
      const signature = imageOf({ subject: described(IMAGE, OCI_MANIFEST) })
      const pushed = await putManifest(V1, signature)
      expect(pushed.headers.get('oci-subject')).toBe(lists ? sha256(IMAGE) : null)
    },
  )
})

const BLOB_PUT = /^PUT .*uploads/
const MANIFEST_PUT = /^PUT .*manifests/

describe('an upstream that fails', () => {
  test.each<[what: string, fault: Fault, status: number, says: RegExp]>([
    ['401 to the manifest', failing(MANIFEST_PUT, 401), 403, /it responded 401 DENIED/],
    ['403 to the manifest', failing(MANIFEST_PUT, 403), 403, /it responded 403 DENIED/],
    ['403 to the start of an upload', failing(/^POST/, 403), 403, /it responded 403 DENIED/],
    ['404', failing(/^POST/, 404, {}, 'NAME_UNKNOWN'), 404, /it responded 404 NAME_UNKNOWN/],
    ['405', failing(/^POST/, 405, {}, 'UNSUPPORTED'), 403, /it responded 405 UNSUPPORTED/],
    ['413 to a blob', failing(BLOB_PUT, 413, {}, 'x: <i>'), 403, /it responded 413\./],
    ['429', failing(MANIFEST_PUT, 429, { 'retry-after': '7' }), 429, /it responded 429/],
    ['500', failing(MANIFEST_PUT, 500), 503, /it responded 500 DENIED/],
    ['503 to a blob', failing(BLOB_PUT, 503), 503, /it responded 503 DENIED/],
    ['a broken manifest', breaking(MANIFEST_PUT), 503, /does not respond as it should/],
    ['a blob broken half-way', breaking(BLOB_PUT), 503, /does not respond as it should/],
    ['a broken question', breaking(/^HEAD/), 503, /does not respond as it should/],
  ])(
    'by %s: nothing is tagged here, and the same push succeeds later',
    async (_, fault, status, says) => {
      const { upstream, upload, putManifest, tagged } = await open()
      upstream.state.fault = fault
      for (const bytes of [CONFIG, LAYER]) expect(await upload(APP, bytes)).toBe(201)
      const refused = await putManifest(V1, WITH_LAYER)
      expect([refused.status, await refused.text()]).toEqual([status, expect.stringMatching(says)])
      if (status === 429) expect(refused.headers.get('retry-after')).toBe('7')
      expect(await tagged(APP, 'v1')).toBeUndefined()
      expect(upstream.manifests.size).toBe(0)
      // It is not to be asked for some seconds.
      if (status === 429) return
      upstream.state.fault = undefined
      expect((await putManifest(V1, WITH_LAYER)).status).toBe(201)
      expect(upstream.blobs.get(sha256(LAYER))?.equals(LAYER)).toBe(true)
    },
  )
})

describe('refused, and sent nowhere, is', () => {
  test('what an immutable tag does not let move', async () => {
    const immutable = [{ repositories: ['up/**'], tags: ['v*'] }]
    const { upstream, upload, putManifest } = await open({ retention: { version: 1, immutable } })
    for (const bytes of [CONFIG, LAYER]) await upload(APP, bytes)
    expect((await putManifest(V1, IMAGE)).status).toBe(201)
    await until(() => upstream.blobs.size === 2)
    upstream.asked()
    expect((await putManifest(V1, WITH_LAYER)).status).toBe(409)
    expect(upstream.asked()).toEqual([])
  })

  test.each([true, false])(
    'what is another there under a tag that may not move, which was never pulled; it says so: %s',
    async (says) => {
      const immutable = [{ repositories: ['up/**'], tags: ['v*'] }]
      const { upstream, upload, putManifest, tagged } = await open({
        retention: { version: 1, immutable },
      })
      await upload(APP, CONFIG)
      const other = imageOf({ annotations: { other: 'one' } })
      upstream.manifests.set('v1', other)
      upstream.state.fault = (line, response) => {
        if (says || line !== 'HEAD /v2/team/app/manifests/v1') return false
        response.writeHead(200).end()
        return true
      }
      const refused = await putManifest(V1, IMAGE)
      expect([refused.status, await refused.text()]).toEqual([
        409,
        expect.stringContaining(`points at ${sha256(other)}`),
      ])
      expect(upstream.manifests.get('v1')?.equals(other)).toBe(true)
      expect(await tagged(APP, 'v1')).toBeUndefined()
      // The same again is no move.
      expect((await putManifest(V1, other)).status).toBe(201)
      // Others may move.
      upstream.manifests.set('latest', other)
      expect((await putManifest(`/v2/${APP}/manifests/latest`, IMAGE)).status).toBe(201)
    },
  )

  test.each([{ 'if-none-match': '*' }, { 'if-match': `"${sha256(IMAGE)}"` }])(
    'a condition on the tag: %o',
    async (headers) => {
      const { upstream, putManifest } = await open()
      const refused = await putManifest(V1, IMAGE, headers)
      expect([refused.status, await refused.text()]).toEqual([
        400,
        expect.stringMatching(/knows no condition on a tag/),
      ])
      expect(upstream.asked()).toEqual([])
    },
  )

  test('a push by who may not', async () => {
    const rule = { who: ['anonymous'], repositories: ['up/**'], actions: ['pull'] }
    const { upstream, putManifest, send } = await open({ policy: { version: 1, rules: [rule] } })
    expect((await putManifest(V1, IMAGE)).status).toBe(401)
    expect((await send(`POST /v2/${APP}/blobs/uploads/`)).status).toBe(401)
    expect(upstream.asked()).toEqual([])
  })

  test('a push where the upstream is not writable', async () => {
    const { upload, putManifest } = await open({ upstream: { writable: false } })
    expect(await upload(APP, CONFIG)).toBe(405)
    expect((await putManifest(V1, IMAGE)).status).toBe(405)
  })

  test('a push that comes back', async () => {
    const server = await open()
    const { upstream, putManifest, upload } = server
    await upload(APP, CONFIG)
    let answer: Response | undefined
    upstream.state.fault = (line, response, request) => {
      if (!MANIFEST_PUT.test(line)) return false
      const { via = '' } = request.headers
      void putManifest(V1, IMAGE, { via: String(via) }).then((it) => {
        answer = it
        response.writeHead(it.status).end()
      })
      return true
    }
    expect((await putManifest(V1, IMAGE)).status).toBe(403)
    expect([answer?.status, await answer?.text()]).toEqual([
      405,
      expect.stringMatching(/pushes it on to this registry again/),
    ])
  })
})

test('only so many bytes of manifests wait for an upstream', async () => {
  const { upstream, upload, putManifest } = await open()
  await upload(APP, CONFIG)
  await until(() => upstream.blobs.size === 1)
  const large = (at: number) =>
    imageOf({ annotations: { at: String(at), x: 'x'.repeat(4_000_000) } })
  const go = Promise.withResolvers<void>()
  upstream.state.fault = async (line) => {
    if (line.startsWith('HEAD')) await go.promise
    return false
  }
  const target = (at: number) => `/v2/${APP}/manifests/t${at}`
  const all = Array.from({ length: 9 }, (_, at) => putManifest(target(at), large(at)))
  const refused = await Promise.race(all)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await refused.text()).toMatch(/too many others wait/)
  go.resolve()
  const statuses = (await Promise.all(all)).map(({ status }) => status)
  expect(statuses.toSorted()).toEqual([...Array<number>(8).fill(201), 503])
  // All of it has been given back.
  const again = Array.from({ length: 8 }, (_, at) => putManifest(target(at), large(at)))
  for (const { status } of await Promise.all(again)) expect(status).toBe(201)
})

test('a delete is one of the copy', async () => {
  const { upstream, upload, putManifest, send, tagged } = await open()
  await upload(APP, CONFIG)
  await putManifest(V1, IMAGE)
  expect((await send(`DELETE ${V1}`)).status).toBe(202)
  expect(await tagged(APP, 'v1')).toBeUndefined()
  expect(upstream.manifests.has('v1')).toBe(true)
  expect((await send(`GET ${V1}`)).status).toBe(200)
})

test('a name with another one here is pushed under that', async () => {
  const { upstream, send } = await open({ upstream: { host: 'docker.io' } })
  const begun = await send('POST /v2/up/app/blobs/uploads/')
  expect(begun.headers.get('location')).toMatch(/\/v2\/up\/library\/app\/blobs\/uploads\//)
  expect(upstream.asked()).toEqual([])
})
