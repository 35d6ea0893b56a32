/**
 * Media types of manifests and of layers that need not be in the registry.
 *
 * @module
 */

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
/** Withdrawn before OCI 1.1 was released, still pushed by early oras. */
export const OCI_ARTIFACT = 'application/vnd.oci.artifact.manifest.v1+json'

/** Docker's manifests before 2016, with signatures. */
export const SCHEMA1_SIGNED = 'application/vnd.docker.distribution.manifest.v1+prettyjws'

/** Docker's manifests before 2016, plain and signed. */
export const SCHEMA1: readonly string[] = [
  'application/vnd.docker.distribution.manifest.v1+json',
  SCHEMA1_SIGNED,
]

export const MANIFEST_TYPES: readonly string[] = [
  OCI_MANIFEST,
  OCI_INDEX,
  DOCKER_MANIFEST,
  DOCKER_LIST,
  OCI_ARTIFACT,
]

export const isIndex = (mediaType: string): boolean =>
  mediaType === OCI_INDEX || mediaType === DOCKER_LIST

/** Layers that a registry need not hold: image-spec's non-distributable and Docker's foreign ones. */
export const isNonDistributable = (mediaType: string): boolean =>
  mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.v1.tar') ||
  mediaType.startsWith('application/vnd.docker.image.rootfs.foreign.diff.tar')

/** Whether content of this type is kept as a manifest of the repository, not as a blob. */
export const isManifestType = (mediaType: string): boolean =>
  MANIFEST_TYPES.includes(mediaType) || SCHEMA1.includes(mediaType)
