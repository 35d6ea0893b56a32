/**
 * Which indexes list a manifest. No key of the store says so. Whoever pulls an image of several platforms gets the index
 * first: so those that were pulled here are remembered, and for others the tags of the repository are gone through.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import { parseInTurns } from '../registry/manifest.ts'
import type { StoredManifest } from '../registry/manifests.ts'
import { isIndex } from '../registry/media-types.ts'
import type { Digest } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import { cached } from '../shared/cached.ts'
import { inBatches } from '../shared/parallel.ts'
import { unlessAbsent } from './absent.ts'

/** Most tags of a repository that are gone through. */
export const MOST_TAGS = 200

/** Milliseconds for which tags are not gone through again. */
const TAGS_AGE = 5_000

/** Most manifests of which it is remembered in which indexes they are. */
const CAPACITY = 10_000

/** Most indexes that are looked at of one manifest. */
const MOST_PARENTS = 10

/** Tags of signatures and the like. */
const BESIDE = /^sha(?:256|512)-[0-9a-f]+/

export interface Parents {
  /** Remembers what an index lists. Takes no operation. */
  note(name: string, index: StoredManifest): Promise<void>
  /** Indexes of the repository that list a manifest, those that are known first; they may be gone. */
  of(name: string, child: Digest): AsyncIterable<Digest>
}

/** Parents in a registry. */
export const createParents = ({
  manifests,
  tags,
}: Pick<Registry, 'manifests' | 'tags'>): Parents => {
  const known = new LRUCache<string, readonly Digest[]>({ max: CAPACITY })

  const note: Parents['note'] = async (name, { digest, bytes, mediaType }) => {
    if (!isIndex(mediaType)) return
    const { listed } = await parseInTurns(bytes, mediaType)
    for (const child of listed) {
      const key = `${name}@${child.digest}`
      const parents = known.get(key) ?? []
      if (parents.includes(digest)) continue
      known.set(key, [digest, ...parents].slice(0, MOST_PARENTS))
    }
  }

  const goThrough = cached(
    async (name: string): Promise<true> => {
      const { names } = await tags.list(name, MOST_TAGS)
      await inBatches(
        names.filter((tag) => !BESIDE.test(tag)),
        async (tag) => {
          const link = await tags.get(name, tag)
          const stored = link && (await unlessAbsent(manifests.get(name, link.target, true)))
          if (stored !== undefined) await note(name, stored)
        },
        16,
      )
      return true
    },
    { maxAge: TAGS_AGE, capacity: 100 },
  )

  return {
    note,
    async *of(name, child) {
      const key = `${name}@${child}`
      const first = known.get(key) ?? []
      yield* first
      await goThrough.get(name)
      yield* (known.get(key) ?? []).filter((digest) => !first.includes(digest))
    },
  }
}
