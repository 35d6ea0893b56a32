/**
 * A page of a repository's tags, with what each is.
 *
 * @module
 */

import type { Digest } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import { nameUnknown } from '../registry/tags.ts'
import { inBatches, settled } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import { callsLeft, takeEach } from './calls.ts'
import type { Pulled, PulledOf } from './pulled.ts'
import type { Pushers, WhoPushed } from './pushers.ts'
import type { Signed, SignedOf } from './signatures.ts'
import type { Summaries, Summary } from './summary.ts'
import { type TagLink, tagLinkPage } from './tag-links.ts'
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
  /** Who set it, as the audit trail names them, where its link says so. */
  readonly by?: string | undefined
  /** When its manifest was last pulled, to within a day. */
  readonly pulled?: string | undefined
  /** Whether its manifest has a signature, which is not verified. */
  readonly signed?: boolean | undefined
  /** Whether a rule keeps it where it is. */
  readonly immutable: boolean
}

/** A page of tags. */
export interface ShownTags {
  readonly tags: readonly ShownTag[]
  /** The tag to continue after, if there are more. */
  readonly next?: string | undefined
  /** Since when pulls are recorded, if they are. */
  readonly pullsSince?: string | undefined
  /** Whether all is said of each: if not, the same page has more to say when it is asked for again. */
  readonly complete: boolean
}

/** What a page is made from. */
export interface TagsParts {
  readonly store: ObjectStore
  readonly registry: Pick<Registry, 'catalog' | 'isImmutable'>
  readonly targets: Targets
  readonly summaries: Summaries
  readonly pushers: WhoPushed
  readonly pulled: PulledOf
  readonly signed: SignedOf
}

/** What is known of tags beside what they point at. */
interface Around {
  readonly pushers: Pushers
  readonly pulled: Pulled | undefined
  readonly signed: Signed
}

const shownAround = (
  { tag, digest }: Pick<ShownTag, 'tag' | 'digest'>,
  { pushers, pulled, signed }: Around,
): Pick<ShownTag, 'by' | 'pulled' | 'signed'> => ({
  by: pushers.get(tag)?.by,
  pulled: pulled?.last.get(digest)?.toISOString(),
  signed: signed.get(digest),
})

/** Whether all is known of a tag. */
const isKnown = (
  { tag, digest }: Pick<ShownTag, 'tag' | 'digest'>,
  { pushers, pulled, signed }: Around,
): boolean =>
  pushers.has(tag) &&
  signed.has(digest) &&
  pulled !== undefined &&
  (pulled.since === undefined || pulled.last.has(digest))

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
  parts: TagsParts,
  name: string,
  wanted: TagsWanted,
): Promise<ShownTags> => {
  const { store, registry, targets, summaries } = parts
  const { links, more, listings } = await tagLinkPage(store, name, wanted)
  if (links.length === 0) {
    if (!(await registry.catalog.has(name))) throw nameUnknown(name)
    return { tags: [], complete: true }
  }
  const [isImmutable, { digests, calls }] = await Promise.all([
    registry.isImmutable(name),
    targets.of(name, links),
  ])
  const left = callsLeft(MOST_CALLS - listings - calls)
  const unknown = [...new Set(digests.values())].filter((each) => !summaries.known(each))
  const now = takeEach(unknown, left)
  const gone = new Set<Digest>()
  const reading = inBatches(now, async (digest) => {
    if ((await summaries.read(name, digest)) === undefined) gone.add(digest)
  })
  const targeted = [...new Set(digests.values())]
  // What is left is for what stands around them, in this order.
  const [, signed, pulled, pushers] = await settled([
    reading,
    parts.signed(name, targeted, left),
    parts.pulled(name, targeted, left),
    parts.pushers.of(links, left),
  ])
  const around = { signed, pulled, pushers }
  const tags = links.flatMap(({ tag, modified }: TagLink): ShownTag[] => {
    const digest = digests.get(tag)
    // Deleted since it was listed, or never whole.
    if (digest === undefined || gone.has(digest)) return []
    const common = { tag, digest, pushed: modified.toISOString(), immutable: isImmutable(tag) }
    return [{ ...common, ...summaries.known(digest), ...shownAround(common, around) }]
  })
  return {
    tags,
    ...(more ? { next: links.at(-1)?.tag } : {}),
    ...(pulled?.since === undefined ? {} : { pullsSince: new Date(pulled.since).toISOString() }),
    complete: now.length === unknown.length && tags.every((each) => isKnown(each, around)),
  }
}
