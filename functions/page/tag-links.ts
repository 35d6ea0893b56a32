/**
 * A page of the links of tags, from a plain listing: unlike a list of folders, it says when each was written, and in which
 * version. The order is that of the store, which has `v1-rc` before `v1`.
 *
 * @module
 */

import { CURRENT_LINK, tagPrefix, tagsPrefix } from '../registry/layout.ts'
import type { ObjectStore } from '../storage/store.ts'

/** A link of a tag as a listing shows it. */
export interface TagLink {
  readonly tag: string
  readonly key: string
  readonly etag: string | undefined
  readonly modified: Date
}

/** Links, and whether others follow. */
export interface TagLinkPage {
  readonly links: readonly TagLink[]
  readonly more: boolean
  /** How many listings it took. */
  readonly listings: number
}

/**
 * Most listings for a page: distribution keeps keys of what a tag was before it, and a page of tags with a long past may be
 * short.
 */
const MOST_LISTINGS = 2

/** Where the keys of a tag end: its link, and behind it what distribution notes of its past, `index/…`. */
const afterAll = (name: string, tag: string): string => `${tagPrefix(name, tag)}index0`

/**
 * Lists tags.
 *
 * @param begins what they begin with
 * @param last the tag to continue after
 */
export const tagLinkPage = async (
  store: ObjectStore,
  name: string,
  {
    limit,
    begins,
    last,
  }: { readonly limit: number; readonly begins: string; readonly last?: string | undefined },
): Promise<TagLinkPage> => {
  const root = tagsPrefix(name)
  const links: TagLink[] = []
  let startAfter = last === undefined ? undefined : afterAll(name, last)
  for (let listings = 1; ; listings++) {
    const page = await store.list(root + begins, {
      // One more says whether there is more. Where that was not enough, tags have a past.
      limit: listings === 1 ? 2 * (limit + 1) : 1000,
      ...(startAfter === undefined ? {} : { startAfter }),
    })
    for (const { key, etag, modified } of page.objects) {
      const tag = key.slice(root.length, key.indexOf('/', root.length))
      if (key !== root + tag + CURRENT_LINK) continue
      links.push({ tag, key, etag, modified })
    }
    if (links.length > limit) return { links: links.slice(0, limit), more: true, listings }
    if (!page.truncated) return { links, more: false, listings }
    // An empty page would have nothing to go on from.
    if (listings >= MOST_LISTINGS && links.length > 0) return { links, more: true, listings }
    const reached = links.at(-1)
    startAfter = reached ? afterAll(name, reached.tag) : page.objects.at(-1)?.key
  }
}
