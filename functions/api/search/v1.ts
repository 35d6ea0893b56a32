/**
 * GET /v1/search, as `docker search` and `podman search` send it: the one request of the first Docker Registry API that
 * clients of today still make.
 *
 * @module
 */

import { listsOf } from '../../search/current.ts'
import { type Listed, type Lists, rankRepositories } from '../../search/repositories.ts'
import type { AppContext, AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { permitSearch } from '../middleware/permit.ts'
import { readQuery } from './query.ts'
import { cataloged, seenBy } from './visible.ts'

/** Most results of a page, and how many there are where the request does not say: Docker Hub's. */
const MOST = 100
const USUAL = 25
/** Results that are counted beyond the page. */
const COUNTED = 1000
/** Results on all pages together: no more are counted, and pages beyond are empty. */
const ALL = 10_000

const readNumber = (c: AppContext, name: string, usual: number, most: number): number => {
  const text = c.req.query(name)
  if (text === undefined || text === '') return usual
  if (!/^\d+$/.test(text)) {
    throw new RequestError('PAGINATION_NUMBER_INVALID', `invalid ${name}: expected a whole number`)
  }
  return Math.min(Math.max(Number(text), 1), most)
}

/** Responds with a page of repositories, best first. */
export const searchV1 = async (
  c: AppContext,
  { registry, index }: Pick<AppOptions, 'registry' | 'index'>,
): Promise<Response> => {
  const caller = await permitSearch(c)
  const query = readQuery(c, 'q')
  const size = readNumber(c, 'n', USUAL, MOST)
  const page = readNumber(c, 'page', 1, Number.MAX_SAFE_INTEGER)
  const { visible } = seenBy(caller)
  const snapshot = await (await index?.())?.snapshot()
  const text = query.toLowerCase()
  const lists: Lists<Listed> =
    snapshot?.complete !== undefined
      ? listsOf(snapshot)
      : [(await cataloged(registry.catalog, (name) => name.includes(text))).names]
  const begin = (page - 1) * size
  const limit = Math.min(begin + size, ALL)
  const { found, count } = await rankRepositories(lists, query, visible, {
    limit: begin < ALL ? limit : 1,
    most: Math.min(limit + COUNTED, ALL),
  })
  // It is what this caller may see, now.
  c.header('Cache-Control', 'no-cache')
  return c.json({
    query,
    num_results: count,
    num_pages: Math.ceil(count / size),
    page,
    page_size: size,
    results: found.slice(begin).map(({ name, description = '' }) => ({
      name,
      description,
      star_count: 0,
      is_official: false,
      is_automated: false,
      is_trusted: false,
    })),
  })
}

/** Says that credentials are for this registry itself, and not for an index beside it. */
export const pingV1 = (c: AppContext): Response => {
  c.header('X-Docker-Registry-Standalone', 'true')
  return c.json({ standalone: true })
}
