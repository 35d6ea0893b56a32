/**
 * GET /api/v1/catalog: the repositories that the caller may pull, by name, last push or size.
 *
 * @module
 */

import { type CatalogWanted, catalogPage, ORDERS, type Order } from '../../page/catalog.ts'
import { listsOf } from '../../search/current.ts'
import type { Listed, Lists } from '../../search/repositories.ts'
import { quoted } from '../../shared/errors.ts'
import type { AppContext, AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { permitCatalog } from '../middleware/permit.ts'
import { readPaging } from '../paging.ts'
import { readQuery } from '../search/query.ts'
import { seenBy } from '../search/visible.ts'

/**
 * Most repositories of a page, and how many there are where the request does not say. Without an index that is the most, too:
 * each costs a listing.
 */
export const MOST = 100
const USUAL = 50
/** Largest number of a page. */
const LAST_PAGE = 1000

const readOrder = (c: AppContext): Order => {
  const given = c.req.query('sort') || 'name'
  const order = ORDERS.find((each) => each === given)
  if (order !== undefined) return order
  throw new RequestError(
    'PARAMETER_INVALID',
    `invalid sort ${quoted(given)}: expected one of ${ORDERS.join(', ')}`,
  )
}

const readPage = (c: AppContext): number => {
  const given = c.req.query('page') || '1'
  const page = /^\d{1,9}$/.test(given) ? Number(given) : 0
  if (page >= 1 && page <= LAST_PAGE) return page
  throw new RequestError(
    'PARAMETER_INVALID',
    `invalid page ${quoted(given)}: expected a number from 1 to ${LAST_PAGE}`,
  )
}

const readWanted = (c: AppContext, most: number): CatalogWanted => {
  const limit = c.req.query('n') === undefined ? USUAL : readPaging(c).limit
  return {
    query: readQuery(c, 'q'),
    order: readOrder(c),
    limit: Math.min(Math.max(limit, 1), most),
    page: readPage(c),
  }
}

/** Responds with a page. */
export const respond = async (
  c: AppContext,
  { index }: Pick<AppOptions, 'index'>,
  browse: NonNullable<AppOptions['browse']>,
): Promise<Response> => {
  const caller = await permitCatalog(c)
  const { visible } = seenBy(caller)
  const browser = await browse()
  const latest = await index?.().then((current) => current.snapshot())
  const snapshot = latest?.complete === undefined ? undefined : latest
  const wanted = readWanted(c, snapshot ? MOST : USUAL)
  const lists: Lists<Listed> = snapshot ? listsOf(snapshot) : [await browser.names()]
  const sizes = await browser.sizes()
  const { found: chosen, count } = await catalogPage(lists, sizes, visible, wanted)
  const facts = snapshot ? [] : await browser.facts(chosen.map(({ name }) => name))
  const found = chosen.map((each, at) => ({ ...each, ...facts[at] }))
  c.header('Cache-Control', 'no-store')
  return c.json({
    repositories: found.map(({ name, description, pushed, tags, size }) => ({
      name,
      ...(description ? { description } : {}),
      ...(pushed === undefined ? {} : { pushed: new Date(pushed).toISOString() }),
      ...(tags === undefined ? {} : { tagCount: tags }),
      ...(size === undefined ? {} : { size }),
    })),
    count,
    pages: Math.max(1, Math.min(LAST_PAGE, Math.ceil(count / wanted.limit))),
    indexed: snapshot !== undefined,
    sized: sizes.size > 0,
  })
}
