/**
 * What a list of repositories shows, and names without an index.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { cataloged } from '../../functions/api/search/visible.ts'
import type { Catalog } from '../../functions/registry/catalog.ts'
import { namesOf, parseNames } from '../../functions/search/names.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`

test.each([
  ['\u001b]0;owned\u0007\u001b[2J it', ']0;owned[2J it'],
  ['\u202egnp.exe \u2066x', 'gnp.exe x'],
  [' one\r\n two\t', 'one two'],
  ['\ud800', '\ufffd'],
  [`${'x'.repeat(119)}😀`, `${'x'.repeat(119)}\ufffd`],
])('the description %j is shown as %j', async (said, shown) => {
  const annotations = { 'org.opencontainers.image.description': said }
  const manifest = { digest: DIGEST, at: 1, mediaType: 'm', size: 1, annotations }
  const repository = { tags: new Map(), manifests: new Map([[DIGEST, manifest]]) }
  const [named] = await parseNames(await namesOf(new Map([['a', repository]])))
  expect(named?.description).toBe(shown)
})

describe('a catalog of 150,000 repositories', () => {
  let listings = 0
  const nameOf = (at: number): string => `r${String(at).padStart(7, '0')}`
  const list: Catalog['list'] = async (limit, last) => {
    listings += 1
    const from = last === undefined ? 0 : Number(last.slice(1)) + 1
    const names = Array.from({ length: limit }, (_, at) => nameOf(from + at))
    return { names, more: from + limit < 150_000 }
  }
  const catalog = { list } as Catalog
  const isLast = (name: string): boolean => name === nameOf(149_999)

  test('is listed in parts', async () => {
    listings = 0
    const first = await cataloged(catalog, isLast)
    expect(first).toEqual({ names: [], last: nameOf(99_999) })
    expect(listings).toBe(100)
    const rest = await cataloged(catalog, isLast, { after: first.last })
    expect(rest).toEqual({ names: [{ name: nameOf(149_999) }], last: undefined })
    expect(listings).toBe(150)
  })

  test('is listed to its end for whoever may not see all', async () => {
    const { names, last } = await cataloged(catalog, isLast, { listings: Number.POSITIVE_INFINITY })
    expect({ names: names.length, last }).toEqual({ names: 1, last: undefined })
  })

  test('is listed until there is enough', async () => {
    listings = 0
    const { names, last } = await cataloged(catalog, () => true, { enough: 100 })
    expect({ names: names.length, last, listings }).toEqual({
      ...{ names: 1000, last: nameOf(999), listings: 1 },
    })
  })
})
