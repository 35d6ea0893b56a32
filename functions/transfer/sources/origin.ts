/**
 * Opened images as an origin of copies.
 *
 * @module
 */

import { isIndex } from '../../registry/media-types.ts'
import type { Origin } from '../copy/ports.ts'
import { type Descriptor, shapeOf } from '../copy/shape.ts'
import { isFallbackTag } from '../registry/referrers-tag.ts'
import type { Image, Source } from './source.ts'

/** Whether an image is a list of referrers, as in registries without their API. */
export const isReferrerList = ({ root, tags }: Image): boolean =>
  isIndex(root.mediaType) && tags.some(isFallbackTag)

/** What refers to what among images. */
const referrersIn = async (
  source: Source,
): Promise<ReadonlyMap<string, ReadonlyMap<string, Descriptor>>> => {
  const found = new Map<string, Map<string, Descriptor>>()
  const add = (subject: string, each: Descriptor): void => {
    const list = found.get(subject) ?? new Map<string, Descriptor>()
    found.set(subject, list.set(each.digest, each))
  }
  for (const image of source.images) {
    const { root } = image
    const { subject, manifests } = shapeOf(root)
    const { digest, mediaType, bytes } = root
    if (subject !== undefined) add(subject.digest, { digest, mediaType, size: bytes.length })
    for (const each of isReferrerList(image) ? manifests : []) {
      const listed = shapeOf(await source.manifest(each.digest, each.mediaType))
      if (listed.subject !== undefined) add(listed.subject.digest, each)
    }
  }
  return found
}

/** Images as an origin, by their digests. @param called what messages call it */
export const originOfSource = async (source: Source, called: string): Promise<Origin> => {
  const referrers = await referrersIn(source)
  const roots = new Map(source.images.map(({ root }) => [root.digest, root]))
  return {
    called,
    tags: async () => source.images.flatMap(({ tags }) => tags),
    manifest: async (reference, mediaType) =>
      roots.get(reference) ?? source.manifest(reference, mediaType ?? ''),
    referrers: async (digest) => [...(referrers.get(digest)?.values() ?? [])],
    blob: (digest, size) => source.blob(digest, size),
  }
}
