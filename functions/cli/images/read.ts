/**
 * Reads images, as far as commands show them.
 *
 * @module
 */

import type { Descriptor, Platform } from '../../registry/descriptor.ts'
import { RegistryError } from '../../registry/errors.ts'
import { type Manifest, parseStoredManifest } from '../../registry/manifest.ts'
import { isIndex, isManifestType } from '../../registry/media-types.ts'
import type { Digest, Reference } from '../../registry/reference.ts'
import { parseImage } from '../commands/undelete.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { FoundManifest, ImagesIo } from '../ways/images-io.ts'

/** A manifest that was read. */
export interface ReadImage extends FoundManifest {
  /** Undefined where it cannot be read, as schema 1. */
  readonly manifest: Manifest | undefined
}

/** An image that was named. */
export interface NamedImage {
  readonly name: string
  readonly reference: Reference
  /** As people write it. */
  readonly text: string
}

/** `REPO:TAG`, `REPO@DIGEST`, or `REPO` for its tag latest. @throws RegistryError */
export const namedImage = (text: string): NamedImage => {
  const { name, reference = { tag: 'latest' } } = parseImage(text)
  const { tag, digest } = reference
  return { name, reference, text: tag === undefined ? `${name}@${digest}` : `${name}:${tag}` }
}

/** All elements. */
export const collected = async <T>(all: AsyncIterable<T>): Promise<readonly T[]> => {
  const found: T[] = []
  for await (const each of all) found.push(each)
  return found
}

/** What a manifest says; undefined where it is of no kind that is known. */
export const understood = (bytes: Uint8Array): Manifest | undefined => {
  try {
    return parseStoredManifest(bytes)
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}

/** Reads a manifest by its digest; undefined where it is not there. */
export const readManifest = async (
  io: Pick<ImagesIo, 'manifest'>,
  name: string,
  reference: Reference,
): Promise<ReadImage | undefined> => {
  const found = await io.manifest(name, reference)
  return found && { ...found, manifest: understood(found.bytes) }
}

/** Reads an image that must be there. @throws CommandError */
export const readImage = async (
  io: Pick<ImagesIo, 'manifest'>,
  { name, reference, text }: NamedImage,
): Promise<ReadImage> => {
  const image = await readManifest(io, name, reference)
  if (image === undefined) throw new CommandError(`there is no ${text}`)
  return image
}

/** A platform as `linux/arm64/v8`; undefined where none is said. */
export const platformText = (platform: Platform | undefined): string | undefined => {
  const { os, architecture, variant } = platform ?? {}
  const text = [os, architecture, variant].filter((each) => each !== undefined).join('/')
  return text === '' ? undefined : text
}

/** The manifests of an index, or of anything else that lists some. */
export const childrenOf = ({ manifest }: Pick<ReadImage, 'manifest'>): readonly Descriptor[] =>
  manifest?.listed.filter(({ mediaType }) => isManifestType(mediaType)) ?? []

/** The blobs of an image, its config first. */
export const blobsOf = ({ manifest }: Pick<ReadImage, 'manifest'>): readonly Descriptor[] =>
  manifest?.listed.filter(({ mediaType }) => !isManifestType(mediaType)) ?? []

/** Bytes of what a manifest lists, and its own. */
export const sizeOf = (image: Pick<ReadImage, 'manifest' | 'bytes'>): number =>
  blobsOf(image).reduce((sum, { size }) => sum + size, image.bytes.byteLength)

/** Media types of configs of images that run. */
const IMAGE_CONFIGS = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
]

/** Whether an image has a config that says how it runs. */
export const hasConfig = (image: Pick<ReadImage, 'manifest'>): boolean =>
  IMAGE_CONFIGS.includes(blobsOf(image)[0]?.mediaType ?? '')

/** What a manifest is, in a few words. */
export const kindOf = (image: Pick<ReadImage, 'manifest' | 'mediaType'>): string => {
  if (image.manifest === undefined) return 'unknown'
  if (isIndex(image.manifest.mediaType)) return `index of ${childrenOf(image).length}`
  const { artifactType } = image.manifest
  if (hasConfig(image) && (artifactType === undefined || IMAGE_CONFIGS.includes(artifactType))) {
    return 'image'
  }
  return artifactType === undefined ? 'artifact' : `artifact ${artifactType}`
}

/** Whether a platform is the one that is wanted; without a variant any is. */
const isFor = (platform: Platform | undefined, wanted: string): boolean => {
  const text = platformText(platform)
  return text === wanted || text?.startsWith(`${wanted}/`) === true
}

/**
 * The image of an index for a platform; what is no index is itself.
 *
 * @throws CommandError where there is none, with those that there are; UsageError for what is no platform
 */
export const imageFor = async (
  io: Pick<ImagesIo, 'manifest'>,
  { name, text }: NamedImage,
  image: ReadImage,
  platform: string | undefined,
): Promise<ReadImage> => {
  if (platform === undefined) return image
  if (!/^\w+\/\w+(?:\/\w+)?$/.test(platform)) {
    throw new UsageError(`--platform: expected OS/ARCHITECTURE, as in linux/arm64`)
  }
  const children = childrenOf(image)
  if (children.length === 0) return image
  const child = children.find((each) => isFor(each.platform, platform))
  if (child === undefined) {
    const has = children.map((each) => platformText(each.platform) ?? 'unknown')
    throw new CommandError(`${text} has no image for ${platform}: it has ${has.join(', ')}`)
  }
  const digest: Digest = child.digest
  const found = await readManifest(io, name, { digest })
  if (found === undefined) throw new CommandError(`${name} lacks ${digest}, which ${text} lists`)
  return found
}
