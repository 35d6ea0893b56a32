/**
 * An index of very many repositories, written as it would be kept.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { fold } from '../../functions/search/fold.ts'
import type { IndexedRepository } from '../../functions/search/indexed.ts'
import { BUCKETS, bucketOf } from '../../functions/search/keys.ts'
import { readShard, writeShard } from '../../functions/search/shard.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'

const AT = Date.UTC(2026, 0, 1)

/** Manifests of each repository, each with a tag. */
export const IMAGES = 3

/** The name of a repository. */
export const nameOf = (at: number): string => `team-${at % 500}/service-${at}/image`

/** The digest of a manifest. */
export const digestOf = (at: number, image: number): string =>
  `sha256:${createHash('sha256').update(`${at} ${image}`).digest('hex')}`

const repositoryOf = (at: number): IndexedRepository => {
  const images = Array.from({ length: IMAGES }, (_, image) => image)
  return {
    tags: new Map(
      images.map((image) => {
        const tag = `v${at % 17}.${image}`
        return [tag, { tag, digest: digestOf(at, image), at: AT + at, etag: 'e'.repeat(32) }]
      }),
    ),
    manifests: new Map(
      images.map((image) => {
        const digest = digestOf(at, image)
        const labels = {
          maintainer: `team-${at % 500}`,
          'org.opencontainers.image.revision': digest.slice(7, 47),
          'org.opencontainers.image.description': `Service ${at} of team ${at % 500}`,
        }
        const mediaType = 'application/vnd.oci.image.manifest.v1+json'
        const artifactType = 'application/vnd.oci.image.config.v1+json'
        return [digest, { digest, at: AT + at, mediaType, artifactType, size: 1000, labels }]
      }),
    ),
  }
}

/** Writes an index of so many repositories. */
export const writeMany = async (store: ObjectStore, count: number): Promise<void> => {
  const byBucket = Map.groupBy(
    Array.from({ length: count }, (_, at) => at),
    (at) => bucketOf(nameOf(at)),
  )
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const { etag } = await readShard(store, bucket)
    const those = byBucket.get(bucket) ?? []
    await writeShard(
      store,
      bucket,
      new Map(those.map((at) => [nameOf(at), repositoryOf(at)])),
      etag,
    )
  }
  await fold(store, new Date())
}
