/**
 * How much is looked at, however much there is.
 *
 * @module
 */

import { expect, test } from 'vitest'
import {
  createCandidates,
  MOST_REFERRERS,
  type SignatureSource,
} from '../../../functions/guard/signed/candidates.ts'
import { OCI_MANIFEST } from '../../../functions/registry/media-types.ts'
import { type Digest, digestOf } from '../../../functions/registry/reference.ts'
import { contentOf, descriptorOf, imageOf } from '../../support/hosts/content.ts'
import { BUNDLE } from '../signing.ts'

const DIGEST: Digest = `sha256:${'1'.repeat(64)}`

/** A subject that has referrers without end, each with this annotation. */
const endless = (annotations: Record<string, string>, layers = 1) => {
  const counted = { lists: 0, manifests: 0, blobs: 0 }
  const blob = contentOf('{}')
  const { bytes } = imageOf([], { layers: Array(layers).fill(descriptorOf(BUNDLE, blob)) })
  const source = {
    tags: { get: async () => undefined },
    referrers: {
      list: async () => {
        counted.lists++
        const referrers = Array.from({ length: 500 }, (_, at) => ({
          mediaType: OCI_MANIFEST,
          digest: digestOf(Buffer.from(`${counted.lists} ${at}`)),
          size: 1,
          artifactType: BUNDLE,
          annotations,
        }))
        return { referrers, next: DIGEST }
      },
    },
    manifests: {
      get: async () => {
        counted.manifests++
        return { digest: DIGEST, target: DIGEST, mediaType: OCI_MANIFEST, bytes }
      },
    },
    blobs: {
      open: async () => {
        counted.blobs++
        return { info: { size: 2, etag: '', modified: new Date(0) }, body: [blob.bytes] }
      },
    },
  }
  return { counted, source: source as unknown as SignatureSource }
}

const countOf = async (source: SignatureSource): Promise<number> => {
  let count = 0
  for await (const _ of createCandidates(source)('app', DIGEST)) count++
  return count
}

test('of referrers without end, some are looked at', async () => {
  const { source, counted } = endless({})
  expect(await countOf(source)).toBe(MOST_REFERRERS)
  expect(counted).toEqual({ lists: 1, manifests: MOST_REFERRERS, blobs: MOST_REFERRERS })
})

test('of many signatures in each, too', async () => {
  const { source, counted } = endless({}, 100)
  expect(await countOf(source)).toBe(200)
  expect(counted.blobs).toBe(200)
})

test('attestations are not read, nor listed without end', async () => {
  const { source, counted } = endless({
    'dev.sigstore.bundle.predicateType': 'https://slsa.dev/provenance/v1',
  })
  expect(await countOf(source)).toBe(0)
  expect(counted).toEqual({ lists: 4, manifests: 0, blobs: 0 })
})
