/**
 * What is an image, and what is beside one, by media types.
 *
 * @module
 */

/** Configurations of images, without which docker, podman and containerd run nothing. */
const IMAGE_CONFIGS: readonly string[] = [
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json',
  'application/vnd.docker.plugin.v1+json',
]

export const isImageConfig = (mediaType: string): boolean => IMAGE_CONFIGS.includes(mediaType)

/** Whether containerd would unpack it. */
export const isImageLayer = (mediaType: string): boolean =>
  mediaType.startsWith('application/vnd.oci.image.layer.') ||
  mediaType.startsWith('application/vnd.docker.image.rootfs.')

/** Signatures, attestations, SBOMs and reports, as cosign, notation, BuildKit, syft, trivy and oras attach them. */
const BESIDE: readonly RegExp[] = [
  /^application\/vnd\.dev\.cosign\./,
  /^application\/vnd\.dev\.sigstore\.bundle[.+]/,
  /^application\/vnd\.dsse\.envelope\.v1\+json$/,
  /^application\/vnd\.in-toto\+(?:json|dsse)$/,
  /^application\/(?:jose\+json|cose)$/,
  /^application\/vnd\.cyclonedx(?:\+(?:json|xml))?$/,
  /^(?:application|text)\/spdx(?:\+(?:json|xml))?$/,
  /^application\/vnd\.syft\+json$/,
  /^application\/sarif\+json$/,
]

/** Whether it says something about an image, and is nothing that anybody runs. */
export const isBesideImage = (mediaType: string): boolean =>
  BESIDE.some((pattern) => pattern.test(mediaType))
