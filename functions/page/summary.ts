/**
 * What a list shows of a manifest. It never changes, so it is remembered by digest.
 *
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Platform } from '../registry/descriptor.ts'
import { RegistryError } from '../registry/errors.ts'
import { type Manifest, parseStoredManifest } from '../registry/manifest.ts'
import type { Manifests, StoredManifest } from '../registry/manifests.ts'
import { isIndex } from '../registry/media-types.ts'
import type { Digest } from '../registry/reference.ts'
import { inOneTurn } from '../shared/turns.ts'
import { type Kind, kindOf } from './kind.ts'

/** Most manifests that are remembered; some 300 bytes each. */
const MOST = 20_000

/** A manifest in a list. */
export interface Summary {
  readonly kind: Kind
  readonly mediaType: string
  readonly artifactType?: string | undefined
  /** Bytes of configuration and layers; for an index, whose images were not read, none. */
  readonly size?: number | undefined
  /** Of an index. */
  readonly platforms?: readonly string[] | undefined
}

/** A platform in words, as in `linux/arm64/v8`. */
export const platformName = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter((part) => part !== undefined).join('/')

/** Whether a platform is one that images run on: attestations of BuildKit have `unknown`. */
export const runs = (platform: Platform | undefined): platform is Platform =>
  platform?.os !== undefined && platform.os !== 'unknown'

/** Bytes of what a manifest lists, each once. */
export const bytesListed = ({ listed }: Pick<Manifest, 'listed'>): number =>
  [...new Map(listed.map(({ digest, size }) => [digest, size])).values()].reduce(
    (sum, size) => sum + size,
    0,
  )

/** A stored manifest, read; undefined for schema 1, and what else an older registry accepted. */
export const readStored = ({ bytes }: StoredManifest): Promise<Manifest | undefined> =>
  inOneTurn(() => {
    try {
      return parseStoredManifest(bytes)
    } catch {
      return undefined
    }
  })

const summaryOf = (stored: StoredManifest, manifest: Manifest | undefined): Summary => {
  if (manifest === undefined) return { kind: 'image', mediaType: stored.mediaType }
  const { mediaType, artifactType, annotations, listed } = manifest
  const layers = listed.map((each) => each.mediaType)
  const kind = kindOf({ mediaType, artifactType, annotations, layers })
  if (!isIndex(mediaType)) return { kind, mediaType, artifactType, size: bytesListed(manifest) }
  const platforms = listed.map(({ platform }) => platform).filter(runs)
  return { kind, mediaType, artifactType, platforms: platforms.map(platformName) }
}

/** Summaries of manifests. */
export interface Summaries {
  /** One that is remembered. */
  known(digest: Digest): Summary | undefined
  /**
   * One that a tag leads to; one operation, or none where the manifest is in memory.
   *
   * @returns undefined when it is not there
   */
  read(name: string, digest: Digest): Promise<Summary | undefined>
}

/** Remembers summaries. */
export const createSummaries = (manifests: Pick<Manifests, 'get'>): Summaries => {
  const memory = new LRUCache<Digest, Summary>({ max: MOST })
  return {
    known: (digest) => memory.get(digest),
    async read(name, digest) {
      try {
        const stored = await manifests.get(name, digest, true)
        const summary = summaryOf(stored, await readStored(stored))
        memory.set(digest, summary)
        return summary
      } catch (error) {
        if (error instanceof RegistryError && error.code === 'MANIFEST_UNKNOWN') return undefined
        throw error
      }
    },
  }
}
