/**
 * What the index says of a manifest. It never changes, since a digest says what the bytes are.
 *
 * @module
 */

import { isObject } from '../registry/descriptor.ts'
import { dataKey } from '../registry/layout.ts'
import { type Manifest, parseStoredManifest } from '../registry/manifest.ts'
import { MAX_MANIFEST_BYTES } from '../registry/manifests.ts'
import { isIndex, isManifestType } from '../registry/media-types.ts'
import { algorithmOf, CANONICAL, type Digest } from '../registry/reference.ts'
import { inOneTurn } from '../shared/turns.ts'
import { discard, readAll } from '../storage/bytes.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { IndexedManifest } from './shard.ts'

/** Most labels, and most annotations, of a manifest. */
export const MOST_TEXTS = 64
/** Most characters of a key, and of a value; a longer value is cut. */
export const MAX_KEY = 128
export const MAX_VALUE = 256
/** Most bytes of a configuration that is read. */
const MAX_CONFIG_BYTES = 1024 * 1024

/** A manifest without where and since when it is. */
export type Described = Omit<IndexedManifest, 'at'>

/** A value as the index has it. */
export const cut = (value: string): string => value.slice(0, MAX_VALUE)

const bounded = (given: unknown): Record<string, string> | undefined => {
  if (!isObject(given)) return undefined
  const entries = Object.entries(given)
    .filter((each): each is [string, string] => typeof each[1] === 'string')
    .filter(([key]) => key.length > 0 && key.length <= MAX_KEY)
    .slice(0, MOST_TEXTS)
  if (entries.length === 0) return undefined
  return Object.fromEntries(entries.map(([key, value]) => [key, cut(value)]))
}

const readBytes = async (
  store: ObjectStore,
  digest: Digest,
  limit: number,
): Promise<Uint8Array | undefined> => {
  const read = await store.get(dataKey(digest))
  if (read === undefined) return undefined
  if (read.info.size <= limit) return readAll(read.body, limit)
  discard(read.body)
  return undefined
}

const parsed = (bytes: Uint8Array): Promise<Manifest | undefined> =>
  inOneTurn(() => {
    try {
      return parseStoredManifest(bytes)
    } catch {
      // Schema 1, and whatever else an older registry accepted.
      return undefined
    }
  })

const readManifest = async (
  store: ObjectStore,
  digest: Digest,
): Promise<{ readonly manifest: Manifest | undefined; readonly size: number } | undefined> => {
  const bytes = await readBytes(store, digest, MAX_MANIFEST_BYTES)
  return bytes && { manifest: await parsed(bytes), size: bytes.byteLength }
}

/** Configurations that say labels: an image's. */
const IMAGE_CONFIG = /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json$/

const labelsOf = async (
  store: ObjectStore,
  { listed, mediaType }: Manifest,
): Promise<Record<string, string> | undefined> => {
  if (isIndex(mediaType)) {
    // Attestations, which buildx adds, run on nothing.
    const image = listed.find(
      (each) => isManifestType(each.mediaType) && each.platform?.os !== 'unknown',
    )
    if (image === undefined || algorithmOf(image.digest) !== CANONICAL) return undefined
    const child = (await readManifest(store, image.digest))?.manifest
    return child === undefined || isIndex(child.mediaType) ? undefined : labelsOf(store, child)
  }
  const config = listed.find((each) => IMAGE_CONFIG.test(each.mediaType))
  if (config === undefined || algorithmOf(config.digest) !== CANONICAL) return undefined
  if (config.size > MAX_CONFIG_BYTES) return undefined
  const bytes = await readBytes(store, config.digest, MAX_CONFIG_BYTES)
  if (bytes === undefined) return undefined
  return inOneTurn(() => {
    try {
      const json: unknown = JSON.parse(Buffer.from(bytes).toString())
      const inner = isObject(json) ? json.config : undefined
      return bounded(isObject(inner) ? inner.Labels : undefined)
    } catch {
      return undefined
    }
  })
}

/**
 * Describes a manifest: a read of it, of its configuration, and of an index's first image.
 *
 * @param target digest that its bytes are stored under
 */
export const describeManifest = async (
  store: ObjectStore,
  digest: Digest,
  target: Digest,
): Promise<Described> => {
  const { manifest, size = 0 } = (await readManifest(store, target)) ?? {}
  if (manifest === undefined) return { digest, mediaType: '', size }
  const labels = await labelsOf(store, manifest)
  const annotations = bounded(manifest.annotations)
  const { mediaType, artifactType, subject } = manifest
  return {
    digest,
    mediaType,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject: subject.digest }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}
