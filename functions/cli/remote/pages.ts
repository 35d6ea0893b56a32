/**
 * Lists that the admin API gives in pages.
 *
 * @module
 */

import type { z } from '../../shared/schema.ts'
import type { Reply } from '../../transfer/registry/http.ts'
import { CommandError } from '../errors.ts'
import type { AdminApi } from './admin-api.ts'

/** Most pages of a list, whose entries a command may keep: a page has 1000, where a registry gives as many as asked. */
const MOST_PAGES = 100_000

/** The query of the next page. Wherever a Link leads, the path stays. */
const nextOf = (link: string | readonly string[] | undefined): string | undefined =>
  typeof link === 'string' ? link.match(/^<[^>?]*\?([^>]*)>; *rel="?next"?/)?.[1] : undefined

/** Reads page after page; none where there is nothing yet (404). @throws as `AdminApi.json` does */
export async function* pagesOf<T>(
  { ask, read }: Pick<AdminApi, 'ask' | 'read'>,
  path: string,
  schema: z.ZodMiniType<T>,
): AsyncGenerator<T> {
  // A registry that leads in circles is not followed for ever.
  const asked = new Set<string>()
  let next: string | undefined = path
  while (next !== undefined && !asked.has(next)) {
    asked.add(next)
    if (asked.size > MOST_PAGES) throw new CommandError(`${path} is a list without an end`)
    const reply: Reply = await ask(next, [200, 404])
    if (reply.status === 404) return
    yield read(reply, schema)
    const query = nextOf(reply.headers.link)
    next = query && `${path.replace(/\?.*/, '')}?${query}`
  }
}
