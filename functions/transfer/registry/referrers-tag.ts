/**
 * Lists of referrers in registries without the referrers API: an index under a tag that its readers and writers
 * agree on (distribution-spec "Referrers Tag Schema").
 *
 * @module
 */

import { OCI_INDEX } from '../../registry/media-types.ts'
import { type Digest, digestOf, hexOf } from '../../registry/reference.ts'
import { type Descriptor, type Shape, shapeOf } from '../copy/shape.ts'
import type { Manifest } from '../sources/source.ts'

/** The tag that lists what refers to a manifest. */
export const fallbackTag = (digest: string): string =>
  `${digest.slice(0, digest.indexOf(':'))}-${hexOf(digest as Digest).slice(0, 64)}`

/** Whether a tag is such a list. */
export const isFallbackTag = (tag: string): boolean => /^sha(?:256|512)-[0-9a-f]{64}$/.test(tag)

/** How a manifest is listed. */
const describe = (
  { digest, mediaType, bytes }: Manifest,
  { artifactType, config, annotations }: Shape,
): Descriptor => ({
  mediaType,
  digest,
  size: bytes.length,
  ...((artifactType ?? config?.mediaType) === undefined
    ? {}
    : { artifactType: artifactType ?? config?.mediaType }),
  ...(annotations === undefined ? {} : { annotations }),
})

/** The list with one manifest more. @returns undefined where it is listed */
export const withReferrer = (
  list: Manifest | undefined,
  referrer: Manifest,
): Manifest | undefined => {
  const shape = shapeOf(referrer)
  const before = list === undefined ? [] : shapeOf(list).manifests
  if (before.some(({ digest }) => digest === referrer.digest)) return undefined
  // What is listed already stays as it is, with all that others have said of it.
  const kept = list === undefined ? [] : JSON.parse(list.bytes.toString()).manifests
  const manifests = [...kept, describe(referrer, shape)]
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }))
  return { digest: digestOf(bytes), mediaType: OCI_INDEX, bytes }
}
