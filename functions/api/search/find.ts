/**
 * GET /api/v1/search: repositories by name, or manifests by tag, digest, label, annotation and type; for whoever may pull.
 *
 * @module
 */

import { type Current, listsOf, type Snapshot } from '../../search/current.ts'
import { type FoundManifest, findManifests, type Wanted } from '../../search/manifests.ts'
import { type Listed, listRepositories } from '../../search/repositories.ts'
import type { AppContext, AppOptions } from '../env.ts'
import { RequestError } from '../errors.ts'
import { permitCatalog } from '../middleware/permit.ts'
import { readPaging } from '../paging.ts'
import { type Cursor, readCursor, writeCursor } from './cursor.ts'
import { isOfManifests, readWanted } from './query.ts'
import { cataloged, type Seen, seenBy } from './visible.ts'

/** Most results of a page, and the default. */
export const MOST = 100

type Options = Pick<AppOptions, 'registry' | 'index'>

interface Page {
  readonly results: readonly object[]
  readonly next: Cursor | undefined
}

const repositoryOf = ({ name, description, pushed, tags }: Listed): object => ({
  repository: name,
  ...(description ? { description } : {}),
  ...(pushed === undefined ? {} : { pushed: new Date(pushed).toISOString() }),
  ...(tags === undefined ? {} : { tagCount: tags }),
})

const manifestOf = ({ at, ...rest }: FoundManifest): object => {
  const { repository, digest, tags, mediaType, artifactType, size } = rest
  const { subject, labels, annotations } = rest
  const pushed = new Date(at).toISOString()
  return {
    ...{ repository, digest, tags, mediaType, artifactType, size, pushed },
    ...{ subject, labels, annotations },
  }
}

const paged = (found: readonly Listed[], limit: number): Page => {
  const page = found.slice(0, limit)
  const last = page.at(-1)
  return {
    results: page.map(repositoryOf),
    next: found.length > limit && last !== undefined ? { after: last.name } : undefined,
  }
}

/** Repositories without an index. */
const findCataloged = async (
  { registry }: Options,
  query: string,
  { visible, all }: Seen,
  limit: number,
  after: string | undefined,
): Promise<Page> => {
  const text = query.toLowerCase()
  const isMatch = (name: string): boolean => name.includes(text) && visible(name)
  const { names, last } = await cataloged(registry.catalog, isMatch, {
    after,
    enough: limit,
    // Whoever may not see all goes on, as in the catalog: a short page would tell of what is hidden.
    ...(all ? {} : { listings: Number.POSITIVE_INFINITY }),
  })
  const page = paged(names, limit)
  return page.next === undefined && last !== undefined ? { ...page, next: { after: last } } : page
}

const findRepositories = async (
  snapshot: Snapshot,
  query: string,
  { visible }: Seen,
  limit: number,
  after: string | undefined,
): Promise<Page> => {
  const most = { limit: limit + 1, after }
  return paged(await listRepositories(listsOf(snapshot), query, visible, most), limit)
}

const noIndex = (): RequestError =>
  new RequestError(
    'CONFLICT',
    'there is no index for search, or it is not complete yet: without one, only names can be looked for',
  )

const findThose = async (
  current: Current | undefined,
  snapshot: Snapshot | undefined,
  wanted: Wanted,
  { visible, all }: Seen,
  limit: number,
  cursor: Cursor | undefined,
): Promise<Page> => {
  if (current === undefined || snapshot === undefined) throw noIndex()
  const place = cursor !== undefined && 'bucket' in cursor ? cursor : undefined
  const page = await findManifests(current, snapshot, wanted, visible, all, limit, place)
  return { results: page.found.map(manifestOf), next: page.next }
}

/** Responds with a page. */
export const find = async (c: AppContext, options: Options): Promise<Response> => {
  const caller = await permitCatalog(c)
  const wanted = readWanted(c)
  const limit = Math.min(Math.max(readPaging(c).limit, 1), MOST)
  const cursor = readCursor(c)
  const current = await options.index?.()
  const latest = await current?.snapshot()
  const snapshot = latest?.complete === undefined ? undefined : latest
  const seen = seenBy(caller)
  const after = cursor !== undefined && 'after' in cursor ? cursor.after : undefined
  const page = isOfManifests(wanted)
    ? await findThose(current, snapshot, wanted, seen, limit, cursor)
    : snapshot === undefined
      ? await findCataloged(options, wanted.query, seen, limit, after)
      : await findRepositories(snapshot, wanted.query, seen, limit, after)
  const next = page.next === undefined ? undefined : writeCursor(page.next)
  c.header('Cache-Control', 'no-store')
  if (next !== undefined) {
    const query = new URL(c.req.url).searchParams
    query.set('cursor', next)
    c.header('Link', `<${c.req.path}?${query}>; rel="next"`)
  }
  return c.json({
    ...(snapshot?.complete === undefined ? {} : { complete: snapshot.complete.toISOString() }),
    results: page.results,
    ...(next === undefined ? {} : { next }),
  })
}
