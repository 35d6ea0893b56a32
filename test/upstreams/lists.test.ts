/**
 * Lists of upstreams, as far as they are remembered.
 *
 * @module
 */

import { expect, test } from 'vitest'
import type { Referrer } from '../../functions/registry/referrer-entry.ts'
import type { AskAt } from '../../functions/upstreams/client/hosts-asked.ts'
import { createLists } from '../../functions/upstreams/lists/lists.ts'
import { createMemory } from '../../functions/upstreams/lists/remembered.ts'
import { routeTo, sha256 } from './upstream.ts'

const ROUTE = routeTo('http://127.0.0.1:1')
const KIB = 1024

/** Many images of one kind, each with one referrer. @param annotated characters of its annotation */
const open = (most: number, annotated: number) => {
  const asked: string[] = []
  const referrer = (subject: string): Referrer => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: sha256(subject),
    size: 7,
    annotations: { text: 'x'.repeat(annotated) },
  })
  const repository = {
    async referrers(subject: string) {
      asked.push(subject)
      return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [referrer(subject)] }))
    },
    async tags(_: number, last = '') {
      asked.push(`tags after ${last}`)
      const tags = Array.from({ length: 40_000 }, (_, at) => `${last}${at}`.slice(-100))
      return { tags, more: true }
    },
  }
  const askAt = (() => ({ repository })) as unknown as AskAt
  const memory = createMemory(most)
  return { lists: createLists(askAt, () => 0, memory), memory, asked }
}

const SUBJECTS = Array.from({ length: 20 }, (_, at) => sha256(`subject ${at}`))

test.each<[what: string, annotated: number, all: boolean]>([
  ['small ones', 10, true],
  ['as many large ones: the last ones', 20 * KIB, false],
])('referrers are remembered by their bytes: %s', async (_, annotated, all) => {
  const { lists, memory, asked } = open(256 * KIB, annotated)
  for (const subject of SUBJECTS) {
    const { entries } = await lists.referrers(ROUTE, subject)
    expect(entries).toMatchObject([{ annotations: { text: 'x'.repeat(annotated) } }])
  }
  expect(memory.calculatedSize).toBeLessThanOrEqual(256 * KIB)
  asked.length = 0
  await lists.referrers(ROUTE, SUBJECTS.at(-1)!)
  expect(asked).toEqual([])
  await lists.referrers(ROUTE, SUBJECTS[0]!)
  expect(asked).toEqual(all ? [] : [SUBJECTS[0]])
})

test('tags and referrers share what there is to remember', async () => {
  const { lists, memory } = open(64 * KIB * KIB, 10)
  await lists.referrers(ROUTE, SUBJECTS[0]!)
  await lists.tags(ROUTE)
  expect(memory.size).toBe(2)
})

test('pages that are larger than what was asked for are not read without end', async () => {
  const { lists, asked } = open(64 * KIB * KIB, 10)
  const { entries } = await lists.tags(ROUTE)
  expect(asked).toHaveLength(3)
  expect(entries.length).toBeLessThan(140_000)
})
