/**
 * What a repository has, as the rules want to know it.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { readingNeeds } from '../clean-up/needs.ts'
import { unreported } from '../damage.ts'
import { revisionOf, revisionsPrefix } from '../layout.ts'
import { readLink } from '../links.ts'
import { type ReadPulls, UNKNOWN_PULLS } from '../pulls/read.ts'
import { type Digest, isDigest } from '../reference.ts'
import { tagLinks, versionOf } from '../tag-links.ts'
import type { ManifestFacts, RepositoryFacts, TagFacts } from './evaluate.ts'

/** Reads at once. */
const AT_ONCE = 32

/** Bytes of a link that says no more than a digest. */
const PLAIN = 'sha256:'.length + 64

interface Held {
  readonly digest: Digest
  readonly target: Digest
  readonly pushed: number
}

/** The manifests that a repository has; those that are deleted are left out. */
const readManifests = async (store: ObjectStore, name: string): Promise<Held[]> => {
  const held: Held[] = []
  for await (const objects of listPages(store, revisionsPrefix(name))) {
    const page = await inBatches(
      objects,
      async ({ key, size, modified }): Promise<Held[]> => {
        const digest = revisionOf(name, key) ?? ''
        if (!isDigest(digest)) return []
        const pushed = modified.getTime()
        // A plain one says its own digest.
        if (size === PLAIN && digest.startsWith('sha256:'))
          return [{ digest, target: digest, pushed }]
        const link = await readLink(store, key)
        return link ? [{ digest, target: link.target, pushed }] : []
      },
      AT_ONCE,
    )
    held.push(...page.flat())
  }
  return held
}

/** The tags of a repository. What their versions do not tell is read. */
const readTags = async (
  store: ObjectStore,
  name: string,
  manifests: readonly Held[],
): Promise<TagFacts[]> => {
  const known = new Map(manifests.map(({ digest }) => [versionOf(digest), digest]))
  const tags: TagFacts[] = []
  for await (const links of tagLinks(store, name)) {
    const page = await inBatches(
      links,
      async ({ tag, key, etag, modified }): Promise<TagFacts[]> => {
        const digest = known.get(etag ?? '') ?? (await readLink(store, key, unreported))?.target
        return digest === undefined ? [] : [{ tag, digest, pushed: modified.getTime() }]
      },
      AT_ONCE,
    )
    tags.push(...page.flat())
  }
  return tags
}

/** The manifests that an index names, and those whose subject is there. */
const findNeeded = async (
  store: ObjectStore,
  manifests: readonly Held[],
): Promise<ReadonlySet<string>> => {
  const needsOf = readingNeeds(store)
  const there = new Set<string>(manifests.map(({ digest }) => digest))
  const needed = new Set<string>()
  await inBatches(
    manifests,
    async ({ digest, target }) => {
      const needs = await needsOf(target)
      // Of what cannot be read, nobody knows what it is.
      if (typeof needs !== 'object') return needed.add(digest)
      for (const each of needs.digests) needed.add(each)
      if (needs.subject !== undefined && there.has(needs.subject)) needed.add(digest)
      return needed
    },
    AT_ONCE,
  )
  return needed
}

/**
 * Reads a repository: its links in listings, and each manifest where `untagged` asks what is needed.
 *
 * @param untagged whether a rule is about manifests without a tag
 * @param readPulls reads its pulls; left out where no rule asks for them
 */
export const readRepository = async (
  store: ObjectStore,
  name: string,
  untagged: boolean,
  readPulls?: ReadPulls,
): Promise<RepositoryFacts> => {
  // Before the links: a manifest that is pushed and pulled meanwhile is young in any case.
  const { since, last } = (await readPulls?.(name)) ?? UNKNOWN_PULLS
  const held = await readManifests(store, name)
  const tags = await readTags(store, name, held)
  const needed = untagged ? await findNeeded(store, held) : undefined
  const manifests = held.map(
    ({ digest, pushed }): ManifestFacts => ({
      digest,
      pushed,
      pulled: last.get(digest),
      needed: needed?.has(digest) ?? true,
    }),
  )
  return { name, tags, manifests, pullsSince: since }
}
