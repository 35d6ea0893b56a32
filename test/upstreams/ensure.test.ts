/**
 * Tags and manifests of upstreams: when they are asked for, what is served meanwhile, what is never stored.
 *
 * @module
 */

import { describe, expect, onTestFinished, test } from 'vitest'
import { fetchedMarkKey, fetchedTagKey } from '../../functions/registry/layout.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { createRegistry, type RegistryOptions } from '../../functions/registry/registry.ts'
import { createAsking } from '../../functions/upstreams/client/hosts-asked.ts'
import { createEnsure, type EnsureOptions } from '../../functions/upstreams/manifests/ensure.ts'
import { openFiles } from '../support/rig/stores.ts'
import { until } from '../support/until.ts'
import { IMAGE, routeTo, serve, sha256 } from './upstream.ts'

const MINUTE = 60_000
const TAG = { tag: 'v1' }

/** An image that differs. */
const other = (annotation: string): Buffer =>
  Buffer.from(JSON.stringify({ ...JSON.parse(IMAGE.toString()), annotations: { a: annotation } }))

/** An upstream whose tag `v1` is what `state` says, and a server that pulls through. */
const open = async (
  more: Partial<EnsureOptions> = {},
  registryOptions: Partial<RegistryOptions> = {},
) => {
  const state: {
    image: Buffer
    type: string | undefined
    status: number
    digests: boolean
    hold?: Promise<unknown>
  } = {
    image: IMAGE,
    type: OCI_MANIFEST,
    status: 200,
    digests: true,
  }
  const upstream = await serve(async (request, response) => {
    if (request.url === '/v2/') return void response.end('{}')
    await state.hold
    const digest = sha256(state.image)
    const wanted = request.url?.split('/').at(-1)
    if (state.status !== 200) return void response.writeHead(state.status).end()
    if (wanted !== 'v1' && wanted !== digest) return void response.writeHead(404).end()
    if (request.headers['if-none-match'] === `"${digest}"`)
      return void response.writeHead(304).end()
    const headers = {
      ...(state.type === undefined ? {} : { 'content-type': state.type }),
      etag: `"${digest}"`,
      ...(state.digests ? { 'docker-content-digest': digest } : {}),
    }
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : state.image)
  })
  const { store, close } = await openFiles()
  onTestFinished(close)
  let passed = 0
  const now = () => Date.now() + passed
  const route = routeTo(upstream.origin)
  const behind: Promise<unknown>[] = []
  const errors: string[] = []
  /** One server. */
  const start = () => {
    const registry = createRegistry({
      store,
      uploadSecret: async () => Buffer.alloc(32),
      ...registryOptions,
    })
    const ensure = createEnsure({
      registry,
      store,
      askAt: createAsking({ readSecret: async () => '', now }),
      now,
      report: (_, __, { message }) => errors.push(message),
      behind: (work) => behind.push(work),
      ...more,
    })
    return {
      registry,
      ensure: (reference: Parameters<typeof ensure>[1], via?: string) =>
        ensure(via === undefined ? route : { ...route, via }, reference),
    }
  }
  /** What was asked since the last call, without the looks at the API. */
  const asked = () =>
    upstream.requests.splice(0).flatMap(({ line }) => {
      const [method, path] = line.split(' ')
      return path === '/v2/' ? [] : [`${method} ${path?.split('/').at(-1)}`]
    })
  return {
    ...start(),
    start,
    state,
    store,
    route,
    errors,
    asked,
    behind: () => Promise.all(behind.splice(0)),
    pass: (milliseconds: number) => {
      passed += milliseconds
    },
  }
}

