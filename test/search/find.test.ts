/**
 * What a search finds, in pages, with an index and without.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mend } from '../../functions/search/mend.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { type Content, contentOf, descriptorOf, imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'
import { searching } from './rig.ts'

const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json'
const SBOM = 'application/spdx+json'

/** An image with labels. */
const labelled = (labels: Record<string, string>, annotations: Record<string, string>) => {
  const config = contentOf(JSON.stringify({ architecture: 'amd64', config: { Labels: labels } }))
  return { config, image: imageOf([], { config: descriptorOf(CONFIG_TYPE, config), annotations }) }
}

let store: ObjectStore
let send: Send
let image: Content
let sbom: Content
let close: () => Promise<void>

beforeAll(async () => {
  const opened = await openFiles()
  close = opened.close
  store = opened.store
  send = await searching(store)
  const labels = { maintainer: 'alice', 'org.opencontainers.image.version': '1.2' }
  const annotations = { 'org.opencontainers.image.description': 'Serves <b>pages</b>' }
  const made = labelled(labels, annotations)
  image = made.image
  for (const name of ['team/web', 'team/web-admin', 'other/web', 'web', 'team/db']) {
    await pushAtOnce(send, name, made.config)
    await pushManifest(send, name, 'v1.2', image)
  }
  await pushManifest(send, 'team/db', 'latest', image)
  const subject = descriptorOf('application/vnd.oci.image.manifest.v1+json', image)
  const config = descriptorOf(CONFIG_TYPE, made.config)
  sbom = imageOf([], { config, artifactType: SBOM, subject })
  await pushManifest(send, 'team/db', sbom.sha256, sbom)
})
afterAll(() => close())

const get = async (path: string, as: Send = send) =>
  JSON.parse((await expectStatus(200, as(`GET ${path}`))).body.toString())

/** Repositories of all pages, and how many pages there were. */
const all = async (query: string, as: Send = send) => {
  const found: string[] = []
  let pages = 0
  for (let cursor = ''; ; pages++) {
    const page = await get(`/api/v1/search?${query}${cursor}`, as)
    for (const { repository } of page.results) found.push(repository)
    if (page.next === undefined) return { found, pages: pages + 1 }
    cursor = `&cursor=${page.next}`
  }
}

const cursorOf = (place: object): string =>
  Buffer.from(JSON.stringify(place).replace('\ud800', '\\ud800')).toString('base64url')

const V1 = [
  ['web', ['web', 'other/web', 'team/web', 'team/web-admin']],
  ['TEAM/', ['team/db', 'team/web', 'team/web-admin']],
  ['nothing', []],
] as const

describe('without an index', () => {
  test.each(V1)('/v1/search?q=%s', async (query, names) => {
    const { results } = await get(`/v1/search?q=${query}`)
    expect(results.map(({ name }: { name: string }) => name)).toEqual(names)
  })

  test('names are found in pages', async () => {
    expect(await all('q=web&n=2')).toEqual({
      found: ['other/web', 'team/web', 'team/web-admin', 'web'],
      pages: 2,
    })
  })

  test.each(['tag=v1.2', 'digest=00', 'label=a'])('%s is refused', async (query) => {
    const { body } = await expectStatus(409, send(`GET /api/v1/search?${query}`))
    expect(body.toString()).toContain('there is no index for search')
  })
})

