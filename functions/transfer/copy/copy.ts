/**
 * The engine: moves images from an origin to a destination, whatever these are. What is there is not moved again;
 * blobs go first, some at a time, then manifests, those that others refer to first, and tags last. So whatever is
 * broken off leaves nothing that can be named and not read.
 *
 * @module
 */

import { isIndex, isManifestType, isNonDistributable } from '../../registry/media-types.ts'
import { settled } from '../../shared/parallel.ts'
import { MissingError, TransferError } from '../errors.ts'
import type { Sender } from '../sender.ts'
import type { Manifest } from '../sources/source.ts'
import { type Patience, patiently } from './patience.ts'
import { chosenOf, type Platform } from './platforms.ts'
import type { Destination, Origin } from './ports.ts'
import { type Descriptor, shapeOf } from './shape.ts'
import { checkManifest, verified } from './verified.ts'

/**
 * Most manifests in a row of which each lists the next one, or is referred to by it: a signature of an SBOM of an image of an
 * index is the fourth. A registry could go on for ever, as it may make up what refers to what it was just asked for.
 */
const DEEPEST = 32

/** What became of a manifest. */
export interface CopiedManifest {
  readonly digest: string
  /** The tag that was set, if one was. */
  readonly tag: string | undefined
  /** Whether it had been there. */
  readonly there: boolean
}

export interface CopyOptions {
  readonly from: Origin
  readonly to: Destination
  readonly sender: Pick<Sender, 'send'>
  /** Only these of an index; none: all. */
  readonly platforms: readonly Platform[]
  /** Whether what refers to the images comes along. */
  readonly referrers: boolean
  readonly patience: Patience
  readonly happened: (manifest: CopiedManifest) => void
}

/** Is told of the first failure of an image. */
type Fail = (error: unknown) => void

/** Copies images, each of what they share once. What fails, fails alone. */
export interface Copier {
  /**
   * Copies an image or an index.
   *
   * @param reference a tag or a digest
   * @param tags what it is called at the destination; none: by its digest alone
   * @returns the digest of what is there now
   * @throws TransferError when something is missing or refused
   */
  copy(reference: string, tags: readonly string[]): Promise<string>
}

/** Makes a copier. */
export const createCopier = (options: CopyOptions): Copier => {
  const { from, to, sender, patience, happened } = options
  const brought = new Map<string, Promise<void>>()

  /** Does what a manifest needs; what its origin lacks is told with the manifest. */
  const needed = async (referrer: string, fail: Fail, work: Promise<void>): Promise<void> => {
    try {
      await work
    } catch (error) {
      const told =
        error instanceof MissingError && !error.told
          ? new MissingError(`${error.message}, to which its manifest ${referrer} refers`, true)
          : error
      fail(told)
      throw told
    }
  }

  const fetch = async (reference: string, mediaType?: string): Promise<Manifest> => {
    const manifest = await patiently(() => from.manifest(reference, mediaType), patience)
    checkManifest(from.called, manifest)
    return manifest
  }

  const bringBlob = (blob: Descriptor): Promise<void> =>
    sender.send(blob, async () => {
      const opened = await from.blob(blob.digest, blob.size)
      return to.verifies ? opened : verified(from.called, opened)
    })

  /** All that a manifest refers to. */
  const bringContent = async (manifest: Manifest, fail: Fail, depth = 0): Promise<void> => {
    const { config, layers, blobs, manifests } = shapeOf(manifest)
    const below = manifests.filter(({ mediaType }) => isManifestType(mediaType))
    const others = manifests.filter((each) => !below.includes(each))
    const wanted = [...(config ? [config] : []), ...layers, ...blobs, ...others]
    await settled(
      [
        ...wanted.filter(({ mediaType }) => !isNonDistributable(mediaType)).map(bringBlob),
        ...below.map((each) => bring(each, fail, depth + 1)),
      ].map((work) => needed(manifest.digest, fail, work)),
    )
  }

  const put = async (manifest: Manifest, tag?: string): Promise<void> => {
    await patiently(() => to.put(manifest, tag), patience)
    happened({ digest: manifest.digest, tag, there: false })
  }

  const bringReferrers = async (digest: string, fail: Fail, depth = 0): Promise<void> => {
    if (!options.referrers) return
    const found = await patiently(() => from.referrers(digest), patience)
    await settled(found.map((each) => bring(each, fail, depth + 1)))
  }

  /** A manifest with all below it, and what refers to any of that. */
  const bringAll = async (
    { digest, mediaType }: Descriptor,
    fail: Fail,
    depth: number,
  ): Promise<void> => {
    if (depth > DEEPEST) {
      throw new TransferError(
        `${from.called} has ${digest} below ${DEEPEST} others: it is left there`,
      )
    }
    // An index may be there without all of its images; an image has been refused without its blobs.
    const there = !isIndex(mediaType) && (await patiently(() => to.has(digest), patience))
    if (there) happened({ digest, tag: undefined, there })
    else {
      const manifest = await fetch(digest, mediaType)
      await bringContent(manifest, fail, depth)
      await put(manifest)
    }
    await bringReferrers(digest, fail, depth)
  }

  const bring = (descriptor: Descriptor, fail: Fail, depth: number): Promise<void> => {
    const before = brought.get(descriptor.digest)
    if (before !== undefined) return before
    const begun = bringAll(descriptor, fail, depth)
    brought.set(descriptor.digest, begun)
    return begun
  }

  const bringRoot = async (root: Manifest, tags: readonly string[], fail: Fail): Promise<void> => {
    const { digest, mediaType } = root
    const found = tags.map((tag) => patiently(() => to.tagged(tag), patience))
    const whole = !isIndex(mediaType) && (await patiently(() => to.has(digest), patience))
    const [...before] = await settled([...found, whole ? undefined : bringContent(root, fail)])
    // What refers to an image is there before its tag, and the image before what refers to it.
    if (options.referrers || tags.length === 0) {
      if (whole || before.includes(digest)) happened({ digest, tag: undefined, there: true })
      else await put(root)
      await bringReferrers(digest, fail)
    }
    for (const [at, tag] of tags.entries()) {
      if (before[at] === digest) happened({ digest, tag, there: true })
      else await put(root, tag)
    }
  }

  const attempt = async (root: Manifest, tags: readonly string[], fail: Fail): Promise<string> => {
    if (!isManifestType(root.mediaType)) {
      throw new TransferError(
        `${root.digest} in ${from.called} is ${root.mediaType}: expected a manifest or an index`,
      )
    }
    const chosen = chosenOf(from.called, root, options.platforms)
    const manifest =
      'only' in chosen ? await fetch(chosen.only.digest, chosen.only.mediaType) : chosen.index
    await bringRoot(manifest, tags, fail)
    return manifest.digest
  }

  return {
    async copy(reference, tags) {
      const root = await fetch(reference)
      // The first failure counts, while others are still under way.
      const failure: PromiseWithResolvers<never> = Promise.withResolvers()
      failure.promise.catch(() => {})
      const attempted = attempt(root, tags, failure.reject)
      try {
        return await Promise.race([attempted, failure.promise])
      } catch (error) {
        attempted.catch(() => {})
        if (!(error instanceof MissingError) || reference === root.digest) throw error
        // Whoever moved the tag may have deleted what it named.
        const now = await fetch(reference).catch(() => undefined)
        if (now?.digest === root.digest) throw error
        const moved = now === undefined ? 'deleted' : `moved to ${now.digest}`
        throw new MissingError(
          `${reference} in ${from.called} was ${moved} while it was copied: ${error.message}; copy it again`,
        )
      }
    },
  }
}
