/**
 * Lists in pages, by the names of their entries.
 *
 * @module
 */

import * as z from '../../shared/schema.ts'
import { RequestError } from '../errors.ts'
import { finishPage, type Paging, readPaging } from '../paging.ts'
import type { Operation, Request } from './operation.ts'

/** Parameters of a list in pages. */
export const PAGING = {
  n: {
    in: 'query',
    description: 'Most entries of a page; at most 1000, which is the default.',
    schema: z.optional(z.int().check(z.nonnegative())),
  },
  last: {
    in: 'query',
    description: 'The entry after which the page begins.',
    schema: z.optional(z.string()),
  },
} as const satisfies Operation['parameters']

/** Most characters of `last`. */
const MOST_LAST = 512

/** Parameters of a list whose `last` is no name. @param most entries of a page */
export const opaque = (most: number) =>
  ({
    n: {
      ...PAGING.n,
      description: `Most entries of a page; at most ${most}, which is the default.`,
    },
    last: { ...PAGING.last, description: 'Where the page begins: taken from the Link of another.' },
  }) as const satisfies Operation['parameters']

/**
 * Reads the query of such a list.
 *
 * @throws RequestError PAGINATION_NUMBER_INVALID, PARAMETER_INVALID
 */
export const opaquePaging = ({ c }: Request, most: number): Paging => {
  const { limit, last } = readPaging(c)
  if (last !== undefined && last.length > MOST_LAST) {
    throw new RequestError(
      'PARAMETER_INVALID',
      `last has ${last.length} characters: expected what the Link of another page has`,
    )
  }
  return { limit: Math.min(limit, most), last }
}

/** Headers of a page. */
export const PAGE_HEADERS = { Link: 'The next page, if there is one.' } as const

/**
 * The names of the page that a request asks for, in their order.
 *
 * @throws RequestError PAGINATION_NUMBER_INVALID
 */
export const pageOf = ({ c }: Request, names: Iterable<string>): readonly string[] => {
  const paging = readPaging(c)
  const { limit, last } = paging
  const rest = [...names].sort().filter((name) => last === undefined || name > last)
  return finishPage(c, paging, { names: rest.slice(0, limit), more: rest.length > limit })
}