describe('with an index', () => {
  beforeAll(async () => {
    await mend(store)
  })

  test.each(V1)('/v1/search?q=%s', async (query, names) => {
    const { results } = await get(`/v1/search?q=${query}`)
    expect(results.map(({ name }: { name: string }) => name)).toEqual(names)
  })

  test('/v1/search has what clients read, in pages', async () => {
    expect(await get('/v1/search?q=web&n=2&page=2')).toEqual({
      query: 'web',
      num_results: 4,
      num_pages: 2,
      page: 2,
      page_size: 2,
      results: ['team/web', 'team/web-admin'].map((name) => ({
        name,
        description: 'Serves <b>pages</b>',
        star_count: 0,
        is_official: false,
        is_automated: false,
        is_trusted: false,
      })),
    })
  })

  test('/v1/_ping', async () => {
    const { headers } = await expectStatus(200, send('GET /v1/_ping'))
    expect(headers.get('X-Docker-Registry-Standalone')).toBe('true')
  })

  test.each([
    ['q=web&n=2', ['other/web', 'team/web', 'team/web-admin', 'web']],
    ['', ['other/web', 'team/db', 'team/web', 'team/web-admin', 'web']],
    ['q=pages&n=1', ['other/web', 'team/db', 'team/web', 'team/web-admin', 'web']],
  ])('repositories: %s', async (query, names) => {
    expect((await all(query)).found).toEqual(names)
  })

  const EVERY = ['other/web', 'team/db', 'team/web', 'team/web-admin', 'web']
  test.each([
    ['tag=v1.2', EVERY],
    ['tag=v1.2&n=1', EVERY],
    ['tag=v1.*', EVERY],
    ['tag=v*', EVERY],
    ['tag=*', EVERY],
    ['tag=latest', ['team/db']],
    ['tag=v1', []],
    ['tag=v1.2&q=admin', ['team/web-admin']],
    ['label=maintainer', EVERY],
    ['label=maintainer%3Dalice', EVERY],
    ['label=maintainer%3Dbob', []],
    ['label=maintainer%3Dalice&label=org.opencontainers.image.version%3D1.2&n=2', EVERY],
    ['label=maintainer%3Dalice&label=org.opencontainers.image.version%3D1', []],
    ['label=__proto__', []],
    ['annotation=org.opencontainers.image.description', EVERY],
    ['annotation=maintainer', []],
    [`type=${encodeURIComponent(SBOM)}`, ['team/db']],
    [`type=${encodeURIComponent(CONFIG_TYPE)}`, EVERY],
    ['repository=team/db', ['team/db']],
    ['repository=team/db&n=1', ['team/db']],
    ['repository=none', []],
  ])('manifests: %s', async (query, names) => {
    const { found } = await all(query)
    expect([...new Set(found)].sort()).toEqual(names)
  })

  test.each([1, 7, 8, 9, 64])('digests by their first %i digits', async (length) => {
    const hex = image.sha256.slice('sha256:'.length)
    for (const start of [hex.slice(0, length), `sha256:${hex.slice(0, length)}`]) {
      const { found } = await all(`digest=${start}`)
      expect([...new Set(found)].sort()).toEqual(EVERY)
    }
    expect((await all(`digest=sha512:${hex.slice(0, length)}`)).found).toEqual([])
  })

  test('a manifest has all there is to know', async () => {
    const { results, complete } = await get(`/api/v1/search?digest=${sbom.sha256}`)
    expect(Date.parse(complete)).toBeLessThanOrEqual(Date.now())
    expect(results).toEqual([
      {
        repository: 'team/db',
        digest: sbom.sha256,
        tags: [],
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        artifactType: SBOM,
        size: sbom.bytes.byteLength,
        pushed: expect.any(String),
        subject: image.sha256,
        labels: { maintainer: 'alice', 'org.opencontainers.image.version': '1.2' },
      },
    ])
  })

  test.each([
    ['n=x', 'PAGINATION_NUMBER_INVALID'],
    ['digest=xyz', 'UNSUPPORTED'],
    ['label=%3Dx', 'UNSUPPORTED'],
    ['cursor=!', 'UNSUPPORTED'],
    [`q=${'x'.repeat(513)}`, 'UNSUPPORTED'],
    [Array.from({ length: 17 }, (_, at) => `label=l${at}`).join('&'), 'UNSUPPORTED'],
    [`cursor=${cursorOf({ after: '\ud800' })}`, 'UNSUPPORTED'],
    [`cursor=${cursorOf({ after: '\0' })}`, 'UNSUPPORTED'],
    [`cursor=${cursorOf({ after: 'a'.repeat(513) })}`, 'UNSUPPORTED'],
    [`cursor=${cursorOf({ bucket: 1, repository: 'ü' })}`, 'UNSUPPORTED'],
    [`cursor=${cursorOf({ bucket: 256 })}`, 'UNSUPPORTED'],
    [`cursor=${cursorOf({ after: 'a' })}${'!'.repeat(1000)}`, 'UNSUPPORTED'],
  ])('%s is refused', async (query, code) => {
    const { body } = await send(`GET /api/v1/search?${query}`)
    expect(JSON.parse(body.toString()).errors[0].code).toBe(code)
  })

  test('the same label many times is one', async () => {
    const query = Array.from({ length: 100 }, () => 'label=maintainer%3Dalice').join('&')
    expect((await all(query)).found).toHaveLength(6)
  })

  test.each([
    ['n=100&page=101', 101],
    ['n=100&page=99999999999999999999', Number.MAX_SAFE_INTEGER],
  ])('/v1/search?%s is empty', async (query, page) => {
    const found = await get(`/v1/search?q=web&${query}`)
    expect(found).toMatchObject({ num_results: 4, num_pages: 1, page, results: [] })
  })

  test.each(['n=x', 'page=-1'])('/v1/search?%s is refused', async (query) => {
    expect((await send(`GET /v1/search?${query}`)).status).toBe(400)
  })

  test('an app without an index finds names', async () => {
    const plain = await clientOf(store)
    expect((await all('q=web', plain)).found).toHaveLength(4)
  })
})
