/**
 * Pages of long lists of referrers, kept before anybody reads them.
 *
 * @module
 */

import { afterAll, describe, expect, test } from 'vitest'
import { REFERRER_PAGES_PREFIX, referrerKey } from '../../functions/registry/layout.ts'
import { keepReferrerPages } from '../../functions/registry/reindex-pages.ts'
import { inBatches } from '../../functions/shared/parallel.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { blob } from '../support/hosts/content.ts'
import { clientOf, expectStatus } from '../support/rig/client.ts'
import { intercept } from '../support/rig/intercept.ts'
import { allObjects } from '../support/rig/invariants.ts'
import { STORES } from '../support/rig/stores.ts'

const SUBJECT = blob('subject', 10).sha256
/** A repository whose name ends as a list of referrers does. */
const LOOKALIKE = `app/sha256/${'a'.repeat(64)}`

const fill = async (store: ObjectStore, name: string, count: number): Promise<void> => {
  await inBatches(
    Array.from({ length: count }, (_, at) => at),
    async (at) => {
      const { sha256: digest } = blob(`${name} ${at}`, 10)
      const descriptor = { mediaType: 'a/b', digest, size: 10, artifactType: 'a/sbom' }
      await store.put(referrerKey(name, SUBJECT, digest), Buffer.from(JSON.stringify(descriptor)))
    },
  )
}

describe.each(STORES)('%s', async (_, open) => {
  const opened = await open()
  const { store } = opened
  afterAll(opened.close)

  test('each long list has its pages, short ones have none, and a second run writes nothing', async () => {
    await fill(store, 'app', 40)
    await fill(store, LOOKALIKE, 9)
    await fill(store, 'few', 7)
    let lists = 0
    await keepReferrerPages(store, () => {
      lists += 1
    })
    expect(lists).toBe(2)
    const pages = (await allObjects(store, REFERRER_PAGES_PREFIX)).map(({ key }) => key)
    expect(
      pages.filter((key) => key.startsWith(`${REFERRER_PAGES_PREFIX}${LOOKALIKE}/`)),
    ).toHaveLength(1)
    expect(pages).toHaveLength(2)
    const writes: string[] = []
    await keepReferrerPages(
      intercept(store, async (call, run) => {
        if (call.operation === 'put') writes.push(String(call.args[0]))
        return run()
      }),
    )
    expect(writes).toEqual([])
  })

  test('the first reader then makes two calls', async () => {
    const calls: string[] = []
    const send = await clientOf(
      intercept(store, async (call, run) => {
        calls.push(call.operation)
        return run()
      }),
    )
    calls.length = 0
    const answer = await expectStatus(200, send(`GET /v2/app/referrers/${SUBJECT}`))
    expect(JSON.parse(answer.body.toString()).manifests).toHaveLength(40)
    expect(calls).toEqual(['list', 'get'])
  })
})
