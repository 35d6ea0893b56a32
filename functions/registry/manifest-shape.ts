/**
 * The types of the fields that some reader of manifests knows: image-spec's manifest.md,
 * image-index.md and descriptor.md, Docker's schema 2, OCI's artifact manifest. What is said of a
 * field here holds in every kind of manifest, for readers do not agree on the kind.
 *
 * @module
 */

import type { Shape } from './json/shape.ts'
import type { JsonLimits } from './json/strict.ts'

/**
 * Far above any real manifest: an index of 10,000 images with platforms has 60,000 members and elements
 * in 5 levels, and no more than 25,000 descriptors fit into the most bytes of a manifest. Larger objects
 * than these would be slow wherever they are read or written, as annotations are in lists of referrers.
 */
export const MANIFEST_LIMITS: JsonLimits = { depth: 64, values: 120_000, members: 10_000 }

/** With these, some readers take any manifest for one of schema 1, and others refuse it. */
export const SCHEMA1_FIELDS: readonly string[] = ['fsLayers', 'history']

const annotations: Shape = { values: 'string' }
const strings: Shape = { elements: 'string' }

const platform: Shape = {
  fields: {
    architecture: 'string',
    os: 'string',
    'os.version': 'string',
    'os.features': strings,
    variant: 'string',
    features: strings,
  },
}

const descriptor: Shape = {
  fields: {
    mediaType: 'string',
    digest: 'string',
    size: 'integer',
    urls: strings,
    annotations,
    data: 'string',
    artifactType: 'string',
    platform,
  },
}

const descriptors: Shape = { elements: descriptor }

export const MANIFEST_SHAPE: Shape = {
  fields: {
    schemaVersion: 'integer',
    mediaType: 'string',
    artifactType: 'string',
    config: descriptor,
    layers: descriptors,
    manifests: descriptors,
    blobs: descriptors,
    subject: descriptor,
    annotations,
    ...Object.fromEntries(SCHEMA1_FIELDS.map((name) => [name, 'any'])),
  },
}
