/**
 * Which images are encrypted: those whose layers all are, as ocicrypt's specification has it. Its media types say so,
 * and annotations have the key of each layer, itself encrypted for whoever may read it. This registry has none of these
 * keys, and does not look into layers: who says that a layer is encrypted is believed.
 *
 * @module
 */

import type { Descriptor } from '../registry/descriptor.ts'
import type { Manifest } from '../registry/manifest.ts'
import { isIndex, OCI_ARTIFACT, SCHEMA1 } from '../registry/media-types.ts'
import { isBesideImage, isImageConfig, isImageLayer } from './kinds.ts'

/** As skopeo, buildah and containerd write it; `+enc` is how containerd wrote it of Docker's types. */
const ENCRYPTED = /\+enc(?:rypted)?$/

/** What the annotations begin with that have a layer's key, by the way it is encrypted: jwe, pkcs7, pgp, provider. */
const KEYS = 'org.opencontainers.image.enc.keys.'

const hasKey = ({ annotations = {} }: Descriptor): boolean =>
  Object.entries(annotations).some(([name, value]) => name.startsWith(KEYS) && value !== '')

/** A layer that is not encrypted. */
export interface PlainLayer {
  /** Its place; the first is 1. */
  readonly at: number
  readonly of: number
  readonly layer: Descriptor
  readonly why: string
}

const faultOf = (layer: Descriptor): string | undefined => {
  if (!ENCRYPTED.test(layer.mediaType)) return `has the type ${layer.mediaType}`
  return hasKey(layer) ? undefined : `has no key for anybody among its annotations (${KEYS}…)`
}

/**
 * The first layer of a manifest that is not encrypted, though it should be: any of an image; of other artifacts, one
 * with the media type of an image's layers. Signatures, SBOMs and attestations are what they are, and indexes have no
 * layers.
 */
export const plainLayer = (manifest: Manifest): PlainLayer | undefined => {
  const { mediaType, listed } = manifest
  if (isIndex(mediaType)) return undefined
  const old = SCHEMA1.includes(mediaType)
  const hasConfig = !old && mediaType !== OCI_ARTIFACT
  const layers = hasConfig ? listed.slice(1) : listed
  const image = old || (hasConfig && isImageConfig(listed[0]?.mediaType ?? ''))
  for (const [index, layer] of layers.entries()) {
    const looked = image ? !isBesideImage(layer.mediaType) : isImageLayer(layer.mediaType)
    const why = looked ? faultOf(layer) : undefined
    if (why !== undefined) return { at: index + 1, of: layers.length, layer, why }
  }
  return undefined
}
