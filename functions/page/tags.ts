/**
 * A page of a repository's tags, with what each is.
 *
 * @module
 */

import type { Digest } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import { nameUnknown } from '../registry/tags.ts'
import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Summaries, Summary } from './summary.ts'
import { tagLinkPage } from './tag-links.ts'
import type { Targets } from './targets.ts'

/** Most operations for a page, and most tags on it. */
export const MOST_CALLS = 52
export const MOST_TAGS = 50

/** A tag. */
export interface ShownTag extends Partial<Summary> {
  readonly tag: string
  readonly digest: Digest
  /** When it was set, by the clock of the store. */
  readonly pushed: string
  /** Whether a rule keeps it where it is. */
  readonly immutable: boolean
}

/** A page of tags. */
export interface ShownTags {
  readonly tags: readonly ShownTag[]
  /** The tag to continue after, if there are more. */
  readonly next?: string | undefined
  /** Whether all is said of each: if not, the same page has more to say when it is asked for again. */
  readonly complete: boolean
}

/** What a page is made from. */
export interface TagsParts {
  readonly store: ObjectStore
  readonly registry: Pick<Registry, 'catalog' | 'isImmutable'>
  readonly targets: Targets
  readonly summaries: Summaries
}

/** A page that is asked for. */
export interface TagsWanted {
  readonly limit: number
  readonly begins: string
  readonly last?: string | undefined
}

/**
 * Gives a page, in at most {@link MOST_CALLS} operations.
 *
 * @throws RegistryError NAME_UNKNOWN
 */
export const shownTags = async (
  { store, registry, targets, summaries }: TagsParts,
  name: string,
  wanted: TagsWanted,
): Promise<ShownTags> => {
  const { links, more, listings } = await tagLinkPage(store, name, wanted)
  if (links.length === 0) {
    if (!(await registry.catalog.has(name))) throw nameUnknown(name)
    return { tags: [], complete: true }
  }
  const [isImmutable, { digests, calls }] = await Promise.all([
    registry.isImmutable(name),
    targets.of(name, links),
  ])
  const unknown = new Set([...digests.values()].filter((each) => !summaries.known(each)))
  const now = [...unknown].slice(0, Math.max(0, MOST_CALLS - listings - calls))
  const gone = new Set<Digest>()
  await inBatches(now, async (digest) => {
    if ((await summaries.read(name, digest)) === undefined) gone.add(digest)
  })
  const tags = links.flatMap(({ tag, modified }): ShownTag[] => {
    const digest = digests.get(tag)
    // Deleted since it was listed, or never whole.
    if (digest === undefined || gone.has(digest)) return []
    const common = { tag, digest, pushed: modified.toISOString(), immutable: isImmutable(tag) }
    return [{ ...common, ...summaries.known(digest) }]
  })
  return {
    tags,
    ...(more ? { next: links.at(-1)?.tag } : {}),
    complete: now.length === unknown.size,
  }
}
