/**
 * Paging of lists by `n` and `last` (distribution-spec "Listing Tags").
 *
 * @module
 */

import type { NamePage } from '../registry/tag-pages.ts'
import { quoted } from '../shared/errors.ts'
import type { AppContext } from './env.ts'
import { RequestError } from './errors.ts'

/** Most entries of a page, and the default: what one listing of the store gives. */
export const MAX_PAGE = 1000

/** The paths of a list. Some clients end it with a slash, which means nothing, as in distribution. */
export const withSlash = (path: string): string[] => [path, `${path}/`]

export interface Paging {
  readonly limit: number
  readonly last: string | undefined
}

/**
 * Reads the query's `n` and `last`. More than {@link MAX_PAGE} means {@link MAX_PAGE}.
 *
 * @throws RequestError PAGINATION_NUMBER_INVALID
 */
export const readPaging = (c: AppContext): Paging => {
  const n = c.req.query('n')
  const last = c.req.query('last') || undefined
  if (n === undefined) return { limit: MAX_PAGE, last }
  if (!/^\d+$/.test(n)) {
    throw new RequestError(
      'PAGINATION_NUMBER_INVALID',
      `invalid n ${quoted(n)}: expected a whole number of entries, 0 or more`,
    )
  }
  return { limit: Math.min(Number(n), MAX_PAGE), last }
}

/** Links to the next page: a relative URL, so that it works behind any proxy. */
export const linkNext = (c: AppContext, query: Readonly<Record<string, string>>): void => {
  c.header('Link', `<${c.req.path}?${new URLSearchParams(query)}>; rel="next"`)
}

/** The names of a page, with a link to the next one. A page of size 0 has neither. */
export const finishPage = (c: AppContext, { limit }: Paging, page: NamePage): readonly string[] => {
  const last = page.names.at(-1)
  if (limit === 0) return []
  if (page.more && last !== undefined) linkNext(c, { last, n: String(limit) })
  return page.names
}
