/**
 * `slipway upstreams refresh` and `purge`, on a store and from afar.
 *
 * @module
 */

import { expect, onTestFinished, test } from 'vitest'
import {
  FETCHED_PREFIX,
  fetchedMarkKey,
  QUOTAS_KEY,
  tagLinkKey,
  UPSTREAMS_KEY,
} from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { openDesk } from '../cli/desk.ts'
import { serveFor } from '../cli/remote/sides.ts'
import { countedBy, quotasOf } from '../registry/quotas/truth.ts'
import { openFiles } from '../support/rig/stores.ts'
import { CONFIG, IMAGE, serve, sha256 } from './upstream.ts'

const NEWER = Buffer.from(`${IMAGE} `)

/** An upstream with `team/app:v1` and `v2`, a store that has it as `up/…`, and a desk on it, or on a registry over it. */
const open = async (way: string) => {
  const state = { image: IMAGE, status: 200 }
  const upstream = await serve(({ url = '', method }, response) => {
    if (url === '/v2/') return void response.end('{}')
    if (state.status !== 200) return void response.writeHead(state.status).end()
    const wanted = url.split('/').at(-1) ?? ''
    const digest = sha256(state.image)
    if (!url.startsWith('/v2/team/app/') || !['v1', 'v2', digest].includes(wanted)) {
      return void response.writeHead(404).end()
    }
    response
      .writeHead(200, { 'content-type': OCI_MANIFEST, 'docker-content-digest': digest })
      .end(method === 'HEAD' ? undefined : state.image)
  })
  const { origin: url } = upstream
  const upstreams = [
    { name: 'up', host: 'up.example', prefix: 'up', url, private: ['127.0.0.1'], interval: '12h' },
  ]
  const prepare = (store: ObjectStore) =>
    store.put(UPSTREAMS_KEY, Buffer.from(JSON.stringify({ version: 1, upstreams })))
  const ending = { onTestFinished } as Parameters<typeof openDesk>[0]
  const lines = () => upstream.lines().filter((line) => line !== 'GET /v2/')
  if (way === 'on a store') {
    const desk = await openDesk(ending, openFiles)
    await prepare(desk.store)
    return { ...desk, desk, state, lines }
  }
  const served = await serveFor(ending, [], prepare)
  const desk = await served.desk()
  return { ...desk, desk, store: served.store, state, lines }
}

const keysOf = async (store: ObjectStore, prefix: string): Promise<readonly string[]> =>
  (await store.list(prefix)).objects.map(({ key }) => key)

test.each(['on a store', 'from afar'])('refresh %s', async (way) => {
  const { give, desk, state, lines, store } = await open(way)
  const [first, second] = [sha256(IMAGE), sha256(NEWER)]
  expect(await give('upstreams refresh up/team/app:v1')).toEqual([`up/team/app:v1\t${first}\tnew`])
  await give('upstreams refresh up/team/app:v2')
  expect(await give('upstreams refresh up/team/app')).toEqual([
    `up/team/app:v1\t${first}\tthe same`,
    `up/team/app:v2\t${first}\tthe same`,
  ])
  state.image = NEWER
  expect(await give('upstreams refresh up/**')).toEqual([
    `up/team/app:v1\t${second}\twas ${first}`,
    `up/team/app:v2\t${second}\twas ${first}`,
  ])
  expect(desk.said).toEqual(['Asked for 2 tags.'])
  expect(await store.head(tagLinkKey('up/team/app', 'v1'))).toBeDefined()
  expect(await give(`upstreams refresh up/team/app@${second}`)).toEqual([
    `up/team/app@${second}\t${second}\tthe same`,
  ])
  // What is here, and did not move, is asked for by HEAD alone.
  expect(lines().slice(0, 4).toSorted()).toEqual(
    ['GET v1', 'GET v2', 'HEAD v1', 'HEAD v2'].map((line) =>
      line.replace(' ', ' /v2/team/app/manifests/'),
    ),
  )
  state.status = 403
  expect(await give('upstreams refresh up/team/app:v1')).toEqual([])
  expect(desk.said[0]).toMatch(/manifest v1 of up\/team\/app cannot be had from up.example: it ref/)
  expect(desk.code).toBe(1)
  await expect(give('upstreams refresh own/app')).rejects.toThrow(/comes from no upstream/)
})

test.each(['on a store', 'from afar'])('purge %s', async (way) => {
  const { give, desk, store, state } = await open(way)
  await give('upstreams refresh up/team/app:v1')
  expect(await keysOf(store, FETCHED_PREFIX)).toHaveLength(2)
  expect(await give('upstreams purge up/**')).toEqual(['up/team/app'])
  expect(desk.said.at(-1)).toMatch(/^1 cached repository would go. Nothing was changed/)
  expect(await store.head(tagLinkKey('up/team/app', 'v1'))).toBeDefined()
  expect(await give('upstreams purge up/** --confirmed')).toEqual(['up/team/app'])
  expect(desk.said[0]).toBe('1 of 1 cached repository gone, with 1 manifest.')
  expect(await store.head(tagLinkKey('up/team/app', 'v1'))).toBeUndefined()
  if (way === 'on a store') {
    expect(await keysOf(store, FETCHED_PREFIX)).toEqual([fetchedMarkKey('up/team/app')])
  }
  // It begins anew.
  state.image = NEWER
  expect(await give('upstreams refresh up/team/app:v1')).toEqual([
    `up/team/app:v1\t${sha256(NEWER)}\tnew`,
  ])
})

test('what a refresh on a store fetches counts in its quota', async () => {
  const { text, quotas } = quotasOf({ repositories: ['up/**'], hard: '1 B' })
  const { give, store } = await open('on a store')
  await store.put(QUOTAS_KEY, Buffer.from(text))
  await give('upstreams refresh up/team/app:v1')
  expect(await countedBy(store, quotas.all[0]!)).toBe(IMAGE.length + CONFIG.length)
})
