/**
 * The index follows what is pushed and deleted, on both kinds of store, and is mended where it does not.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OUTBOX } from '../../functions/events/record.ts'
import { NAMES_KEY, SEARCH_PREFIX, shardKey } from '../../functions/search/keys.ts'
import { mend, removeIndex } from '../../functions/search/mend.ts'
import { readPack } from '../../functions/search/pack.ts'
import { listPages } from '../../functions/storage/pages.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import { clientOf, expectStatus, type Send } from '../support/rig/client.ts'
import { pushAtOnce, pushImage, pushManifest } from '../support/rig/push.ts'
import { type OpenedStore, STORES } from '../support/rig/stores.ts'
import { deliver, indexed, searching } from './rig.ts'

const SMALL = blob('small', 10)
const [ONE, TWO] = [imageOf(), imageOf([SMALL])]

const keysBelow = async (store: ObjectStore, prefix: string): Promise<string[]> => {
  const keys: string[] = []
  for await (const page of listPages(store, prefix)) keys.push(...page.map(({ key }) => key))
  return keys
}

describe.each(STORES)('%s', (_, open) => {
  let opened: OpenedStore
  let store: ObjectStore
  let send: Send
  beforeAll(async () => {
    opened = await open()
    store = opened.store
    send = await searching(store)
  })
  afterAll(() => opened.close())

  const done = async (work: () => Promise<unknown>) => {
    await work()
    await deliver(store)
    return indexed(store)
  }

  test('a push by tag', async () => {
    const is = await done(() => pushImage(send, 'team/app', 'v1', []))
    expect(is).toEqual({ 'team/app': { tags: { v1: ONE.sha256 }, manifests: [ONE.sha256] } })
    expect(await keysBelow(store, OUTBOX)).toEqual([])
  })

  test('a tag that moves, and a second one', async () => {
    const is = await done(async () => {
      await pushImage(send, 'team/app', 'v1', [SMALL])
      await pushManifest(send, 'team/app', 'old', ONE)
    })
    expect(is['team/app']).toEqual({
      tags: { v1: TWO.sha256, old: ONE.sha256 },
      manifests: [ONE.sha256, TWO.sha256].sort(),
    })
  })

  test('a tag that is deleted', async () => {
    const is = await done(() => expectStatus(202, send('DELETE /v2/team/app/manifests/old')))
    expect(is['team/app']?.tags).toEqual({ v1: TWO.sha256 })
  })

  test('a manifest that is deleted goes with its tags', async () => {
    const path = `/v2/team/app/manifests/${TWO.sha256}`
    const is = await done(() => expectStatus(202, send(`DELETE ${path}`)))
    expect(is['team/app']).toEqual({ tags: {}, manifests: [ONE.sha256] })
  })

  test('blobs alone are not in it', async () => {
    const is = await done(() => pushAtOnce(send, 'only/blobs', CONFIG))
    expect(Object.keys(is)).toEqual(['team/app'])
  })

  test('a repository without manifests goes', async () => {
    const path = `/v2/team/app/manifests/${ONE.sha256}`
    expect(await done(() => expectStatus(202, send(`DELETE ${path}`)))).toEqual({})
  })

  test('what nobody has recorded is mended', async () => {
    const silent = await clientOf(store)
    await pushImage(silent, 'a', 'v1', [])
    await pushImage(silent, 'b', 'v1', [SMALL])
    await pushManifest(silent, 'b', 'v2', TWO)
    expect(await indexed(store)).toEqual({})
    expect((await readPack(store, NAMES_KEY)).complete).toBeUndefined()
    const { repositories, stale, stopped } = await mend(store)
    // Of one of them there is nothing to be found.
    expect({ repositories, stale, stopped }).toEqual({ repositories: 4, stale: 2, stopped: false })
    expect(await indexed(store)).toEqual({
      a: { tags: { v1: ONE.sha256 }, manifests: [ONE.sha256] },
      b: { tags: { v1: TWO.sha256, v2: TWO.sha256 }, manifests: [TWO.sha256] },
    })
    expect((await readPack(store, NAMES_KEY)).complete).toBeDefined()
    await expectStatus(202, silent('DELETE /v2/b/manifests/v2'))
    await expectStatus(202, silent(`DELETE /v2/a/manifests/${ONE.sha256}`))
    expect((await mend(store)).stale).toBe(2)
    expect(await indexed(store)).toEqual({
      b: { tags: { v1: TWO.sha256 }, manifests: [TWO.sha256] },
    })
    expect((await mend(store)).stale).toBe(0)
  })

  test('a damaged bucket is mended', async () => {
    const before = await indexed(store)
    for (const key of await keysBelow(store, shardKey(0).slice(0, -2))) {
      await store.put(key, Buffer.from('damaged'))
    }
    await store.put(NAMES_KEY, Buffer.from('damaged'))
    await mend(store)
    expect(await indexed(store)).toEqual(before)
  })

  test('a whole repository', async () => {
    await done(() => pushImage(send, 'gone', 'v1', [SMALL]))
    // It is done by the request, or goes on afterwards.
    const is = await done(() => expectStatus(202, send('DELETE /api/v1/repositories/gone')))
    expect(is.gone?.tags ?? {}).toEqual({})
  })

  test('nothing is left of it where nobody wants it', async () => {
    await removeIndex(store)
    expect(await keysBelow(store, SEARCH_PREFIX)).toEqual([])
  })
})
