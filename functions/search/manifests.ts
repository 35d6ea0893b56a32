/**
 * Looks for manifests: by tag, digest, label, annotation, type, and by the name of their repository.
 *
 * They are given bucket by bucket, in each by repository and digest. Buckets that cannot have any are not read. Whoever
 * may pull everything gets a page that is not full where it would cost more; whoever may not gets a full page, or the
 * last one: anything else would tell of what they may not see.
 *
 * @module
 */

import { inTurns, type Steps } from '../shared/turns.ts'
import type { Current, Snapshot } from './current.ts'
import { cut } from './describe.ts'
import type { IndexedManifest, IndexedRepository, Shard } from './indexed.ts'
import { bucketOf } from './keys.ts'
import type { Visible } from './repositories.ts'
import { lookFor, pairOf, type Term } from './terms.ts'

/** Most buckets that are read for a page of whoever may pull everything. */
const MOST_READS = 2

/** Most bytes of a page, as JSON; but one manifest is always in it. */
const MOST_BYTES = 1024 * 1024

/** A label or an annotation, with this value or with any. */
export interface Text {
  readonly key: string
  readonly value: string | undefined
}

/** What is looked for: all of it. */
export interface Wanted {
  /** A part of the repository's name. */
  readonly query: string
  readonly repository: string | undefined
  /** A tag; one that ends with `*` stands for all that begin so. */
  readonly tag: string | undefined
  /** Beginning of a digest's hex, with the algorithm where that matters. */
  readonly digest: { readonly algorithm: string | undefined; readonly hex: string } | undefined
  /** A media type, or an artifact's type. */
  readonly type: string | undefined
  readonly labels: readonly Text[]
  readonly annotations: readonly Text[]
}

/** Where a page begins: after a manifest, or at a bucket. */
export interface Place {
  readonly bucket: number
  readonly repository?: string | undefined
  readonly digest?: string | undefined
}

/** A manifest that was found. */
export interface FoundManifest extends IndexedManifest {
  readonly repository: string
  /** Its tags, in their order. */
  readonly tags: readonly string[]
}

/** A page. */
export interface FoundPage {
  readonly found: readonly FoundManifest[]
  /** Where the next one begins, if there may be one. */
  readonly next: Place | undefined
}

const cutText = ({ key, value }: Text): string =>
  value === undefined ? key : pairOf(key, cut(value))

const termsOf = ({ tag, digest, type, labels, annotations }: Wanted): readonly Term[] => [
  ...(digest === undefined ? [] : [{ kind: 'digest' as const, prefix: digest.hex }]),
  ...(tag === undefined
    ? []
    : tag.endsWith('*')
      ? [{ kind: 'tag-prefix' as const, text: tag.slice(0, -1) }]
      : [{ kind: 'tag' as const, text: tag }]),
  ...(type === undefined ? [] : [{ kind: 'type' as const, text: type }]),
  ...labels.map((each) => ({ kind: 'label' as const, text: cutText(each) })),
  ...annotations.map((each) => ({ kind: 'annotation' as const, text: cutText(each) })),
]

const hasTexts = (
  texts: Readonly<Record<string, string>> | undefined,
  wanted: readonly Text[],
): boolean =>
  wanted.every(({ key, value }) => {
    const is = texts !== undefined && Object.hasOwn(texts, key) ? texts[key] : undefined
    return is !== undefined && (value === undefined || is === cut(value))
  })

const tagFits = (tag: string, wanted: string): boolean =>
  wanted.endsWith('*') ? tag.startsWith(wanted.slice(0, -1)) : tag === wanted

const fits = (manifest: IndexedManifest, tags: readonly string[], wanted: Wanted): boolean => {
  const { digest, mediaType, artifactType, labels, annotations } = manifest
  if (wanted.digest !== undefined) {
    const [algorithm = '', hex = ''] = digest.split(':')
    if (!hex.startsWith(wanted.digest.hex)) return false
    if (wanted.digest.algorithm !== undefined && wanted.digest.algorithm !== algorithm) return false
  }
  const { tag, type } = wanted
  if (tag !== undefined && !tags.some((each) => tagFits(each, tag))) return false
  if (type !== undefined && type !== mediaType && type !== artifactType) return false
  return hasTexts(labels, wanted.labels) && hasTexts(annotations, wanted.annotations)
}

