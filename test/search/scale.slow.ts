/**
 * Searches among 100,000 repositories: what they cost, exactly; how long they take is written to the terminal.
 *
 * @module
 */

import { writeSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openAuthorizer } from '../../functions/auth/authorizer.ts'
import { openCurrent } from '../../functions/search/current.ts'
import { fold } from '../../functions/search/fold.ts'
import { bucketOf, NAMES_KEY, TERMS_KEY } from '../../functions/search/keys.ts'
import { updateBucket } from '../../functions/search/update.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openFiles } from '../support/rig/stores.ts'
import { digestOf, IMAGES, nameOf, writeMany } from './many.ts'

const COUNT = 100_000
const HOUR = 3_600_000

let files: ObjectStore
let close: () => Promise<void>
beforeAll(async () => {
  const opened = await openFiles()
  files = opened.store
  close = opened.close
  await writeMany(files, COUNT)
  const [names, terms] = await Promise.all([files.head(NAMES_KEY), files.head(TERMS_KEY)])
  print(`names ${(names?.size ?? 0) / 1e6} MB, terms ${(terms?.size ?? 0) / 1e6} MB`)
}, HOUR)
afterAll(() => close())

const print = (line: string): void => void writeSync(2, `  ${line}\n`)

/** An instance that remembers nothing, and what it has asked the store. */
const cold = async (visible?: (name: string) => boolean) => {
  const calls: string[] = []
  const store = intercept(files, ({ operation, args: [key] }, proceed) => {
    calls.push(`${operation} ${String(key).replace(/^slipway\/v1\/search\//, '')}`)
    return proceed()
  })
  let time = 0
  const current = openCurrent(store, () => time)
  const open = await openAuthorizer.identify({ authorization: undefined, address: '' })
  const authorizer =
    visible === undefined
      ? openAuthorizer
      : {
          ...openAuthorizer,
          identify: async () => ({
            ...open,
            via: 'basic' as const,
            lists: visible,
            listsAll: () => false,
          }),
        }
  const send = await clientOf(files, { index: async () => current, authorizer })
  const ask = async (send: Send, path: string) => {
    calls.length = 0
    const [began, cpu] = [performance.now(), process.cpuUsage()]
    const { body } = await expectStatus(200, send(`GET ${path}`))
    const took = performance.now() - began
    const { user, system } = process.cpuUsage(cpu)
    const busy = ((user + system) / 1000).toFixed(0)
    print(`${took.toFixed(0)} ms, CPU ${busy} ms, ${calls.length} calls: ${path.slice(0, 70)}`)
    return { json: JSON.parse(body.toString()), calls: [...calls] }
  }
  return {
    ask: (path: string) => ask(send, path),
    pass: () => {
      time += 10_000
    },
  }
}

const shards = (calls: readonly string[]): number =>
  calls.filter((each) => each.startsWith('get shards/')).length

describe('an instance that remembers nothing', () => {
  test.each(['web', 'service-77777', 'team-7/', ''])('/v1/search?q=%s: one call', async (query) => {
    const { ask } = await cold()
    const { calls } = await ask(`/v1/search?q=${query}`)
    expect(calls).toEqual(['get names'])
  })

  test.each([
    [`digest=${digestOf(4711, 1)}`, 1, 1],
    [`digest=${digestOf(4711, 1).slice(0, 19)}`, 1, 1],
    [`label=org.opencontainers.image.revision%3D${digestOf(99_999, 0).slice(7, 47)}`, 1, 1],
    ['tag=v3.1', 100, 2],
    ['tag=v1*&n=10', 10, 1],
    ['label=maintainer%3Dteam-77&n=5', 5, 2],
    ['type=application/vnd.oci.image.config.v1%2Bjson', 100, 1],
    ['tag=none', 0, 0],
  ])('%s: at most four calls', async (query, results, buckets) => {
    const { ask } = await cold()
    const { json, calls } = await ask(`/api/v1/search?${query}`)
    expect(calls.slice(0, 2)).toEqual(['get names', 'get terms'])
    expect(shards(calls)).toBeLessThanOrEqual(2)
    expect(calls).toHaveLength(2 + shards(calls))
    expect(json.results.length).toBeLessThanOrEqual(results)
    if (buckets === 1) expect(json.results).toHaveLength(results)
  })

  test('whoever may not pull everything gets full pages', async () => {
    const { ask } = await cold((name) => name.startsWith('team-77/'))
    const { json, calls } = await ask('/api/v1/search?label=maintainer%3Dteam-77&n=5')
    expect(json.results).toHaveLength(5)
    expect(shards(calls)).toBeLessThanOrEqual(2)
    const { json: none } = await ask('/api/v1/search?label=maintainer%3Dteam-78&n=5')
    expect(none).toMatchObject({ results: [] })
    expect(none.next).toBeUndefined()
    const { json: some } = await ask('/v1/search?q=service')
    expect(some.num_results).toBe(COUNT / 500)
  })
})

test('the next search asks for nothing, or once', async () => {
  const { ask, pass } = await cold()
  await ask('/v1/search?q=web')
  expect((await ask('/v1/search?q=service-1')).calls).toEqual([])
  pass()
  expect((await ask('/v1/search?q=service-2')).calls).toEqual(['head names'])
})

test(
  'all pages together are all there is',
  async () => {
    const { ask } = await cold()
    const found: string[] = []
    for (let cursor = ''; ; ) {
      const { json } = await ask(`/api/v1/search?label=maintainer%3Dteam-77${cursor}`)
      for (const { digest } of json.results) found.push(digest)
      if (json.next === undefined) break
      cursor = `&cursor=${json.next}`
    }
    expect(new Set(found).size).toBe((COUNT / 500) * IMAGES)
    expect(found).toHaveLength((COUNT / 500) * IMAGES)
  },
  HOUR,
)

test('a push that comes alone', async () => {
  const calls: string[] = []
  const store = intercept(files, ({ operation, args: [key] }, proceed) => {
    calls.push(`${operation} ${String(key).replace(/^.*(search|repositories)\//, '')}`)
    return proceed()
  })
  const name = nameOf(5)
  const bucket = bucketOf(name)
  const began = performance.now()
  await updateBucket(store, bucket, [
    { name, tags: new Set(['v1']), digests: new Set(), whole: false },
  ])
  await fold(store)
  print(`${(performance.now() - began).toFixed(0)} ms, ${calls.length} calls: a push`)
  const shard = `shards/${bucket.toString(16).padStart(2, '0')}`
  expect(calls).toEqual([
    `get ${shard}`,
    `get slipway/v1/deleted-${name}/!`.replace('slipway/v1/deleted-', ''),
    `get ${name}/_manifests/tags/v1/current/link`,
    `put ${shard}`,
    'get names',
    'get terms',
    'list shards/',
    `get ${shard}`,
    'put terms',
    'put names',
  ])
})
