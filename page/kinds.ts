/**
 * Kinds of manifests in words.
 *
 * @module
 */

import type { Kind } from './shapes.ts'

export const KINDS: Readonly<Record<Kind, string>> = {
  image: 'Image',
  index: 'Multi-platform',
  chart: 'Helm chart',
  signature: 'Signature',
  sbom: 'SBOM',
  attestation: 'Attestation',
  artifact: 'Artifact',
}
