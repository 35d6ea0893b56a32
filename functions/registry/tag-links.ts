/**
 * Which tags of a repository point at a manifest, as far as possible by listings alone.
 *
 * Where a version is the MD5 sum of the bytes, as on S3, a listing tells what each link says. Whether it
 * is that is never believed: with KMS keys versions look the same and are something else, and one bucket
 * can hold both. What counts is proof, tag by tag: a version that is the sum of the digest in question,
 * or that of another manifest of the repository. A tag with any other version is read.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { inBatches } from '../shared/parallel.ts'
import { listPages } from '../storage/pages.ts'
import type { ListedObject, ObjectStore } from '../storage/store.ts'
import type { ReportDamage } from './damage.ts'
import { CURRENT_LINK, revisionOf, revisionsPrefix, tagsPrefix } from './layout.ts'
import { readLink } from './links.ts'
import type { Digest } from './reference.ts'

/** A tag as a listing shows it. */
export interface TagLink extends Pick<ListedObject, 'key' | 'etag' | 'modified'> {
  readonly tag: string
  /** Keys of what distribution and Slipway 1.0 noted of its past. */
  readonly past: readonly string[]
}

/** A tag that points at the manifest, in the version that does. */
export interface PointingTag extends Pick<TagLink, 'tag' | 'key' | 'past'> {
  readonly etag: string
}

/** What a listing costs at S3's prices, in reads. */
const READS_PER_LISTING = 12

/** What a version must look like to be a sum. */
const MD5 = /^[0-9a-f]{32}$/

/** The version of a link that says this digest, where versions are sums. */
export const versionOf = (digest: string): string => createHash('md5').update(digest).digest('hex')

/** Whether a link's version proves that it says this digest. */
export const isVersionOf = (etag: string | undefined, digest: string): boolean =>
  etag === versionOf(digest)

/**
 * The tags of a repository; one listing for each 1000 keys of tags.
 *
 * @param least how many to collect at least before they are given out
 */
export async function* tagLinks(
  store: ObjectStore,
  name: string,
  least = 1,
): AsyncGenerator<readonly TagLink[]> {
  const root = tagsPrefix(name)
  let tags: (TagLink & { readonly past: string[] })[] = []
  for await (const objects of listPages(store, root)) {
    // The past of a page's last tag may be on the next one.
    if (tags.length > least) {
      yield tags.slice(0, -1)
      tags = tags.slice(-1)
    }
    for (const { key, etag, modified } of objects) {
      const last = tags.at(-1)
      const tag = key.slice(root.length, key.indexOf('/', root.length))
      if (key.endsWith(CURRENT_LINK)) tags.push({ tag, key, etag, modified, past: [] })
      else if (last?.tag === tag) last.past.push(key)
    }
  }
  yield tags
}

/**
 * Leaves out the tags whose versions are those of other manifests of the repository: lists the
 * manifests as long as a listing saves more reads than it costs.
 */
const withoutOthers = async (
  store: ObjectStore,
  name: string,
  tags: readonly TagLink[],
): Promise<readonly TagLink[]> => {
  let open = tags
  if (!tags.some(({ etag }) => MD5.test(etag ?? ''))) return open
  let startAfter: string | undefined
  for (let pays = true; pays && open.length > READS_PER_LISTING; ) {
    const page = await store.list(
      revisionsPrefix(name),
      startAfter === undefined ? {} : { startAfter },
    )
    const digests = page.objects.flatMap(({ key }) => revisionOf(name, key) ?? [])
    const versions = new Set(digests.map(versionOf))
    const left = open.filter(({ etag }) => etag === undefined || !versions.has(etag))
    pays = page.truncated && open.length - left.length > READS_PER_LISTING
    startAfter = page.objects.at(-1)?.key
    open = left
  }
  return open
}

/**
 * Those of some tags of a repository that point at a manifest. No operation for tags that do; for the
 * others, listings of the repository's manifests, or a read each.
 */
export const pointingAmong = async (
  store: ObjectStore,
  name: string,
  tags: readonly TagLink[],
  digest: Digest,
  report: ReportDamage,
): Promise<readonly PointingTag[]> => {
  const proved = tags.flatMap((each) =>
    isVersionOf(each.etag, digest) ? [{ ...each, etag: versionOf(digest) }] : [],
  )
  const others = tags.filter(({ etag }) => !isVersionOf(etag, digest))
  const open = await withoutOthers(store, name, others)
  const read = await inBatches(open, async (each) => {
    const link = await readLink(store, each.key, report)
    return link?.target === digest ? [{ ...each, etag: link.etag }] : []
  })
  return [...proved, ...read.flat()]
}
