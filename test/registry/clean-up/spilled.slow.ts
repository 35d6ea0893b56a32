/**
 * What a run notes that does not fit into memory: written down, read back, and opened again by another
 * process at any point.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openCandidates } from '../../../functions/registry/clean-up/candidates.ts'
import { openLinkRuns, type SavedLinks } from '../../../functions/registry/clean-up/link-runs.ts'
import { openPieces } from '../../../functions/registry/clean-up/pieces.ts'
import { openSpilled, type SpilledPiece } from '../../../functions/registry/clean-up/spilled.ts'
import {
  GOING,
  KEPT,
  numberedLink,
  type Use,
  WAITING,
} from '../../../functions/registry/usage/tally.ts'
import { createModel } from '../../interleavings/model.ts'
import { SERVICES } from './world.ts'

const [, SERVICE] = SERVICES[0]!
const PREFIX = 'run-1/'
const hexOf = (at: number): string => createHash('sha256').update(String(at)).digest('hex')

const all = async <T>(entries: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = []
  for await (const each of entries) found.push(each)
  return found
}

describe('a list', () => {
  // 40 entries of 100,000 bytes are more than the megabyte that is in memory.
  const entries = Array.from({ length: 40 }, (_, at) =>
    Buffer.alloc(at % 7 === 0 ? 0 : 100_000, `entry ${at} `),
  )

  test.each([1, 7, 11, 40])('saved and opened again every %i entries', async (every) => {
    const { store } = createModel(SERVICE)
    let saved: readonly SpilledPiece[] = []
    let list = openSpilled(openPieces(store, PREFIX), saved)
    for (const [at, entry] of entries.entries()) {
      await list.push(entry)
      if ((at + 1) % every > 0) continue
      saved = await list.save()
      // What a process has noted that died right after is nobody's.
      await list.push(Buffer.from('lost'))
      await list.save()
      list = openSpilled(openPieces(store, PREFIX), saved)
    }
    expect(list.count).toBe(40)
    for (const from of [0, 1, 20, 39, 40, 50]) {
      const read = await all(list.read(from))
      expect(read.length).toBe(Math.max(0, 40 - from))
      expect(read.every((each, at) => each.equals(entries[from + at]!))).toBe(true)
    }
  })

  test('that fits into memory writes nothing', async () => {
    const { store } = createModel(SERVICE)
    const list = openSpilled(openPieces(store, PREFIX))
    for (let at = 0; at < 1000; at++) await list.push(Buffer.from(`${at}`))
    expect(await all(list.read(998))).toEqual([Buffer.from('998'), Buffer.from('999')])
    expect((await store.list(PREFIX)).objects).toEqual([])
  })

  test('of which a piece was changed is not read', async () => {
    const { store } = createModel(SERVICE)
    const pieces = openPieces(store, PREFIX)
    const list = openSpilled(pieces)
    await list.push(Buffer.from('entry'))
    const saved = await list.save()
    expect(await pieces.has(saved)).toBe(true)
    await store.put(PREFIX + saved[0]!.name, Buffer.alloc(saved[0]!.size))
    await expect(all(list.read())).rejects.toThrow(/is not as this run has written it/)
    await store.delete([PREFIX + saved[0]!.name])
    await expect(all(list.read())).rejects.toThrow(/is not as this run has written it/)
    expect(await pieces.has(saved)).toBe(false)
  })
})

test('candidates come back as they were', async () => {
  const { store } = createModel(SERVICE)
  const list = openCandidates(openPieces(store, PREFIX))
  const entries = [
    { digest: `sha256:${hexOf(1)}`, data: undefined, linked: true },
    { digest: `sha256:${hexOf(2)}`, data: { size: 2 ** 43, modified: new Date(5) }, linked: false },
  ] as const
  for (const each of entries) await list.push(each)
  expect(await all(list.read())).toEqual(entries)
  const again = openCandidates(openPieces(store, PREFIX), await list.save())
  expect(await all(again.read(1))).toEqual([entries[1]])
})

describe('links', () => {
  const LINKS = 150_000
  const DIGESTS = 50_000
  /** Each digest is linked three times; every fifth by one repository twice, under two names. */
  const repositoryOf = (at: number): number =>
    (at % DIGESTS) % 5 === 0 ? [7, 8, 7][Math.floor(at / DIGESTS)]! : Math.floor(at / DIGESTS)
  /** Of two links of a repository, the one that stays longer counts: here the second. */
  const useOf = (at: number): Use =>
    (at % DIGESTS) % 5 > 0 ? WAITING : at < DIGESTS ? GOING : KEPT
  const wanted = new Map(
    Array.from({ length: DIGESTS }, (_, at) => {
      const use = at % 5 === 0 ? KEPT : WAITING
      const repositories = at % 5 === 0 ? [7, 8] : [0, 1, 2]
      return [hexOf(at), repositories.map((each) => numberedLink(each, use))]
    }),
  )
  const STOPS = ['3', '3abc', '7', 'b', 'f'].map((each) => each.padEnd(64, '0'))

  test.each([0, 40_000])('in order; saved and opened again every %i links', async (every) => {
    const { store } = createModel(SERVICE)
    let links = openLinkRuns(openPieces(store, PREFIX))
    for (let at = 0; at < LINKS; at++) {
      await links.add(hexOf(at % DIGESTS), repositoryOf(at), useOf(at))
      if (every === 0 || at % every > 0) continue
      const saved = await links.save()
      // What a process has noted that died right after is nobody's.
      await links.add('0'.repeat(64), 99, KEPT)
      await links.save()
      links = openLinkRuns(openPieces(store, PREFIX), saved)
    }
    const found = new Map<string, readonly number[]>()
    let reader = links.read()
    for (const stop of [...STOPS, 'f'.repeat(64)]) {
      for (const [hex, repositories] of await reader.upTo(stop)) {
        expect(found.has(hex)).toBe(false)
        found.set(hex, repositories)
      }
      if (every === 0) continue
      const saved: SavedLinks = JSON.parse(JSON.stringify(await links.save()))
      await reader.upTo('f'.repeat(64))
      links = openLinkRuns(openPieces(store, PREFIX), saved)
      reader = links.read()
    }
    expect(found.size).toBe(DIGESTS)
    expect([...found].filter(([hex, is]) => `${is}` !== `${wanted.get(hex)}`)).toEqual([])
    expect([...found.keys()]).toEqual([...found.keys()].sort())
  })
})
