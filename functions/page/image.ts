/**
 * All that is shown of one manifest: what it lists, its configuration, and what refers to it.
 *
 * @module
 */

import type { Descriptor } from '../registry/descriptor.ts'
import { RegistryError } from '../registry/errors.ts'
import type { Manifest } from '../registry/manifest.ts'
import { isIndex, isManifestType, OCI_ARTIFACT } from '../registry/media-types.ts'
import type { Digest, Reference } from '../registry/reference.ts'
import type { Referrer } from '../registry/referrer-entry.ts'
import type { Registry } from '../registry/registry.ts'
import { inOneTurn } from '../shared/turns.ts'
import { discard, readAll } from '../storage/bytes.ts'
import { chartConfig, imageConfig } from './image-config.ts'
import { kindOf } from './kind.ts'
import { bytesListed, platformName, readStored, runs } from './summary.ts'

/** Most bytes of a configuration that is read. */
const MAX_CONFIG = 1024 * 1024

type Parts = Pick<Registry, 'manifests' | 'blobs' | 'referrers' | 'isImmutable'>

const readConfig = async (
  { blobs }: Parts,
  name: string,
  { digest, size }: Descriptor,
): Promise<unknown> => {
  if (size > MAX_CONFIG) return undefined
  try {
    const { info, body } = await blobs.open(name, digest)
    if (info.size > MAX_CONFIG) {
      discard(body)
      return undefined
    }
    const bytes = await readAll(body, MAX_CONFIG)
    return await inOneTurn(() => JSON.parse(bytes.toString()))
  } catch (error) {
    // It is gone, or no JSON: the rest is shown all the same.
    if (error instanceof RegistryError || error instanceof SyntaxError) return undefined
    throw error
  }
}

const referrerOf = ({ digest, mediaType, size, artifactType, annotations }: Referrer): object => ({
  ...{ digest, mediaType, size, artifactType, annotations },
  kind: kindOf({ mediaType, artifactType, annotations }),
})

const childOf = (each: Descriptor): object => {
  const { digest, mediaType, size, platform, annotations, artifactType } = each
  // What BuildKit knows of an image stands beside it.
  const about = annotations?.['vnd.docker.reference.digest']
  return {
    ...{ digest, mediaType, size, artifactType, annotations, about },
    platform: runs(platform) ? platformName(platform) : undefined,
    isManifest: isManifestType(mediaType),
  }
}

const layerOf = ({ digest, mediaType, size, annotations, urls }: Descriptor): object => ({
  ...{ digest, mediaType, size, annotations },
  foreign: urls !== undefined && urls.length > 0 ? true : undefined,
})

const contentOf = async (parts: Parts, name: string, manifest: Manifest): Promise<object> => {
  const { mediaType, artifactType, annotations, listed } = manifest
  const kind = kindOf({
    mediaType,
    artifactType,
    annotations,
    layers: listed.map((each) => each.mediaType),
  })
  if (isIndex(mediaType)) return { kind, children: listed.map(childOf) }
  // An artifact manifest of OCI's has no configuration.
  const config = mediaType === OCI_ARTIFACT ? undefined : listed[0]
  const layers = config === undefined ? listed : listed.slice(1)
  const size = bytesListed(manifest)
  const common = { kind, size, layers: layers.map(layerOf) }
  if (config === undefined) return common
  const descriptor = { digest: config.digest, mediaType: config.mediaType, size: config.size }
  const json = ['image', 'chart'].includes(kind) ? await readConfig(parts, name, config) : undefined
  const read = kind === 'chart' ? { chart: chartConfig(json) } : { image: imageConfig(json) }
  return { ...common, config: descriptor, ...(json === undefined ? {} : read) }
}

/**
 * Shows a manifest: an operation for its tag, two for it, two for its configuration, and those of a page of referrers, in
 * three steps.
 *
 * @throws RegistryError MANIFEST_UNKNOWN
 */
export const shownImage = async (
  parts: Parts,
  name: string,
  reference: Reference,
): Promise<object> => {
  const { manifests, referrers, isImmutable } = parts
  const digest: Digest = await manifests.resolve(name, reference)
  const { tag } = reference
  const [stored, page, frozen] = await Promise.all([
    manifests.get(name, digest, tag !== undefined),
    referrers.list(name, digest),
    tag === undefined ? undefined : isImmutable(name),
  ])
  const manifest = await readStored(stored)
  return {
    repository: name,
    digest,
    ...(tag === undefined ? {} : { tag, immutable: frozen?.(tag) }),
    mediaType: stored.mediaType,
    manifestSize: stored.bytes.byteLength,
    ...(manifest === undefined
      ? { kind: 'image' }
      : {
          artifactType: manifest.artifactType,
          annotations: manifest.annotations,
          subject: manifest.subject?.digest,
          ...(await contentOf(parts, name, manifest)),
        }),
    referrers: page.referrers.map(referrerOf),
    moreReferrers: page.next !== undefined,
  }
}
