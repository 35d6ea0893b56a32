/**
 * Manifests of a repository: pushed, read, deleted.
 *
 * A push takes three steps whatever it refers to: (1) all references are looked up while the data is
 * written, which is verified already and stays unreadable without a link; (2) the revision's link,
 * the referrer's descriptor and the catalog's marker; (3) the tags. A reader who finds a tag finds
 * everything behind it.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Catalog } from './catalog.ts'
import type { Content } from './content.ts'
import { algorithmOf, CANONICAL, type Digest, digestOf } from './digest.ts'
import { RegistryError } from './errors.ts'
import { dataKey, layerLinkKey, revisionLinkKey } from './layout.ts'
import { linkedSize, type RecentLinks } from './links.ts'
import {
  type Descriptor,
  isManifestType,
  type Manifest,
  parseManifest,
  storedMediaType,
} from './manifest.ts'
import type { Reference } from './reference.ts'
import { type Referrers, referrerOf } from './referrers.ts'
import type { TagCondition, Tags } from './tags.ts'

/** Most bytes of a manifest, as every registry and client has it. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024

export interface StoredManifest {
  readonly digest: Digest
  /** Digest that its bytes are stored under. */
  readonly target: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

export interface PushedManifest {
  readonly digest: Digest
  readonly manifest: Manifest
}

export interface PushOptions {
  /** Tags to set beside the reference, as `?tag=` names them. */
  readonly tags?: readonly string[]
  /** Only if the tag named by the reference is as this says. */
  readonly condition?: TagCondition
}

export interface Manifests {
  /** Digest a reference stands for; none for a digest, one operation for a tag. */
  resolve(name: string, reference: Reference): Promise<Digest>
  /** The manifest with this digest. @throws RegistryError MANIFEST_UNKNOWN */
  get(name: string, digest: Digest, viaTag?: boolean): Promise<StoredManifest>
  /**
   * A URL whose HEAD tells length and media type of a manifest; no operation.
   *
   * @param expiresIn life of the URL in seconds
   * @returns undefined where the store cannot give one
   */
  headUrl(manifest: StoredManifest, expiresIn: number): Promise<string | undefined>
  /**
   * Takes a manifest in.
   *
   * @throws RegistryError MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID,
   *   PRECONDITION_FAILED
   */
  push(
    name: string,
    reference: Reference,
    bytes: Uint8Array,
    contentType: string | undefined,
    options?: PushOptions,
  ): Promise<PushedManifest>
  /** Deletes a tag, or a manifest with every tag that points at it. @throws MANIFEST_UNKNOWN */
  remove(name: string, reference: Reference): Promise<void>
}

export const manifestUnknown = (name: string, reference: string): RegistryError =>
  new RegistryError('MANIFEST_UNKNOWN', `the repository ${name} has no manifest ${reference}`, {
    detail: { name, reference },
  })

