/**
 * However much is pushed, a bucket of the index can be read again, and what others have in it stays.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataKey } from '../../functions/registry/layout.ts'
import { openCurrent } from '../../functions/search/current.ts'
import { describeManifest, MAX_VALUE, MOST_BYTES } from '../../functions/search/describe.ts'
import { fold } from '../../functions/search/fold.ts'
import type { IndexedManifest, IndexedRepository, Shard } from '../../functions/search/indexed.ts'
import { bucketOf, shardKey } from '../../functions/search/keys.ts'
import { parsing, writing } from '../../functions/search/lines.ts'
import { findManifests } from '../../functions/search/manifests.ts'
import { within } from '../../functions/search/room.ts'
import { readShard, writeShard } from '../../functions/search/shard.ts'
import { atOnce } from '../../functions/shared/turns.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { imageOf } from '../support/hosts/content.ts'
import { intercept } from '../support/rig/intercept.ts'
import { openFiles } from '../support/rig/stores.ts'

let store: ObjectStore
let close: () => Promise<void>
beforeAll(async () => {
  const opened = await openFiles()
  store = opened.store
  close = opened.close
})
afterAll(() => close())

const KB = 1024

const digestOf = (at: number): string => `sha256:${at.toString(16).padStart(64, '0')}`

/** A repository of so many manifests, each with so many bytes of labels; the last is the latest. */
const repositoryOf = (count: number, bytes: number): IndexedRepository => {
  const all = Array.from({ length: count }, (_, at): IndexedManifest => {
    const labels = { a: 'x'.repeat(bytes) }
    return { digest: digestOf(at), at, mediaType: 'm', size: 1, ...(bytes > 0 ? { labels } : {}) }
  })
  return {
    tags: new Map(all.map(({ digest, at }) => [`v${at}`, { tag: `v${at}`, digest, at }])),
    manifests: new Map(all.map((each) => [each.digest, each])),
    unsettled: undefined,
  }
}

/** What is left of a bucket that may have so many bytes. */
const kept = (shard: Shard, most: number): Shard => {
  const lines = atOnce(writing(shard, most))
  expect(lines.length).toBeLessThanOrEqual(most)
  return atOnce(parsing(lines))
}

const labelled = (repository: IndexedRepository | undefined): number[] =>
  [...(repository?.manifests.values() ?? [])].flatMap(({ labels, at }) => (labels ? [at] : []))

describe('a bucket', () => {
  const SMALL = repositoryOf(3, 100)

  test.each([0, 1, 15, 16, 17, 40])('of a repository with %i manifests is as it was', (count) => {
    const shard = new Map([
      ['a', repositoryOf(count, 10)],
      ['b', { ...SMALL, unsettled: true as const }],
    ])
    expect(atOnce(parsing(atOnce(writing(shard))))).toEqual(shard)
  })

  test('that has too many labels loses the oldest of who has most', () => {
    const shard = kept(
      new Map([
        ['large', repositoryOf(400, 1000)],
        ['small', SMALL],
      ]),
      300 * KB,
    )
    expect(shard.get('small')).toEqual(SMALL)
    const large = shard.get('large')
    expect(large?.manifests.size).toBe(400)
    const left = labelled(large)
    expect(left.length).toBeGreaterThan(100)
    expect(left).toEqual(Array.from({ length: left.length }, (_, at) => 400 - left.length + at))
    expect(large?.manifests.get(digestOf(0))).toMatchObject({ lacks: 'room' })
  })

  test('that has too many manifests loses the oldest of who has most', () => {
    const shard = kept(
      new Map([
        ['large', repositoryOf(1500, 10)],
        ['small', SMALL],
      ]),
      250 * KB,
    )
    expect(shard.get('small')?.manifests.size).toBe(3)
    expect(shard.get('large')?.manifests.size).toBe(1000)
    expect(shard.get('large')?.tags.has('v1499')).toBe(true)
    expect(shard.get('large')?.tags.has('v499')).toBe(false)
  })

  test('that is trimmed stays as it is', () => {
    const shard = kept(new Map([['large', repositoryOf(400, 1000)]]), 300 * KB)
    expect(kept(shard, 300 * KB)).toEqual(shard)
  })
})

