/**
 * What a manifest refers to.
 *
 * @module
 */

import { isDigest } from '../../registry/reference.ts'
import * as z from '../../shared/schema.ts'
import { TransferError } from '../errors.ts'
import type { Manifest } from '../sources/source.ts'

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.int().check(z.nonnegative()),
  urls: z.optional(z.array(z.string())),
  artifactType: z.optional(z.string()),
  annotations: z.optional(z.record(z.string(), z.string())),
  platform: z.optional(
    z.object({
      os: z.optional(z.string()),
      architecture: z.optional(z.string()),
      variant: z.optional(z.string()),
    }),
  ),
})

/** A reference, with what is said of its target. */
export type Descriptor = z.infer<typeof descriptor>

const manifestShape = z.object({
  mediaType: z.optional(z.string()),
  artifactType: z.optional(z.string()),
  annotations: z.optional(z.record(z.string(), z.string())),
  config: z.optional(descriptor),
  layers: z._default(z.array(descriptor), []),
  blobs: z._default(z.array(descriptor), []),
  manifests: z._default(z.array(descriptor), []),
  subject: z.optional(descriptor),
})

/** What a manifest says, as far as it matters to those who move it. */
export type Shape = z.output<typeof manifestShape>

/** Reads a manifest. @throws TransferError when it is none, or names what is not a digest */
export const shapeOf = ({ digest, bytes }: Pick<Manifest, 'digest' | 'bytes'>): Shape => {
  let shape: Shape
  try {
    shape = manifestShape.parse(JSON.parse(bytes.toString()))
  } catch (cause) {
    throw new TransferError(`${digest} is not a manifest`, { cause })
  }
  const { config, layers, blobs, manifests, subject } = shape
  const single = [config, subject].filter((each) => each !== undefined)
  for (const each of [...single, ...layers, ...blobs, ...manifests]) {
    // It becomes a part of paths, that of a subject as its tag.
    if (isDigest(each.digest)) continue
    const named = JSON.stringify(each.digest.slice(0, 100))
    throw new TransferError(
      `${digest} refers to ${named}: expected sha256:<64 hex digits> or sha512:<128 hex digits>`,
    )
  }
  return shape
}
