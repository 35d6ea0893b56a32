/**
 * Reading lists page by page.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { type ExpectedHeaders, exchange } from './exchange.ts'
import type { Host } from './host.ts'

/** Most pages of a list in tests. */
const MAX_PAGES = 100

/** Follows `Link` to the end, and returns the body of each page. */
export const pagesOf = async <T>(
  host: Pick<Host, 'send'>,
  first: string,
  expect: ExpectedHeaders = {},
): Promise<T[]> => {
  const all: T[] = []
  for (let next: string | undefined = first; next !== undefined; ) {
    const { body, headers } = await exchange(host, { send: `GET ${next}`, status: 200, expect })
    all.push(JSON.parse(body.toString()))
    const link: string | null = headers.get('Link')
    next = link?.match(/^<(\/v2\/[^>]+)>; rel="next"$/)?.[1]
    assert.equal(next === undefined, link === null, `Link is ${link}`)
    assert.ok(all.length <= MAX_PAGES, 'paging does not come to an end')
  }
  return all
}
