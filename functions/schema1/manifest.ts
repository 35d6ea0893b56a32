/**
 * What a manifest of schema 1 is to the registry.
 *
 * @module
 */

import type { Manifest } from '../registry/manifest.ts'
import { SCHEMA1 } from '../registry/media-types.ts'
import { type Digest, isDigest } from '../registry/reference.ts'
import { Schema1Error } from './errors.ts'
import type { SignedManifest } from './signed.ts'

/** As distribution calls them in its notifications. */
const LAYER = 'application/vnd.docker.container.image.rootfs.diff+x-gtar'

export const SIGNED: string = SCHEMA1[1] ?? ''

const invalid = (message: string): Schema1Error =>
  new Schema1Error('MANIFEST_INVALID', `invalid schema 1 manifest: ${message}`)

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
    throw invalid(`its name is ${JSON.stringify(own)}, but it is pushed to ${JSON.stringify(name)}`)
  }
  const other = tags.find((each) => each !== tag)
  if (other !== undefined) {
    throw invalid(`its tag is ${JSON.stringify(tag)}, but it is pushed as ${JSON.stringify(other)}`)
  }
  const digests = new Set<Digest>()
  for (const [at, { blobSum }] of layers.entries()) {
    if (!isDigest(blobSum)) {
      throw invalid(`fsLayers.${at}.blobSum: ${JSON.stringify(blobSum)} is not a digest`)
    }
    digests.add(blobSum)
  }
  const listed = [...digests].map((digest) => ({ mediaType: LAYER, digest, size: 0 }))
  return {
    mediaType: SIGNED,
    listed,
    references: listed,
    unchecked: [],
    subject: undefined,
    artifactType: undefined,
    annotations: undefined,
    sizesUnknown: true,
  }
}
