/**
 * The manifest.json of archives as `docker save` writes them, which `docker load` of any age reads.
 *
 * @module
 */

import { arch } from 'node:process'
import { isIndex } from '../../registry/media-types.ts'
import { type Descriptor, shapeOf } from '../copy/shape.ts'
import { blobPath } from './files.ts'

/** An image as manifest.json has it. */
interface SavedImage {
  readonly Config: string
  readonly RepoTags: readonly string[]
  readonly Layers: readonly string[]
}

const CONFIGS: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
])

/** This machine's architecture, as images call it. */
const OWN = ({ x64: 'amd64', ia32: '386' } as Readonly<Record<string, string>>)[arch] ?? arch

/** The image of an index that `docker load` would want on a machine like this. */
const ownOf = (manifests: readonly Descriptor[]): Descriptor | undefined => {
  const linux = manifests.filter(({ platform }) => platform?.os === 'linux')
  return linux.find(({ platform }) => platform?.architecture === OWN) ?? linux[0]
}

/**
 * Lists images; what is not one of a container is left out.
 *
 * @param images by their names
 */
export const dockerManifest = async (
  images: readonly (readonly [name: string, Pick<Descriptor, 'digest' | 'mediaType'>])[],
  read: (digest: string) => Promise<Buffer>,
): Promise<readonly SavedImage[]> => {
  const found = new Map<string, SavedImage>()
  for (const [name, { digest, mediaType }] of images) {
    const root = shapeOf({ digest, bytes: await read(digest) })
    const own = isIndex(mediaType) ? ownOf(root.manifests) : undefined
    const image = own && shapeOf({ digest: own.digest, bytes: await read(own.digest) })
    const { config, layers } = image ?? root
    if (config === undefined || !CONFIGS.has(config.mediaType)) continue
    const key = own?.digest ?? digest
    const before = found.get(key)
    found.set(key, {
      Config: blobPath(config.digest),
      RepoTags: [...(before?.RepoTags ?? []), name],
      Layers: layers.map((each) => blobPath(each.digest)),
    })
  }
  return [...found.values()]
}
