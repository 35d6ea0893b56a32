/**
 * Who has set tags, as their links say. What a write of a link says never changes, so it is remembered.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { pusherIn } from '../registry/pusher.ts'
import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type Calls, takeEach } from './calls.ts'
import type { TagLink } from './tag-links.ts'

/** Most links that are remembered; some 300 bytes each. */
const MOST = 20_000

/** Names by tags; a tag that is missing has not been looked at yet. */
export type Pushers = ReadonlyMap<string, { readonly by: string | undefined }>

/** What an object of a link says. */
interface ReadLink {
  readonly etag: string
  readonly modified?: Date | undefined
  /** As it is written. */
  readonly by?: string | undefined
}

/** Who has set tags. */
export interface WhoPushed {
  /** Notes what a link says that somebody else has read. */
  note(link: TagLink, read: ReadLink): void
  /** Tells of links: an operation for each that is not remembered. */
  of(links: readonly TagLink[], calls: Calls): Promise<Pushers>
}

/**
 * A write of a link: the same digest, written anew, has the same version, and may be somebody else's. In seconds, since a
 * listing may have more of a time than a read.
 */
const writeOf = ({ key, etag, modified }: TagLink): string =>
  `${key}\n${etag}\n${Math.floor(modified.getTime() / 1000)}`

/** Looks at links, and remembers. */
export const createPushers = (store: ObjectStore): WhoPushed => {
  const memory = new LRUCache<string, { readonly by: string | undefined }>({ max: MOST })
  const note: WhoPushed['note'] = (link, { etag, modified, by: written }) => {
    const by = pusherIn(written)
    memory.set(writeOf({ ...link, etag, modified: modified ?? link.modified }), { by })
    // Whatever the times are rounded to.
    if (etag === link.etag) memory.set(writeOf(link), { by })
  }
  return {
    note,
    async of(links, calls) {
      const unknown = links.filter((link) => !memory.has(writeOf(link)))
      await inBatches(takeEach(unknown, calls), async (link) => {
        const info = await store.head(link.key)
        if (info !== undefined) note(link, { ...info, by: info.metadata.by })
      })
      return new Map(
        links.flatMap((link) => {
          const known = memory.get(writeOf(link))
          return known === undefined ? [] : [[link.tag, known]]
        }),
      )
    },
  }
}
