/**
 * How much the index has of repositories, so that a bucket can always be read again, and soon: whoever may push could
 * otherwise take it from all others that share the bucket.
 *
 * Where there is too much, the oldest manifests lose their labels and annotations first; then whoever has the most
 * tags and manifests has fewer of them.
 *
 * @module
 */

import type { Steps } from '../shared/turns.ts'
import type { IndexedManifest, IndexedRepository } from './indexed.ts'

const KB = 1024

/** Most bytes of a bucket, not compressed. */
export const MOST_BYTES = 32 * KB * KB

/** What each repository of a bucket may have. */
export interface Room {
  /** Bytes of labels and annotations. */
  readonly texts: number
  /** Tags, and manifests. */
  readonly most: number
}

const ALL = Number.POSITIVE_INFINITY

/** One after another, until a bucket is small enough. */
export const ROOMS: readonly Room[] = [
  ...[KB * KB, 128 * KB, 16 * KB, 0].map((texts) => ({ texts, most: ALL })),
  ...[1000, 100, 10, 1, 0].map((most) => ({ texts: 0, most })),
]

/** Those that were last written, at most so many. */
export const latest = <T extends { readonly at: number }>(
  all: ReadonlyMap<string, T>,
  most: number,
): ReadonlyMap<string, T> =>
  all.size <= most ? all : new Map([...all].toSorted(([, a], [, b]) => b.at - a.at).slice(0, most))

const bytesOf = ({ labels, annotations }: IndexedManifest): number =>
  labels === undefined && annotations === undefined
    ? 0
    : Buffer.byteLength(JSON.stringify([labels, annotations]))

/** A manifest without its texts, which says so: pushed again, it is described again. */
const bare = ({ labels: _, annotations: __, ...rest }: IndexedManifest): IndexedManifest => ({
  ...rest,
  lacks: rest.lacks ?? 'room',
})

/** What there is room for of a repository. */
export function* within(
  { tags, manifests, unsettled }: IndexedRepository,
  { texts, most }: Room,
): Steps<IndexedRepository> {
  const kept = latest(manifests, most)
  const bared = new Set<string>()
  let left = texts
  for (const each of [...kept.values()].toSorted((a, b) => b.at - a.at)) {
    yield
    const bytes = bytesOf(each)
    if (bytes === 0) continue
    left -= bytes
    if (left < 0) bared.add(each.digest)
  }
  return {
    tags: latest(tags, most),
    manifests: new Map(
      [...kept].map(([digest, each]) => [digest, bared.has(digest) ? bare(each) : each]),
    ),
    unsettled,
  }
}
