/**
 * What tags point at, in few operations. What a version of a link says never changes, so it is remembered. Where versions
 * are MD5 sums, as on S3, a listing of the repository's manifests tells most: see registry/tag-links.ts.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { revisionOf, revisionsPrefix } from '../registry/layout.ts'
import { type Digest, isDigest } from '../registry/reference.ts'
import { versionOf } from '../registry/tag-links.ts'
import type { Tags } from '../registry/tags.ts'
import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { WhoPushed } from './pushers.ts'
import type { TagLink } from './tag-links.ts'

/** Most links that are remembered; some 300 bytes each. */
const MOST = 20_000
/** What a version must look like to be a sum. */
const MD5 = /^[0-9a-f]{32}$/

/** What links say. */
export interface Targets {
  /**
   * The digests of tags, and how many operations that took: none for what is remembered, one for most of the others where a
   * listing of manifests helps, and one for each that is left.
   */
  of(
    name: string,
    links: readonly TagLink[],
  ): Promise<{ readonly digests: ReadonlyMap<string, Digest>; readonly calls: number }>
}

/** Remembers what links say. */
export const createTargets = (
  store: ObjectStore,
  tags: Pick<Tags, 'get'>,
  pushers: Pick<WhoPushed, 'note'>,
): Targets => {
  const memory = new LRUCache<string, Digest>({ max: MOST })

  const manifestsOf = async (name: string): Promise<ReadonlyMap<string, Digest>> => {
    const { objects } = await store.list(revisionsPrefix(name))
    const digests = objects.flatMap(({ key }) => revisionOf(name, key) ?? []).filter(isDigest)
    return new Map(digests.map((digest) => [versionOf(digest), digest]))
  }

  return {
    async of(name, links) {
      const digests = new Map<string, Digest>()
      let calls = 0
      const take = ({ tag, key, etag }: TagLink, digest: Digest | undefined): boolean => {
        if (digest === undefined) return false
        digests.set(tag, digest)
        if (etag !== undefined) memory.set(`${key}\n${etag}`, digest)
        return true
      }
      const left = () => links.filter(({ tag }) => !digests.has(tag))
      for (const link of links) take(link, memory.get(`${link.key}\n${link.etag}`))
      if (left().filter(({ etag }) => MD5.test(etag ?? '')).length > 1) {
        const known = await manifestsOf(name)
        calls += 1
        for (const link of left()) take(link, known.get(link.etag ?? ''))
      }
      const read = left()
      await inBatches(read, async (link) => {
        const now = await tags.get(name, link.tag)
        if (now === undefined) return
        // It may have moved since it was listed: that is remembered for no version but its own.
        take({ ...link, etag: now.etag }, now.target)
        pushers.note(link, now)
      })
      return { digests, calls: calls + read.length }
    },
  }
}
