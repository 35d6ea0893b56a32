/**
 * What upstreams list: the tags of a repository, and what refers to a manifest.
 *
 * @module
 */

import type { Descriptor } from '../../registry/descriptor.ts'
import { parseInTurns } from '../../registry/manifest.ts'
import { OCI_INDEX } from '../../registry/media-types.ts'
import { algorithmOf, type Digest, hexOf } from '../../registry/reference.ts'
import type { Referrer } from '../../registry/referrer-entry.ts'
import type { UpstreamRepository } from '../client/client.ts'
import { isUpstreamError, UpstreamError } from '../client/failure.ts'
import type { AskAt } from '../client/hosts-asked.ts'
import type { Route } from '../route.ts'
import { createMemory, type Listed, type Memory, remembering } from './remembered.ts'

/** Tags of a page that is asked for, and the most pages: whoever has more is served the first of them. */
const PAGE = 1000
const PAGES = 100

/** Lists of upstreams. Both throw UpstreamError. */
export interface Lists {
  /** In ASCII order. */
  tags(route: Route): Promise<Listed<string>>
  /** By the API or, where the upstream has none, by the fallback tag (distribution-spec "Referrers Tag Schema"). */
  referrers(route: Route, digest: Digest): Promise<Listed<Referrer>>
}

/** What of a descriptor is listed. */
const asReferrer = ({
  mediaType,
  digest,
  size,
  artifactType,
  annotations,
}: Descriptor): Referrer => ({
  mediaType,
  digest,
  size,
  ...(artifactType === undefined ? {} : { artifactType }),
  ...(annotations === undefined ? {} : { annotations }),
})

const byAscii = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

const allTags = async (repository: UpstreamRepository): Promise<readonly string[]> => {
  const found = new Set<string>()
  let last: string | undefined
  for (let page = 0; page < PAGES; page++) {
    const { tags, more } = await repository.tags(PAGE, last)
    const before = found.size
    for (const tag of tags) found.add(tag)
    // One that does not know `last` would go on for ever. Pages may be larger than what was asked for.
    if (!more || found.size === before || found.size >= PAGE * PAGES) break
    last = tags.at(-1)
  }
  return [...found].sort(byAscii)
}

/** The index of referrers under the tag that clients keep it under without the API. */
const fallback = async (
  repository: UpstreamRepository,
  digest: Digest,
): Promise<Uint8Array | undefined> => {
  const tag = `${algorithmOf(digest)}-${hexOf(digest)}`
  try {
    return (await repository.manifest({ tag })).bytes
  } catch (error) {
    if (isUpstreamError(error, 'unknown', 'denied')) return undefined
    throw error
  }
}

const referrersOf = async (
  repository: UpstreamRepository,
  digest: Digest,
): Promise<readonly Referrer[]> => {
  const index = (await repository.referrers(digest)) ?? (await fallback(repository, digest))
  if (index === undefined) return []
  try {
    return (await parseInTurns(index, OCI_INDEX)).listed.map(asReferrer)
  } catch (cause) {
    throw new UpstreamError('wrong', `its list of referrers of ${digest} is none`, { cause })
  }
}

/** Makes lists. @param now clock in milliseconds @param memory what is remembered, of all upstreams */
export const createLists = (
  askAt: AskAt,
  now: () => number,
  memory: Memory = createMemory(),
): Lists => {
  const tags = remembering(memory, 'tags', (route) => allTags(askAt(route).repository), now)
  const referrers = remembering(
    memory,
    'referrers',
    (route, digest) => referrersOf(askAt(route).repository, digest as Digest),
    now,
  )
  return { tags: (route) => tags(route, ''), referrers }
}