/** Manifests on a store. */
export const createManifests = (
  store: ObjectStore,
  parts: {
    readonly tags: Tags
    readonly referrers: Referrers
    readonly catalog: Catalog
    readonly links: RecentLinks
    readonly content: Content
  },
): Manifests => {
  const { tags, referrers, catalog, links, content } = parts

  const readData = (digest: Digest): Promise<Uint8Array | undefined> =>
    content.get(dataKey(digest), MAX_MANIFEST_BYTES)

  /** A tag is only ever set to a linked revision, so behind one the link is not asked for again. */
  const dataOf = async (name: string, digest: Digest, viaTag: boolean) => {
    const canonical = algorithmOf(digest) === CANONICAL
    if (viaTag && canonical) return { target: digest, bytes: await readData(digest) }
    const [link, early] = await Promise.all([
      links.read(revisionLinkKey(name, digest)),
      canonical ? readData(digest) : undefined,
    ])
    if (link === undefined) return undefined
    return { target: link.target, bytes: early ?? (await readData(link.target)) }
  }

  const get: Manifests['get'] = async (name, digest, viaTag = false) => {
    const { target, bytes } = (await dataOf(name, digest, viaTag)) ?? {}
    if (target === undefined || bytes === undefined) throw manifestUnknown(name, digest)
    return { digest, target, bytes, mediaType: storedMediaType(bytes) }
  }

  /** What is wrong with a reference, or undefined when this repository has it as described. */
  const missing = async (name: string, descriptor: Descriptor): Promise<string | undefined> => {
    const { digest, mediaType, size } = descriptor
    const key = isManifestType(mediaType) ? revisionLinkKey : layerLinkKey
    const link = await links.read(key(name, digest))
    const held = link && (await linkedSize(store, link))
    if (held === undefined) return digest
    if (held === size) return undefined
    throw new RegistryError(
      'MANIFEST_INVALID',
      `the manifest says ${digest} has ${size} bytes, but it has ${held}`,
      { detail: { digest, size: held } },
    )
  }

  const checkReferences = async (name: string, manifest: Manifest): Promise<void> => {
    const distinct = [
      ...new Map(manifest.references.map((each) => [each.digest + each.size, each])),
    ]
    const answers = await inBatches(distinct, ([, each]) => missing(name, each))
    const digests = answers.filter((digest) => digest !== undefined)
    if (digests.length === 0) return
    throw new RegistryError(
      'MANIFEST_BLOB_UNKNOWN',
      `the manifest refers to ${digests.slice(0, 3).join(', ')}${digests.length > 3 ? ` and ${digests.length - 3} more` : ''}, not in the repository ${name}: push that first`,
      { detail: { name, digests: digests.slice(0, 100) } },
    )
  }

  const push: Manifests['push'] = async (name, reference, bytes, contentType, options = {}) => {
    const manifest = parseManifest(bytes, contentType)
    const canonical = digestOf(bytes)
    const digest = reference.digest ?? canonical
    const actual = algorithmOf(digest) === CANONICAL ? canonical : digestOf(bytes, 'sha512')
    if (actual !== digest) {
      throw new RegistryError('DIGEST_INVALID', `the manifest's digest is ${actual}, not ${digest}`)
    }

    const size = bytes.byteLength
    const data = store.put(dataKey(canonical), bytes, { sha256: canonical.slice('sha256:'.length) })
    await settled([checkReferences(name, manifest), data])

    const linked = links.write(revisionLinkKey(name, digest), canonical, size)
    const { subject } = manifest
    const listed =
      subject && referrers.add(name, subject.digest, referrerOf(manifest, digest, size))
    await settled([linked, listed, catalog.add(name)])

    const names = new Set([...(reference.tag ? [reference.tag] : []), ...(options.tags ?? [])])
    await inBatches([...names], (tag) => tags.set(name, tag, digest, options.condition))
    return { digest, manifest }
  }

  const removeManifest = async (name: string, digest: Digest): Promise<void> => {
    const { bytes } = await get(name, digest)
    // Tags first: if this stops half-way, no tag points at a manifest that is gone.
    await tags.removePointingAt(name, digest)
    const subject = subjectOf(bytes)
    await settled([
      links.delete([revisionLinkKey(name, digest)]),
      subject && referrers.remove(name, subject, digest),
    ])
  }

  return {
    async resolve(name, { tag, digest }) {
      if (digest !== undefined) return digest
      const link = await tags.get(name, tag)
      if (link === undefined) throw manifestUnknown(name, tag)
      return link.target
    },
    get,
    async headUrl({ target, mediaType }, expiresIn) {
      return store.presign?.('HEAD', dataKey(target), { expiresIn, contentType: mediaType })
    },
    push,
    async remove(name, { tag, digest }) {
      if (digest !== undefined) return removeManifest(name, digest)
      if (!(await tags.remove(name, tag))) throw manifestUnknown(name, tag)
    },
  }
}

/** Waits for all, also when one fails: no work goes on after the answer. */
const settled = async (work: readonly (Promise<unknown> | undefined)[]): Promise<void> => {
  const ends = await Promise.allSettled(work)
  const failure = ends.find((end) => end.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}

/** Subject of a stored manifest; none when an older registry took something malformed in. */
const subjectOf = (bytes: Uint8Array): Digest | undefined => {
  try {
    return parseManifest(bytes, undefined).subject?.digest
  } catch {
    return undefined
  }
}
