/**
 * What a delete takes along, before anybody decides: tags, and what refers to what goes.
 *
 * @module
 */

import { unreported } from '../registry/damage.ts'
import type { Digest, Reference } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import { pointingAmong, type TagLink, tagLinks } from '../registry/tag-links.ts'
import { nameUnknown } from '../registry/tags.ts'
import type { ObjectStore } from '../storage/store.ts'

/** Most tags that are looked at: the delete itself looks at all. */
const MOST = 10_000

/** A tag that goes. */
export interface GoingTag {
  readonly tag: string
  /** Whether a rule keeps it, so that it goes only by the right `override`. */
  readonly immutable: boolean
}

/** What goes. */
export interface DeletePreview {
  readonly repository: string
  /** Of the manifest; absent where all of the repository goes. */
  readonly digest?: Digest
  /** Whether that goes, too, and not a tag alone. */
  readonly manifest: boolean
  /** Tags that go. */
  readonly tags: readonly GoingTag[]
  /** Whether those are all; with very many, others may go, too. */
  readonly complete: boolean
  /** Manifests that refer to what goes, and stay without it. */
  readonly referrers: number
  readonly moreReferrers: boolean
}

interface Parts {
  readonly store: ObjectStore
  readonly registry: Pick<Registry, 'manifests' | 'referrers' | 'isImmutable' | 'catalog'>
}

const linksOf = async (
  store: ObjectStore,
  name: string,
): Promise<{ readonly links: readonly TagLink[]; readonly complete: boolean }> => {
  const links: TagLink[] = []
  for await (const some of tagLinks(store, name)) {
    links.push(...some)
    if (links.length > MOST) return { links: links.slice(0, MOST), complete: false }
  }
  return { links, complete: true }
}

/**
 * Says what goes with a tag, with a manifest, or with a whole repository. For a tag an operation or two; for the others a
 * listing for each 1000 keys of tags, and what it takes to tell which point at the manifest.
 *
 * @param reference absent for the whole repository
 * @throws RegistryError MANIFEST_UNKNOWN, NAME_UNKNOWN
 */
export const deletePreview = async (
  { store, registry }: Parts,
  name: string,
  reference: Reference | undefined,
): Promise<DeletePreview> => {
  const isImmutable = await registry.isImmutable(name)
  const going = (tags: readonly string[]): readonly GoingTag[] =>
    tags.map((tag) => ({ tag, immutable: isImmutable(tag) }))
  const alone = { referrers: 0, moreReferrers: false, repository: name }
  if (reference?.tag !== undefined) {
    const digest = await registry.manifests.resolve(name, reference)
    return { ...alone, digest, manifest: false, tags: going([reference.tag]), complete: true }
  }
  if (reference === undefined) {
    const { links, complete } = await linksOf(store, name)
    if (links.length === 0 && !(await registry.catalog.has(name))) throw nameUnknown(name)
    return { ...alone, manifest: true, tags: going(links.map(({ tag }) => tag)), complete }
  }
  const { digest } = reference
  const [{ links, complete }, page] = await Promise.all([
    linksOf(store, name),
    registry.referrers.list(name, digest),
    registry.manifests.get(name, digest),
  ])
  const pointing = await pointingAmong(store, name, links, digest, unreported)
  return {
    ...{ repository: name, digest, manifest: true, complete },
    tags: going(pointing.map(({ tag }) => tag)),
    referrers: page.referrers.length,
    moreReferrers: page.next !== undefined,
  }
}