/** Tags by the digest that they name. */
const tagsBy = ({ tags }: IndexedRepository): ReadonlyMap<string, readonly string[]> => {
  const by = new Map<string, string[]>()
  for (const { tag, digest } of tags.values()) {
    const there = by.get(digest)
    if (there === undefined) by.set(digest, [tag])
    else there.push(tag)
  }
  return by
}

/** Whether somebody may see one of these: looking at rights takes long. */
function* anySeen(names: readonly { readonly name: string }[], isSeen: Visible): Steps<boolean> {
  for (const { name } of names) {
    yield
    if (isSeen(name)) return true
  }
  return false
}

/** Those of a bucket, at most so many. */
function* looking(
  shard: Shard,
  isSeen: Visible,
  wanted: Wanted,
  { repository = '', digest = '' }: Omit<Place, 'bucket'>,
  limit: number,
): Steps<readonly FoundManifest[]> {
  const found: FoundManifest[] = []
  for (const name of [...shard.keys()].sort()) {
    yield
    if (name < repository || !isSeen(name)) continue
    const there = shard.get(name)!
    const by = tagsBy(there)
    const digests = [...there.manifests.keys()]
      .filter((each) => name !== repository || each > digest)
      .sort()
    for (const each of digests) {
      yield
      if (found.length >= limit) return found
      const manifest = there.manifests.get(each)!
      const tags = by.get(each) ?? []
      if (fits(manifest, tags, wanted)) {
        found.push({ ...manifest, repository: name, tags: tags.toSorted() })
      }
    }
  }
  return found
}

/** Adds to a page. @returns false when there is no room for all of these */
const createAdder = (page: FoundManifest[], limit: number) => {
  let bytes = 0
  return (more: readonly FoundManifest[]): boolean => {
    for (const each of more) {
      bytes += Buffer.byteLength(JSON.stringify(each))
      if (page.length >= limit || (bytes > MOST_BYTES && page.length > 0)) return false
      page.push(each)
    }
    return true
  }
}

/**
 * A page of what somebody may see.
 *
 * @param all whether that is everything
 */
export const findManifests = async (
  current: Current,
  snapshot: Snapshot,
  wanted: Wanted,
  visible: Visible,
  all: boolean,
  limit: number,
  from: Place = { bucket: 0 },
): Promise<FoundPage> => {
  const query = wanted.query.toLowerCase()
  const isWanted = (name: string): boolean =>
    (wanted.repository === undefined || name === wanted.repository) && name.includes(query)
  const isSeen = (name: string): boolean => isWanted(name) && visible(name)
  const terms = termsOf(wanted).map(lookFor)
  const parts = terms.length === 0 ? undefined : await current.terms(snapshot)
  const only = wanted.repository === undefined ? undefined : bucketOf(wanted.repository)
  const buckets = [...snapshot.buckets.keys()]
    .filter((bucket) => bucket >= from.bucket && (only === undefined || bucket === only))
    .filter((bucket) => {
      const part = parts?.get(bucket)?.bytes
      // Of one without terms nobody knows.
      return part === undefined || terms.every((mayBeIn) => mayBeIn(part))
    })
    .sort((a, b) => a - b)
  const found: FoundManifest[] = []
  const add = createAdder(found, limit)
  let reads = 0
  for (const bucket of buckets) {
    const names = snapshot.buckets.get(bucket)?.names ?? []
    if (!(await inTurns(anySeen(names, isSeen)))) continue
    let shard = current.remembered(snapshot, bucket)
    if (shard === undefined) {
      if (all && (reads >= MOST_READS || found.length >= limit)) return { found, next: { bucket } }
      reads += 1
      shard = await current.read(bucket)
    }
    const place = bucket === from.bucket ? from : {}
    const more = limit + 1 - found.length
    if (add(await inTurns(looking(shard, isSeen, wanted, place, more)))) continue
    const last = found.at(-1)
    if (last === undefined) return { found, next: from }
    const { repository, digest } = last
    return { found, next: { bucket: bucketOf(repository), repository, digest } }
  }
  return { found, next: undefined }
}
