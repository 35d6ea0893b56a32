/**
 * GET /api/v1/tags/<name>: a page of a repository's tags, with what each is.
 *
 * @module
 */

import { MOST_TAGS, type ShownTags } from '../../page/tags.ts'
import { isTag, parseName } from '../../registry/reference.ts'
import { quoted } from '../../shared/errors.ts'
import type { AppContext, AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { permit } from '../middleware/permit.ts'
import { linkNext, readPaging } from '../paging.ts'
import { rightsOf } from './rights.ts'

const readTag = (c: AppContext, name: string): string | undefined => {
  const given = c.req.query(name)
  if (given === undefined || given === '' || isTag(given)) return given || undefined
  throw new RequestError('PARAMETER_INVALID', `invalid ${name} ${quoted(given)}: expected a tag`)
}

const withoutNames = (page: ShownTags): ShownTags => ({
  ...page,
  tags: page.tags.map(({ by: _, ...tag }) => tag),
})

/** Responds with a page. */
export const respond = async (
  c: AppContext,
  given: string,
  options: AppOptions,
  browse: NonNullable<AppOptions['browse']>,
): Promise<Response> => {
  const name = parseName(given)
  const caller = await permit(c, name, 'pull')
  const limit = Math.min(Math.max(readPaging(c).limit, 1), MOST_TAGS)
  const begins = readTag(c, 'begins') ?? ''
  const shown = await (await browse()).tags(name, { limit, begins, last: readTag(c, 'last') })
  // Who has an account here is nobody's business who has none.
  const page = caller.identity.kind === 'anonymous' ? withoutNames(shown) : shown
  c.header('Cache-Control', 'no-store')
  const { next } = page
  if (next !== undefined) {
    linkNext(c, { ...(begins === '' ? {} : { begins }), last: next, n: String(limit) })
  }
  return c.json({ repository: name, ...page, rights: rightsOf(caller, name, options) })
}
