/**
 * What the requests of the page show: repositories, tags and images.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseRetention } from '../../functions/registry/retention/parse.ts'
import { openCurrent } from '../../functions/search/current.ts'
import { mend } from '../../functions/search/mend.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { EVIL, pushPageContent } from '../e2e/support/page-content.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { clientOf, codeOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'

const RULES = parseRetention(
  JSON.stringify({ version: 1, immutable: [{ repositories: ['team/**'], tags: ['1.*'] }] }),
)

let store: ObjectStore
let send: Send
let close: () => Promise<void>
let subject: string

beforeAll(async () => {
  const opened = await openFiles()
  store = opened.store
  close = opened.close
  send = await clientOf(store, { rules: async () => RULES })
  subject = await pushPageContent(async (method, path, body, type) => {
    await expectStatus(201, send(`${method} ${path}`, Buffer.from(body), { 'Content-Type': type }))
  })
})
afterAll(() => close())

const get = async (path: string, as: Send = send) =>
  JSON.parse((await expectStatus(200, as(`GET /api/v1/${path}`))).body.toString())

const image = (name: string, reference: string) =>
  get(`images/${name}?reference=${encodeURIComponent(reference)}`)

const ALL = ['charts/web', 'evil/app', 'public/hello', 'team/models', 'team/web', 'team/worker']

describe('repositories', () => {
  const names = async (query: string, as: Send = send): Promise<readonly string[]> =>
    (await get(`catalog?${query}`, as)).repositories.map(({ name }: { name: string }) => name)

  test('without an index: names, and what a listing says', async () => {
    const all = await get('catalog')
    expect(all).toMatchObject({ count: 6, pages: 1, indexed: false, sized: false })
    expect(await names('')).toEqual(ALL)
    const [{ pushed, ...web }] = (await get('catalog?q=team/web')).repositories
    expect(web).toEqual({ name: 'team/web', tagCount: 4 })
    expect(Math.abs(Date.now() - Date.parse(pushed))).toBeLessThan(3_600_000)
  })

  test('in pages', async () => {
    expect(await names('n=4')).toEqual(ALL.slice(0, 4))
    expect(await names('n=4&page=2')).toEqual(ALL.slice(4))
    expect((await get('catalog?n=4')).pages).toBe(2)
    expect(await names('n=4&page=3')).toEqual([])
  })

  test('with an index: descriptions, the last pushed first', async () => {
    await mend(store)
    const indexed = await clientOf(store, { index: async () => openCurrent(store, () => 0) })
    expect((await names('sort=pushed', indexed)).toSorted()).toEqual(ALL)
    const [evil] = (await get('catalog?q=onerror', indexed)).repositories
    expect(evil).toMatchObject({ name: 'evil/app', tagCount: 1, description: EVIL })
  })

  test.each(['sort=up', 'page=0', 'page=x', `q=${'x'.repeat(600)}`, 'n=-1'])(
    '?%s is refused',
    async (query) => {
      expect((await send(`GET /api/v1/catalog?${query}`)).status).toBe(400)
    },
  )
})

describe('tags', () => {
  test('with what each is', async () => {
    const { tags, complete } = await get('tags/team/web')
    expect(complete).toBe(true)
    expect(tags).toMatchObject([
      { tag: '1.4.0', kind: 'image', immutable: true },
      { tag: '1.5.0-arm64', kind: 'image', immutable: true },
      { tag: '1.5.0', kind: 'image', digest: subject, immutable: true },
      { tag: 'latest', kind: 'index', platforms: ['linux/amd64', 'linux/arm64'], immutable: false },
    ])
    const { layers, config, size } = await image('team/web', '1.5.0')
    const bytes = [...layers, config].reduce(
      (sum: number, each: { size: number }) => sum + each.size,
      0,
    )
    expect([tags[2].size, size]).toEqual([bytes, bytes])
    expect(tags[3].size).toBe(undefined)
  })

  test('in pages, and by how they begin', async () => {
    const tagsOf = async (query: string) => {
      const { tags, next } = await get(`tags/team/web?${query}`)
      return [tags.map(({ tag }: { tag: string }) => tag), next]
    }
    expect(await tagsOf('n=3')).toEqual([['1.4.0', '1.5.0-arm64', '1.5.0'], '1.5.0'])
    expect(await tagsOf('n=3&last=1.5.0')).toEqual([['latest'], undefined])
    expect(await tagsOf('begins=1.5')).toEqual([['1.5.0-arm64', '1.5.0'], undefined])
    expect(await tagsOf('begins=1.5&n=1&last=1.5.0-arm64')).toEqual([['1.5.0'], undefined])
    expect(await tagsOf('begins=2')).toEqual([[], undefined])
    const { headers } = await send('GET /api/v1/tags/team/web?begins=1&n=2')
    expect(headers.get('Link')).toBe(
      '</api/v1/tags/team/web?begins=1&last=1.5.0-arm64&n=2>; rel="next"',
    )
  })

  test('none where there are none, and no repository where there is none', async () => {
    await pushAtOnce(send, 'untagged', CONFIG)
    await pushManifest(send, 'untagged', imageOf().sha256, imageOf())
    expect(await get('tags/untagged')).toEqual({
      repository: 'untagged',
      tags: [],
      complete: true,
      rights: ['delete'],
    })
    const unknown = await send('GET /api/v1/tags/nothing')
    expect([unknown.status, codeOf(unknown)]).toEqual([404, 'NAME_UNKNOWN'])
  })

  test.each(['begins=a/b', 'begins=%3Cscript%3E', 'last=..%2F', 'n=x'])(
    '?%s is refused',
    async (query) => {
      expect((await send(`GET /api/v1/tags/team/web?${query}`)).status).toBe(400)
    },
  )
})

describe('an image', () => {
  test('has its configuration, its layers and what refers to it', async () => {
    const shown = await image('team/web', '1.5.0')
    expect(shown).toMatchObject({
      digest: subject,
      tag: '1.5.0',
      immutable: true,
      kind: 'image',
      image: {
        os: 'linux',
        architecture: 'amd64',
        user: '10001:10001',
        entrypoint: ['node', '--enable-source-maps'],
        ports: ['8080/tcp'],
        labels: { 'org.opencontainers.image.version': '1.5.0' },
      },
    })
    expect(shown.image.history).toHaveLength(6)
    expect(shown.layers).toHaveLength(5)
    const kinds = shown.referrers.map(({ kind }: { kind: string }) => kind)
    expect(kinds.sort()).toEqual(['attestation', 'sbom', 'signature'])
    expect(await image('team/web', subject)).toEqual({
      ...shown,
      tag: undefined,
      immutable: undefined,
    })
  })

  test('that is an index has its images', async () => {
    const { kind, children, size } = await image('team/web', 'latest')
    expect([kind, size]).toEqual(['index', undefined])
    expect(children).toMatchObject([
      { platform: 'linux/amd64', digest: subject },
      { platform: 'linux/arm64' },
    ])
  })

  test('that is a chart says what the chart says', async () => {
    const { kind, chart } = await image('charts/web', '0.9.2_build.7')
    expect([kind, chart]).toMatchObject([
      'chart',
      { name: 'web', version: '0.9.2+build.7', appVersion: '1.5.0' },
    ])
  })

  test('that is an artifact has its files', async () => {
    const { kind, layers, image: config } = await image('team/models', 'small')
    expect([kind, config]).toEqual(['artifact', undefined])
    expect(layers[0].annotations).toEqual({
      'org.opencontainers.image.title': 'weights.safetensors',
    })
  })

  test.each([
    ['images/team/web?reference=none', 404],
    ['images/team/web', 200],
    ['images/team/models', 404],
    ['images/nothing?reference=v1', 404],
    ['images/team/web?reference=sha256:12', 400],
    ['images/UPPER?reference=v1', 400],
  ])('%s: %i', async (path, status) => {
    expect((await send(`GET /api/v1/${path}`)).status).toBe(status)
  })

  const WEIRD = [
    ['no JSON', 'nonsense'],
    ['a list', '[]'],
    [
      'other types',
      JSON.stringify({
        config: { Env: 'A=b', Labels: ['x'], Cmd: [1, 'run'] },
        history: [null, 7, { created_by: {} }],
      }),
    ],
  ] as const
  test.each(WEIRD)('whose configuration is %s is shown all the same', async (_, text) => {
    const { contentOf, CONFIG_TYPE, descriptorOf } = await import('../support/hosts/content.ts')
    const config = contentOf(text)
    await pushAtOnce(send, 'weird', config)
    const made = imageOf([], { config: descriptorOf(CONFIG_TYPE, config) })
    await pushManifest(send, 'weird', 'v1', made)
    expect(await image('weird', 'v1')).toMatchObject({ kind: 'image', digest: made.sha256 })
  })
})
