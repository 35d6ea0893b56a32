/**
 * Has each long list of referrers read once, which keeps its pages: whoever reads it next finds them.
 *
 * @module
 */

import { listPages } from '../storage/pages.ts'
import type { ObjectStore } from '../storage/store.ts'
import { createCatalog } from './catalog.ts'
import { createContent } from './content.ts'
import { unreported } from './damage.ts'
import { REFERRERS_PREFIX } from './layout.ts'
import { createRecentLinks } from './links.ts'
import { type Digest, isDigest } from './reference.ts'
import { FEW } from './referrer-pages.ts'
import { createReferrers } from './referrers.ts'
import { createRevisions } from './revisions.ts'
import { createTags } from './tags.ts'

/** Repository, subject and referrer. A repository's name may look like a digest: the last four segments are none. */
const ENTRY = /^(.+)\/([a-z0-9]+)\/([0-9a-f]+)\/[a-z0-9]+\/[0-9a-f]+$/

/** A list, by where it is. */
interface List {
  readonly name: string
  readonly subject: Digest
}

/** The lists that are long enough for pages: one listing per 1000 referrers. */
async function* longLists(store: ObjectStore): AsyncGenerator<List> {
  let at = ''
  let count = 0
  for await (const objects of listPages(store, REFERRERS_PREFIX)) {
    for (const { key } of objects) {
      const [, name, algorithm, hex] = key.slice(REFERRERS_PREFIX.length).match(ENTRY) ?? []
      const subject = `${algorithm}:${hex}`
      if (name === undefined || !isDigest(subject)) continue
      const list = `${name}@${subject}`
      count = list === at ? count + 1 : 1
      at = list
      if (count === FEW) yield { name, subject }
    }
  }
}

/**
 * Keeps the pages of all long lists of referrers: a read for each descriptor that no page has, and a few operations
 * for each page.
 *
 * @param onList is told of each list that has its pages
 */
export const keepReferrerPages = async (
  store: ObjectStore,
  onList: () => void = () => {},
): Promise<void> => {
  const links = createRecentLinks(store, Date.now, unreported)
  const tags = createTags(store, createCatalog(store), unreported)
  const revisions = createRevisions(store, links, tags, unreported)
  const referrers = createReferrers(store, { content: createContent(store, unreported), revisions })
  for await (const { name, subject } of longLists(store)) {
    let last: Digest | undefined
    do {
      const page = await referrers.list(name, subject, last === undefined ? {} : { last })
      last = page.next
    } while (last !== undefined)
    onList()
  }
}
