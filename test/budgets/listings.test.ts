/**
 * What lists cost: one call for each 1000 entries.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { catalogKey, referrerKey, tagLinkKey } from '../../functions/registry/layout.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { fill } from '../emulators/s3/fill.ts'
import { contentOf } from '../support/hosts/content.ts'
import { expectStatus, type Send } from '../support/rig/client.ts'
import { meter } from './measure.ts'

const { s3, open, costs } = await meter()
const send = await open()

const target = contentOf('{}').sha256
const setTags = (name: string, tags: readonly string[]): void => {
  for (const tag of tags) fill(s3, tagLinkKey(name, tag), Buffer.from(target))
}

const ENTRIES = Array.from({ length: 2500 }, (_, at) => `t${String(at).padStart(4, '0')}`)
setTags('many', ENTRIES)
for (const name of ENTRIES) fill(s3, catalogKey(name), Buffer.alloc(0))

/** Follows a list's pages to their end. */
const follow = async (client: Send, first: string, field: string): Promise<string[][]> => {
  const pages: string[][] = []
  for (let next: string | undefined = first; next !== undefined; ) {
    const { body, headers } = await expectStatus(200, client(`GET ${next}`))
    pages.push(JSON.parse(body.toString())[field])
    next = headers.get('Link')?.match(/<(.*)>; rel="next"/)?.[1]
  }
  return pages
}

describe('2500 entries', () => {
  for (const [path, field] of [
    ['/v2/many/tags/list', 'tags'],
    ['/v2/_catalog', 'repositories'],
  ] as const) {
    test(`${path}: 3 calls`, async () => {
      const pages = await costs({ calls: { ListObjectsV2: 3 }, steps: 3 }, () =>
        follow(send, path, field),
      )
      assert.deepEqual(pages.flat(), ENTRIES)
    })

    test(`${path}, 100 at a time: a call each`, async () => {
      const pages = await costs({ calls: { ListObjectsV2: 25 } }, () =>
        follow(send, `${path}?n=100`, field),
      )
      assert.equal(pages.length, 25)
      assert.deepEqual(pages.flat(), ENTRIES)
    })
  }
})

describe('tags', () => {
  test('none of a repository that there is not: two more calls at once', async () => {
    await costs({ calls: { ListObjectsV2: 2, HeadObject: 1 }, steps: 2 }, () =>
      expectStatus(404, send('GET /v2/none/tags/list')),
    )
  })

  /** Pages, first entries of which the store names late: `1` after `1-a`, `1.0`. */
  const table: readonly {
    readonly description: string
    readonly tags: readonly string[]
    readonly query: string
    readonly calls: number
    readonly steps: number
    readonly page: readonly string[]
  }[] = [
    {
      description: 'a page that ends with the list looks nothing up',
      tags: ['1', '1-a', '1.0'],
      query: '?n=3',
      calls: 1,
      steps: 1,
      page: ['1', '1-a', '1.0'],
    },
    {
      description: 'a cut page looks up the one tag that may be missing',
      tags: ['1', '1-a', '1-b', '1-c'],
      query: '?n=2',
      calls: 2,
      steps: 2,
      page: ['1', '1-a'],
    },
    {
      description: 'and each of several, at once',
      tags: ['1-a.0-x', '1-a.0-y', '2'],
      query: '?n=1',
      calls: 1 + 3,
      steps: 2,
      page: ['1-a.0-x'],
    },
    {
      description: 'not those before the page',
      tags: ['1', '1-a', '1-b', '1-c', '1-d', '1-e'],
      query: '?n=2&last=1-a',
      calls: 1,
      steps: 1,
      page: ['1-b', '1-c'],
    },
    {
      description: 'without - and . there is nothing to look up',
      tags: ['a', 'b', 'c'],
      query: '?n=2',
      calls: 1,
      steps: 1,
      page: ['a', 'b'],
    },
  ]
  for (const [at, { description, tags, query, calls, steps, page }] of table.entries()) {
    test(description, async () => {
      setTags(`cut/${at}`, tags)
      const { body } = await costs({ calls: { ListObjectsV2: calls }, steps }, () =>
        expectStatus(200, send(`GET /v2/cut/${at}/tags/list${query}`)),
      )
      assert.deepEqual(JSON.parse(body.toString()).tags, page)
    })
  }
})

describe('referrers', () => {
  const subject = contentOf('a subject').sha256
  const list = (client: Send, name: string, query = '') =>
    expectStatus(200, client(`GET /v2/${name}/referrers/${subject}${query}`))

  test('none', async () => {
    await costs({ calls: { ListObjectsV2: 1 } }, () => list(send, 'none'))
  })

  test('7: the list, then each at once; remembered afterwards', async () => {
    writeReferrers('signed', 7)
    const fresh = await open()
    await costs(
      { calls: { ListObjectsV2: 1, GetObject: 7 }, steps: 2 },
      () => list(fresh, 'signed'),
      200,
    )
    await costs({ calls: { ListObjectsV2: 1 } }, () => list(fresh, 'signed', '?artifactType=a/b'))
  })

  test('500, the first time: a page of them that there is not, each at once, and the page', async () => {
    writeReferrers('popular', 500)
    const fresh = await open()
    await costs(
      { calls: { ListObjectsV2: 1, GetObject: 501, PutObject: 1 } },
      () => list(fresh, 'popular'),
      2000,
    )
  })

  test('500, then, nothing remembered: the list and the page; remembered afterwards', async () => {
    const fresh = await open()
    await costs({ calls: { ListObjectsV2: 1, GetObject: 1 }, steps: 2 }, () =>
      list(fresh, 'popular'),
    )
    await costs({ calls: { ListObjectsV2: 1 } }, () => list(fresh, 'popular'))
  })

  test('a few more than that page has: the list, the page, and each of them at once', async () => {
    writeReferrers('growing', 400)
    await list(await open(), 'growing')
    writeReferrers('growing', 403)
    const fresh = await open()
    await costs({ calls: { ListObjectsV2: 1, GetObject: 1 + 3 }, steps: 3 }, () =>
      list(fresh, 'growing'),
    )
  })

  test('1200, then a few more: pages begin where they did, so that each is read at once', async () => {
    writeReferrers('large', 1200)
    const path = `/v2/large/referrers/${subject}`
    const before = await follow(await open(), path, 'manifests')
    assert.ok(before.every((page) => page.length <= 500))
    writeReferrers('large', 1203)
    const fresh = await open()
    const calls = { ListObjectsV2: before.length, GetObject: before.length + 3 }
    const after = await costs({ calls }, () => follow(fresh, path, 'manifests'))
    assert.equal(after.flat().length, 1203)
  })

  const writeReferrers = (name: string, count: number): void => {
    for (let at = 0; at < count; at += 1) {
      const { sha256: digest } = contentOf(`${name} ${at}`)
      const referrer = { mediaType: OCI_MANIFEST, digest, size: 2 }
      fill(s3, referrerKey(name, subject, digest), Buffer.from(JSON.stringify(referrer)))
    }
  }
})
