/**
 * What people call a manifest: its kind, by the types and annotations that tools give.
 *
 * @module
 */

import { isIndex } from '../registry/media-types.ts'

/** Kinds of manifests, as the page shows them. */
export const KINDS = [
  'image',
  'index',
  'chart',
  'signature',
  'sbom',
  'attestation',
  'artifact',
] as const

export type Kind = (typeof KINDS)[number]

/** What a kind is told by. */
export interface Signs {
  readonly mediaType: string
  /** As the referrers API lists it; for images without one, the type of the configuration. */
  readonly artifactType?: string | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** Types of the layers, where they are known. */
  readonly layers?: readonly string[] | undefined
}

const IMAGE = /^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)\.v1\+json$/
const CHART = /^application\/vnd\.cncf\.helm\./
const SIGNATURE = /cosign\.(?:simplesigning|artifact\.sig)|cncf\.notary\.signature|pgp-signature/
const SBOM = /spdx|cyclonedx|syft|\bsbom\b/i
const ATTESTATION = /in-toto|\battestation\b|dsse/i
const BUNDLE = /dev\.sigstore\.bundle/
/** What a bundle of sigstore's version 3 holds, and what its statement is about. */
const CONTENT = 'dev.sigstore.bundle.content'
const PREDICATE = 'dev.sigstore.bundle.predicateType'

/** The kind of a manifest. What nothing is known of is an artifact. */
export const kindOf = ({ mediaType, artifactType = '', annotations, layers = [] }: Signs): Kind => {
  const types = [artifactType, ...layers]
  const are = (pattern: RegExp): boolean => types.some((type) => pattern.test(type))
  if (are(BUNDLE)) {
    const about = annotations?.[PREDICATE] ?? ''
    if (SBOM.test(about)) return 'sbom'
    return annotations?.[CONTENT] === 'dsse-envelope' && !/cosign\/sign/.test(about)
      ? 'attestation'
      : 'signature'
  }
  if (are(SIGNATURE)) return 'signature'
  if (are(SBOM)) return 'sbom'
  if (are(ATTESTATION) && !isIndex(mediaType)) return 'attestation'
  if (are(CHART)) return 'chart'
  if (isIndex(mediaType)) return 'index'
  return IMAGE.test(artifactType) ? 'image' : 'artifact'
}
