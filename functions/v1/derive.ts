/**
 * The images of the first API that a manifest consists of, where it was pushed otherwise: with the ids that distribution
 * gives them in schema 1, so that they are the same for all who ask, at any time and on any server.
 *
 * @module
 */

import { parseStoredManifest } from '../registry/manifest.ts'
import { MAX_MANIFEST_BYTES, type StoredManifest } from '../registry/manifests.ts'
import { DOCKER_MANIFEST, isIndex, OCI_MANIFEST } from '../registry/media-types.ts'
import { parseDigest } from '../registry/reference.ts'
import type { Registry } from '../registry/registry.ts'
import { stepsOf } from '../schema1/convert.ts'
import { EMPTY_LAYER, EMPTY_LAYER_BYTES } from '../schema1/empty-layer.ts'
import { Schema1Error } from '../schema1/errors.ts'
import { readAll } from '../storage/bytes.ts'
import type { Image, Layer } from './image.ts'

type Parts = Pick<Registry, 'manifests' | 'blobs'>

/** Layers that a client of then can unpack. */
const UNPACKABLE = /(?:[.+]gzip|\.tar)$/

/** The image of an index that a client of then wants: it knows no other. */
export const imageOf = async (
  { manifests }: Pick<Registry, 'manifests'>,
  name: string,
  stored: StoredManifest,
): Promise<StoredManifest | undefined> => {
  if (!isIndex(stored.mediaType)) return stored
  const found = parseStoredManifest(stored.bytes).listed.find(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === 'amd64',
  )
  return found && manifests.get(name, found.digest)
}

const EMPTY: Layer = { digest: EMPTY_LAYER, size: EMPTY_LAYER_BYTES.byteLength, isPacked: true }

/**
 * The images of a manifest that is no index, from the top down.
 *
 * @returns undefined for what the first API cannot show: it is not an image, has no history, or layers that no client of
 *   then can unpack
 */
export const imagesOf = async (
  { blobs }: Parts,
  name: string,
  stored: StoredManifest,
): Promise<readonly Image[] | undefined> => {
  if (![DOCKER_MANIFEST, OCI_MANIFEST].includes(stored.mediaType)) return undefined
  const [config, ...layers] = parseStoredManifest(stored.bytes).listed
  if (config === undefined || !layers.every(({ mediaType }) => UNPACKABLE.test(mediaType))) {
    return undefined
  }
  if (config.size > MAX_MANIFEST_BYTES) return undefined
  const { body } = await blobs.open(name, config.digest)
  const read = await readAll(body, MAX_MANIFEST_BYTES)
  const digests = layers.map(({ digest }) => digest)
  try {
    const { steps } = stepsOf({ config: read, layers: digests })
    const left = layers.toReversed()
    return steps.map(({ id, json, diffId }) => {
      if (diffId === undefined) return { id, json, layer: EMPTY }
      const found = left.shift()
      if (found === undefined) throw new RangeError('there are fewer layers than steps')
      const { digest, size, mediaType } = found
      const isPacked = mediaType.endsWith('gzip')
      return { id, json, layer: { digest, size, diffId: parseDigest(diffId), isPacked } }
    })
  } catch (error) {
    if (error instanceof Schema1Error) return undefined
    throw error
  }
}
