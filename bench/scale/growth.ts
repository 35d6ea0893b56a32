/**
 * What grows with the number of repositories and links: the collector and the catalog.
 *
 * @module
 */

import { LIST_MILLISECONDS } from '../clean-up/virtual.ts'
import { costOfRun, INVOCATION_HOURS, type Stored } from '../clean-up-costs.ts'
import { table } from '../page/markdown.ts'
import { PRICES } from '../prices.ts'

/** Blobs of an image, as in docs/clean-up.md. */
const BLOBS = 49

const stored = (repositories: number, images: number): Stored => {
  const manifests = repositories * images
  const links = manifests * (BLOBS + 1)
  return { repositories, links, manifests, data: links }
}

/** The stores of the page: to a million repositories and a billion links. */
export const LARGE_STORES: readonly Stored[] = [
  stored(100_000, 2),
  stored(200_000, 10),
  stored(1_000_000, 20),
]

const count = (value: number): string => Math.round(value).toLocaleString('en-US')
const days = (seconds: number): string => (seconds / 86_400).toFixed(1)

/** A run of the clean-up in which nothing goes, and the whole catalog, page by page. */
export const cleanUpTable = (): string =>
  table(
    [
      'repositories, links',
      'run',
      'LIST',
      'GET',
      'days of work',
      'invocations',
      'days, called hourly',
      'dollars',
      'catalog: pages, seconds, dollars',
    ],
    LARGE_STORES.flatMap((each) =>
      (['first', 'unchanged'] as const).map((kind) => {
        const { calls, seconds, invocations, s3, lambda } = costOfRun(each, kind)
        const pages = each.repositories / 1000
        return [
          `${count(each.repositories)}, ${count(each.links)}`,
          kind === 'first' ? 'the first' : 'nothing new',
          count(calls.ListObjectsV2 ?? 0),
          count(calls.GetObject ?? 0),
          days(seconds),
          count(invocations),
          ((invocations * INVOCATION_HOURS) / 24).toFixed(1),
          (s3 + lambda).toFixed(2),
          `${count(pages)}, ${count((pages * LIST_MILLISECONDS) / 1000)}, ${(pages * PRICES.s3Write.each).toFixed(4)}`,
        ]
      }),
    ),
  )