describe('a tag', () => {
  test('is fetched once, verified, and served by any server', async () => {
    const { ensure, registry, start, asked } = await open()
    const digest = sha256(IMAGE)
    expect(await ensure(TAG)).toEqual({ digest, fetched: true })
    expect(await ensure(TAG)).toEqual({ digest })
    expect(await start().ensure(TAG)).toEqual({ digest })
    expect(await ensure({ digest })).toEqual({ digest })
    expect(asked()).toEqual(['GET v1'])
    const stored = await registry.manifests.get('up/app', digest)
    expect(Buffer.from(stored.bytes)).toEqual(IMAGE)
    expect(await registry.tags.list('up/app', 10)).toMatchObject({ names: ['v1'] })
  })

  test('is fetched once for all who ask at a time', async () => {
    const { ensure, asked } = await open()
    await Promise.all(Array.from({ length: 50 }, () => ensure(TAG)))
    expect(asked()).toEqual(['GET v1'])
  })

  test('is asked for by HEAD, once an interval', async () => {
    const { ensure, asked, pass, behind } = await open()
    await ensure(TAG)
    for (let count = 0; count < 3; count++) {
      pass(6 * MINUTE)
      await Promise.all(Array.from({ length: 5 }, () => ensure(TAG)))
      await behind()
    }
    expect(asked()).toEqual(['GET v1', 'HEAD v1', 'HEAD v1', 'HEAD v1'])
  })

  test('of an upstream that does not tell digests is asked for by its ETag', async () => {
    const { ensure, asked, pass, state } = await open()
    state.digests = false
    await ensure(TAG)
    pass(11 * MINUTE)
    expect(await ensure(TAG)).toEqual({ digest: sha256(IMAGE) })
    expect(asked()).toEqual(['GET v1', 'HEAD v1'])
  })

  test('that has moved is served as it was for an interval more', async () => {
    const { ensure, pass, state, behind, asked } = await open()
    await ensure(TAG)
    state.image = other('b')
    pass(6 * MINUTE)
    expect(await ensure(TAG)).toEqual({ digest: sha256(IMAGE) })
    await behind()
    expect(await ensure(TAG)).toEqual({ digest: sha256(state.image) })
    expect(asked()).toEqual(['GET v1', 'HEAD v1', 'GET v1'])
  })

  test('that is older is asked for first', async () => {
    const { ensure, pass, state } = await open()
    await ensure(TAG)
    state.image = other('b')
    pass(11 * MINUTE)
    expect(await ensure(TAG)).toMatchObject({ digest: sha256(state.image) })
  })

  test('is asked for first where nothing can be done behind', async () => {
    const { ensure, pass, state } = await open({ behind: undefined })
    await ensure(TAG)
    state.image = other('b')
    pass(6 * MINUTE)
    expect(await ensure(TAG)).toMatchObject({ digest: sha256(state.image) })
  })

  test('is waited for where nothing can be done behind', async () => {
    const { ensure, pass, state, asked } = await open({ behind: undefined, patience: 0 })
    await ensure(TAG)
    const { promise, resolve } = Promise.withResolvers<void>()
    state.hold = promise
    state.image = other('b')
    pass(60 * MINUTE)
    asked()
    const ensuring = ensure(TAG)
    await until(() => asked().length > 0)
    setTimeout(resolve, 20)
    expect(await ensuring).toEqual({ digest: sha256(state.image), fetched: true })
  })

  test('that moves back to what is here costs no GET', async () => {
    const { ensure, pass, state, asked } = await open({ behind: undefined })
    await ensure(TAG)
    for (const image of [other('b'), IMAGE]) {
      state.image = image
      pass(6 * MINUTE)
      expect(await ensure(TAG)).toMatchObject({ digest: sha256(image) })
    }
    expect(asked()).toEqual(['GET v1', 'HEAD v1', 'GET v1', 'HEAD v1'])
  })

  test.each<[what: string, state: string]>([
    ['of another digest', `{"version":1,"asked":${Date.now()},"digest":"${sha256('x')}"}`],
    ['damaged', '{'],
    ['too large', ' '.repeat(5000)],
    ['of a later version', '{"version":2}'],
    ['of the future', `{"version":1,"asked":${Date.now() + 1e9},"digest":"${sha256(IMAGE)}"}`],
  ])('whose state is %s is asked for', async (_, state) => {
    const { ensure, asked, store, start } = await open()
    await ensure(TAG)
    await store.put(fetchedTagKey('up/app', 'v1'), Buffer.from(state))
    expect(await start().ensure(TAG)).toEqual({ digest: sha256(IMAGE) })
    expect(asked()).toEqual(['GET v1', 'HEAD v1'])
  })

  describe('that was asked for because another registry wanted it', () => {
    const VIA = '1.1 slipway-000000000001, 1.1 slipway-000000000002'

    test('is asked for by everybody else, even if it was the first to ask', async () => {
      const { ensure, start, asked, pass, state } = await open({ behind: undefined })
      await ensure(TAG, VIA)
      await ensure(TAG)
      expect(asked()).toEqual(['GET v1', 'HEAD v1'])
      pass(6 * MINUTE)
      await ensure(TAG, VIA)
      // The upstream had asked nobody for it.
      state.image = other('b')
      expect(await ensure(TAG)).toMatchObject({ digest: sha256(state.image) })
      expect(await start().ensure(TAG)).toEqual({ digest: sha256(state.image) })
      expect(asked()).toEqual(['HEAD v1', 'HEAD v1', 'GET v1'])
    })

    test('is asked for once an interval for that one', async () => {
      const { ensure, asked, pass, behind } = await open()
      await ensure(TAG, VIA)
      for (let count = 0; count < 3; count++) {
        await ensure(TAG, VIA)
        pass(6 * MINUTE)
        await ensure(TAG, VIA)
        await behind()
      }
      expect(asked()).toEqual(['GET v1', 'HEAD v1', 'HEAD v1', 'HEAD v1'])
      // What is known to all is for it, too.
      await ensure(TAG)
      await ensure(TAG, `${VIA}, 1.1 slipway-000000000003`)
      expect(asked()).toEqual(['HEAD v1'])
    })
  })

  test('that was pushed before there was an upstream is asked for', async () => {
    const { ensure, asked, registry } = await open()
    await registry.manifests.push('up/app', TAG, other('b'), OCI_MANIFEST, { fetched: true })
    expect(await ensure(TAG)).toMatchObject({ digest: sha256(IMAGE) })
    expect(asked()).toEqual(['HEAD v1', 'GET v1'])
  })
})