test('a repository has at most so many bytes of labels', () => {
  const large = atOnce(within(repositoryOf(10, 300), { texts: 1000, most: 1000 }))
  expect(labelled(large)).toEqual([7, 8, 9])
})

describe('a manifest', () => {
  const revisions = { find: async () => undefined }
  const annotated = async (annotations: Record<string, string>) => {
    const { sha256, bytes } = imageOf([], { annotations })
    await store.put(dataKey(sha256), bytes)
    return describeManifest({ store, name: 'a', revisions }, sha256, sha256)
  }

  test.each(['x', '\u0001', 'ü', '\ud800'])(
    'has few kilobytes of annotations of %j',
    async (text) => {
      const many = Array.from({ length: 64 }, (_, at) => [`k${at}`, text.repeat(MAX_VALUE)])
      const { annotations } = await annotated(Object.fromEntries([...many, ['short', 'one']]))
      expect(Buffer.byteLength(JSON.stringify(annotations))).toBeLessThanOrEqual(MOST_BYTES / 2)
      // What does not fit keeps nothing else out.
      expect(annotations).toMatchObject({ k0: text.repeat(MAX_VALUE).toWellFormed(), short: 'one' })
    },
  )

  test('has no type that is longer than types are', async () => {
    const { sha256, bytes } = imageOf([], { artifactType: `application/${'x'.repeat(300)}` })
    await store.put(dataKey(sha256), bytes)
    const described = await describeManifest({ store, name: 'a', revisions }, sha256, sha256)
    expect(described).not.toHaveProperty('artifactType')
  })
})

const NOTHING = { repository: undefined, tag: undefined, digest: undefined, type: undefined }
const ANY = { ...NOTHING, query: '', labels: [], annotations: [] }

test('a page ends where it would be too large, and the next one goes on', async () => {
  const name = 'many/texts'
  await writeShard(store, bucketOf(name), new Map([[name, repositoryOf(40, 100)]]), undefined)
  const { shard, etag } = await readShard(store, bucketOf(name))
  const repository = shard.get(name)!
  // Its tags make each manifest large.
  const tags = [...repository.manifests.keys()].flatMap((digest, at) =>
    Array.from({ length: 400 }, (_, each) => {
      const tag = `${at}-${each}-`.padEnd(128, 'x')
      return [tag, { tag, digest, at }] as const
    }),
  )
  const full = new Map([[name, { ...repository, tags: new Map(tags) }]])
  await writeShard(store, bucketOf(name), full, etag)
  await fold(store, new Date())
  const current = openCurrent(store)
  const found: string[] = []
  let pages = 0
  for (let from = { bucket: 0 }; ; ) {
    const wanted = { ...ANY, repository: name }
    const snapshot = await current.snapshot()
    const page = await findManifests(current, snapshot, wanted, () => true, false, 100, from)
    pages += 1
    expect(JSON.stringify(page.found).length).toBeLessThan(1100 * KB)
    found.push(...page.found.map(({ digest }) => digest))
    if (page.next === undefined) break
    from = page.next
  }
  expect(found).toEqual([...repository.manifests.keys()].sort())
  expect(pages).toBeGreaterThan(1)
})

test('who asks for a bucket at once shares a read of it', async () => {
  const calls: string[] = []
  const counted = intercept(store, ({ operation, args: [key] }, proceed) => {
    if (key === shardKey(7)) calls.push(operation)
    return proceed()
  })
  const current = openCurrent(counted)
  await Promise.all(Array.from({ length: 10 }, () => current.read(7)))
  // The first, and one that began after all others had asked.
  expect(calls).toEqual(['get', 'get'])
})
