/**
 * What a manifest of schema 1 is to the registry.
 *
 * @module
 */

import type { Manifest } from '../registry/manifest.ts'
import { SCHEMA1_SIGNED } from '../registry/media-types.ts'
import { type Digest, isDigest } from '../registry/reference.ts'
import { quoted } from '../shared/errors.ts'
import { invalid } from './errors.ts'
import type { SignedManifest } from './signed.ts'

/** As distribution calls them in its notifications. */
const LAYER = 'application/vnd.docker.container.image.rootfs.diff+x-gtar'

/**
 * What it refers to: its layers, each of them once.
 *
 * @throws Schema1Error MANIFEST_INVALID where a layer is not named by a digest, or the manifest is of another repository or
 *   tag
 */
export const manifestOf = (
  { name: own, tag, layers }: SignedManifest,
  name: string,
  tags: readonly string[],
): Manifest => {
  if (own !== name) {
    throw invalid(`its name is ${quoted(own)}, but it is pushed to ${quoted(name)}`)
  }
  const other = tags.find((each) => each !== tag)
  if (other !== undefined) {
    throw invalid(`its tag is ${quoted(tag)}, but it is pushed as ${quoted(other)}`)
  }
  const digests = new Set<Digest>()
  for (const [at, { blobSum }] of layers.entries()) {
    if (!isDigest(blobSum)) {
      throw invalid(`fsLayers.${at}.blobSum: ${quoted(blobSum)} is not a digest`)
    }
    digests.add(blobSum)
  }
  const listed = [...digests].map((digest) => ({ mediaType: LAYER, digest, size: 0 }))
  return {
    mediaType: SCHEMA1_SIGNED,
    listed,
    references: listed,
    unchecked: [],
    subject: undefined,
    artifactType: undefined,
    annotations: undefined,
    sizesUnknown: true,
  }
}