test('a repository that begins with a digest is known to come from an upstream', async () => {
  const { ensure, store } = await open()
  expect(await store.head(fetchedMarkKey('up/app'))).toBeUndefined()
  await ensure({ digest: sha256(IMAGE) })
  expect(await store.head(fetchedMarkKey('up/app'))).toBeDefined()
})

describe('an upstream that fails', () => {
  test.each([500, 503, 429, 403, 401, 404])(
    'by %d: what is here is served, with a warning',
    async (status) => {
      const { ensure, pass, state, asked, errors } = await open()
      await ensure(TAG)
      state.status = status
      pass(60 * MINUTE)
      asked()
      const warning = expect.stringMatching(
        /^this may be an older copy of what up.example has: it (refuses|has no|was asked|does not respond)/,
      )
      for (let count = 0; count < 3; count++) {
        expect(await ensure(TAG)).toEqual({ digest: sha256(IMAGE), warning })
      }
      // That what was shown before has ended is possible: these are tried again.
      expect(asked()).toEqual([401, 403].includes(status) ? ['HEAD v1', 'HEAD v1'] : ['HEAD v1'])
      expect(errors).toEqual([expect.stringMatching(`responded ${status}`)])
      state.status = 200
      pass(MINUTE)
      expect(await ensure(TAG)).toEqual({ digest: sha256(IMAGE) })
    },
  )

  test('by not responding: a client waits for a moment', async () => {
    const { ensure, pass, state } = await open({ patience: 1 })
    await ensure(TAG)
    const { promise, resolve } = Promise.withResolvers<void>()
    state.hold = promise
    state.image = other('b')
    pass(60 * MINUTE)
    const warning = expect.stringMatching(/it does not respond$/)
    expect(await ensure(TAG)).toEqual({ digest: sha256(IMAGE), warning })
    resolve()
    await until(async () => (await ensure(TAG)).warning === undefined)
  })

  test.each<[status: number, kind: string]>([
    [404, 'unknown'],
    [403, 'denied'],
    [500, 'away'],
    [429, 'busy'],
  ])('by %d for what is not here: asked once, remembered shortly', async (status, failure) => {
    const { ensure, pass, state, asked } = await open()
    state.status = status
    const together = Array.from({ length: 9 }, () => ensure(TAG).catch((error: unknown) => error))
    for (const error of await Promise.all(together)) expect(error).toMatchObject({ failure })
    for (let count = 0; count < 3; count++) {
      await expect(ensure(TAG)).rejects.toMatchObject({ failure })
      await expect(ensure({ digest: sha256('x') })).rejects.toMatchObject({ failure })
    }
    expect(asked().filter((line) => line === 'GET v1')).toHaveLength(1)
    state.status = 200
    pass(MINUTE)
    expect(await ensure(TAG)).toMatchObject({ digest: sha256(IMAGE) })
  })
})

