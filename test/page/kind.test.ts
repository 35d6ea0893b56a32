/**
 * What people call manifests, by what tools write into them.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { type Kind, kindOf, type Signs } from '../../functions/page/kind.ts'
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const OCI = 'application/vnd.oci.image.config.v1+json'

const CASES: readonly (readonly [what: string, kind: Kind, signs: Partial<Signs>])[] = [
  ['an image', 'image', { artifactType: OCI }],
  ["Docker's image", 'image', { artifactType: 'application/vnd.docker.container.image.v1+json' }],
  ['an index', 'index', { mediaType: OCI_INDEX }],
  ["Docker's list", 'index', { mediaType: DOCKER_LIST }],
  ['a chart', 'chart', { artifactType: 'application/vnd.cncf.helm.config.v1+json' }],
  [
    "cosign 2's signature",
    'signature',
    { artifactType: OCI, layers: ['application/vnd.dev.cosign.simplesigning.v1+json'] },
  ],
  [
    "cosign 3's signature",
    'signature',
    { artifactType: BUNDLE, annotations: { 'dev.sigstore.bundle.content': 'message-signature' } },
  ],
  [
    "cosign 3's attestation",
    'attestation',
    {
      artifactType: BUNDLE,
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': 'https://slsa.dev/provenance/v1',
      },
    },
  ],
  [
    "cosign 3's SBOM",
    'sbom',
    {
      artifactType: BUNDLE,
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': 'https://spdx.dev/Document',
      },
    },
  ],
  [
    'a bundle by `cosign sign` that is an envelope',
    'signature',
    {
      artifactType: BUNDLE,
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
      },
    },
  ],
  ["Notary's signature", 'signature', { artifactType: 'application/vnd.cncf.notary.signature' }],
  ['an SBOM', 'sbom', { artifactType: 'application/vnd.cyclonedx+json' }],
  [
    'an attestation of BuildKit',
    'attestation',
    { artifactType: OCI, layers: ['application/vnd.in-toto+json'] },
  ],
  [
    'an index with a type',
    'index',
    { mediaType: OCI_INDEX, artifactType: 'application/vnd.example' },
  ],
  ['anything else', 'artifact', { artifactType: 'application/vnd.example' }],
  ['nothing known', 'artifact', {}],
]

test.each(CASES)('%s', (_, kind, signs) => {
  expect(kindOf({ mediaType: OCI_MANIFEST, ...signs })).toBe(kind)
})
