/**
 * What the index says of a manifest, and of what it refers to: a digest says what the bytes are.
 *
 * All data are in one place, and anyone may name any digest. So what a manifest refers to is read only where its own
 * repository has a link to it: whoever may pull from that repository could read it, too.
 *
 * @module
 */

import { isObject } from '../registry/descriptor.ts'
import { dataKey, layerLinkKey } from '../registry/layout.ts'
import { readLink } from '../registry/links.ts'
import { type Manifest, parseStoredManifest } from '../registry/manifest.ts'
import { MAX_MANIFEST_BYTES } from '../registry/manifests.ts'
import { isIndex, isManifestType } from '../registry/media-types.ts'
import type { Digest } from '../registry/reference.ts'
import type { Revisions } from '../registry/revisions.ts'
import { inOneTurn } from '../shared/turns.ts'
import { discard, readAll } from '../storage/bytes.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { IndexedManifest } from './indexed.ts'

/** Most labels, and most annotations, of a manifest. */
export const MOST_TEXTS = 64
/** Most characters of a key, and of a value; a longer value is cut. */
export const MAX_KEY = 128
export const MAX_VALUE = 256
/** Most characters of a type; a longer one is none (RFC 6838 4.2). */
const MAX_TYPE = 255
/** Most bytes of labels and annotations together, as JSON; of annotations alone half as many. */
export const MOST_BYTES = 4096
/** Most bytes of a configuration that is read. */
const MAX_CONFIG_BYTES = 1024 * 1024

/** A manifest without where and since when it is. */
export type Described = Omit<IndexedManifest, 'at'>

/** A value as the index has it. */
export const cut = (value: string): string => value.slice(0, MAX_VALUE).toWellFormed()

type Texts = Readonly<Record<string, string>>

/** Bytes of a text in JSON, with what stands around it: a control character has six. */
const sizeOf = (key: string, value: string): number =>
  Buffer.byteLength(JSON.stringify(key)) + Buffer.byteLength(JSON.stringify(value)) + 2

/** What there is room for of texts, whatever they are. @param room bytes */
const bounded = (given: unknown, room: number): Texts | undefined => {
  if (!isObject(given)) return undefined
  const found: [string, string][] = []
  let left = room
  for (const [key, value] of Object.entries(given)) {
    if (found.length === MOST_TEXTS) break
    if (typeof value !== 'string' || key.length === 0 || key.length > MAX_KEY) continue
    const size = sizeOf(key, cut(value))
    if (size > left) continue
    left -= size
    found.push([key, cut(value)])
  }
  return found.length === 0 ? undefined : Object.fromEntries(found)
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

/** Where a manifest is, and how its repository's links are read. */
export interface Place {
  readonly store: ObjectStore
  readonly name: string
  readonly revisions: Pick<Revisions, 'find'>
}

/** Stands for labels that are somewhere else, or not there yet. */
const LACKING = Symbol('lacking')

const readLabels = (bytes: Uint8Array, room: number): Promise<Texts | undefined> =>
  inOneTurn(() => {
    try {
      const json: unknown = JSON.parse(Buffer.from(bytes).toString())
      const inner = isObject(json) ? json.config : undefined
      return bounded(isObject(inner) ? inner.Labels : undefined, room)
    } catch {
      return undefined
    }
  })

const labelsOfImage = async (
  { store, name }: Place,
  { listed }: Manifest,
  room: number,
): Promise<Texts | undefined | typeof LACKING> => {
  const config = listed.find((each) => IMAGE_CONFIG.test(each.mediaType))
  if (config === undefined || config.size > MAX_CONFIG_BYTES) return undefined
  const link = await readLink(store, layerLinkKey(name, config.digest))
  if (link === undefined) return LACKING
  const bytes = await readBytes(store, link.target, MAX_CONFIG_BYTES)
  return bytes === undefined ? LACKING : readLabels(bytes, room)
}

const labelsOf = async (
  place: Place,
  manifest: Manifest,
  room: number,
): Promise<Texts | undefined | typeof LACKING> => {
  if (!isIndex(manifest.mediaType)) return labelsOfImage(place, manifest, room)
  // Attestations, which buildx adds, run on nothing.
  const image = manifest.listed.find(
    (each) => isManifestType(each.mediaType) && each.platform?.os !== 'unknown',
  )
  if (image === undefined) return undefined
  const link = await place.revisions.find(place.name, image.digest)
  if (link === undefined) return LACKING
  const read = await readManifest(place.store, link.target)
  if (read === undefined) return LACKING
  const child = read.manifest
  return child === undefined || isIndex(child.mediaType)
    ? undefined
    : labelsOfImage(place, child, room)
}

/**
 * Describes a manifest: a read of it, of its configuration, and of an index's first image, and of the links to these.
 *
 * @param target digest that its bytes are stored under
 */
export const describeManifest = async (
  place: Place,
  digest: Digest,
  target: Digest,
): Promise<Described> => {
  const read = await readManifest(place.store, target)
  const { manifest, size = 0 } = read ?? {}
  if (manifest === undefined) {
    return { digest, mediaType: '', size, ...(read === undefined ? { lacks: 'parts' } : {}) }
  }
  const annotations = bounded(manifest.annotations, MOST_BYTES / 2)
  const used = Object.entries(annotations ?? {}).map((each) => sizeOf(...each))
  const room = MOST_BYTES - used.reduce((a, b) => a + b, 0)
  const labels = await labelsOf(place, manifest, room)
  const { mediaType, subject } = manifest
  const artifactType =
    (manifest.artifactType?.length ?? 0) > MAX_TYPE ? undefined : manifest.artifactType
  return {
    digest,
    mediaType,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject: subject.digest }),
    ...(labels === LACKING ? { lacks: 'parts' } : labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  }
}