describe('what is not right is never stored:', () => {
  test.each<[what: string, image: Buffer]>([
    ['no manifest', Buffer.from('<html>')],
    [
      'schema 1',
      Buffer.from('{"schemaVersion":1,"name":"app","tag":"v1","fsLayers":[],"history":[]}'),
    ],
  ])('%s', async (_, image) => {
    const { ensure, registry, state } = await open()
    state.image = image
    await expect(ensure(TAG)).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
    expect(await registry.tags.get('up/app', 'v1')).toBeUndefined()
  })

  test('instead of it, what was there is served', async () => {
    const { ensure, pass, state } = await open()
    await ensure(TAG)
    state.image = Buffer.from('<html>')
    pass(60 * MINUTE)
    expect(await ensure(TAG)).toEqual({ digest: sha256(IMAGE), warning: expect.any(String) })
  })
})

test('an index is here without its images, and nobody is told of a push', async () => {
  const written: string[] = []
  const recording = {
    wantsMoves: async () => false,
    write: async () => void written.push('event'),
    withdraw: async () => {},
    done: () => {},
  }
  const { ensure, state } = await open({}, { events: { begin: () => recording } })
  const child = { mediaType: OCI_MANIFEST, digest: sha256(IMAGE), size: IMAGE.length }
  state.image = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] }),
  )
  state.type = OCI_INDEX
  expect(await ensure(TAG)).toMatchObject({ digest: sha256(state.image) })
  expect(written).toEqual([])
})

test.each([undefined, 'application/json', 'text/plain; charset=utf-8'])(
  'a Content-Type %s says nothing of a manifest',
  async (type) => {
    const { ensure, registry, state } = await open()
    state.type = type
    const { digest } = await ensure(TAG)
    expect((await registry.manifests.get('up/app', digest)).mediaType).toBe(OCI_MANIFEST)
  },
)

test('a tag that is immutable here stays, with a warning', async () => {
  const rules = await import('../../functions/registry/retention/parse.ts')
  const retention = rules.parseRetention(
    'version: 1\nimmutable: [{ repositories: ["up/**"], tags: ["v*"] }]',
  )
  const { ensure, pass, state } = await open({}, { rules: async () => retention })
  await ensure(TAG)
  state.image = other('b')
  pass(60 * MINUTE)
  const warning = expect.stringMatching(/immutable/)
  expect(await ensure(TAG)).toEqual({ digest: sha256(IMAGE), warning })
})
