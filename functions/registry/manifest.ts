/**
 * Reads manifests: what kind they are, what they refer to, and whether they are well formed
 * (image-spec manifest.md and image-index.md, distribution's schema 2 documents).
 *
 * @module
 */

import * as z from 'zod'
import { decideType, invalid, parseJson } from './manifest-type.ts'
import { isIndex, isNonDistributable, OCI_ARTIFACT } from './media-types.ts'
import { type Digest, digestOf, isDigest } from './reference.ts'

const annotations = z.record(z.string(), z.string())

const descriptor = z.object({
  mediaType: z.string().min(1),
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value), {
    error: 'expected sha256:<64 hex digits> or sha512:<128 hex digits>',
  }),
  size: z.int().nonnegative(),
  urls: z.array(z.url({ protocol: /^https?$/ })).nullish(),
  annotations: annotations.nullish(),
  data: z.base64().nullish(),
  artifactType: z.string().nullish(),
})

/** An image-spec content descriptor. */
export type Descriptor = z.infer<typeof descriptor>

const common = {
  mediaType: z.string().optional(),
  artifactType: z.string().nullish(),
  annotations: annotations.nullish(),
  subject: descriptor.nullish(),
}
const schemaVersion = z.literal(2)
const descriptors = z.array(descriptor).nullish()
const absent = z.undefined({ error: 'not allowed in this kind of manifest' }).optional()

const image = z.object({
  ...common,
  schemaVersion,
  config: descriptor,
  layers: descriptors,
  manifests: absent,
})
const index = z.object({
  ...common,
  schemaVersion,
  manifests: descriptors,
  config: absent,
  layers: absent,
})
const artifact = z.object({ ...common, blobs: descriptors, manifests: absent, layers: absent })

/** What this registry needs to know of a manifest; its bytes are kept unchanged. */
export interface Manifest {
  readonly mediaType: string
  /** What it needs in the same repository: config and layers, or child manifests. */
  readonly references: readonly Descriptor[]
  /** Layers that need not be in the repository. */
  readonly unchecked: readonly Descriptor[]
  readonly subject: Descriptor | undefined
  /** As the referrers API lists it; for images without one, the config's media type. */
  readonly artifactType: string | undefined
  readonly annotations: Readonly<Record<string, string>> | undefined
}

const check = <T>(schema: z.ZodType<T>, json: unknown): T => {
  const result = schema.safeParse(json)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw invalid(`invalid manifest: ${issue?.path.join('.') || 'document'}: ${issue?.message}`)
}

const checkData = (descriptor: Descriptor): void => {
  if (descriptor.data == null) return
  const data = Buffer.from(descriptor.data, 'base64')
  const algorithm = descriptor.digest.startsWith('sha512') ? 'sha512' : 'sha256'
  if (data.byteLength !== descriptor.size || digestOf(data, algorithm) !== descriptor.digest) {
    throw invalid(`the data field of ${descriptor.digest} does not match its digest and size`)
  }
}

/**
 * Reads and checks a manifest that is being pushed.
 *
 * @param contentType the request's Content-Type; parameters are ignored
 * @throws RegistryError MANIFEST_INVALID naming the field and what was expected
 */
export const parseManifest = (bytes: Uint8Array, contentType: string | undefined): Manifest => {
  const json = parseJson(bytes)
  const mediaType = decideType(json, contentType)
  if (isIndex(mediaType)) return describe(mediaType, check(index, json), [])
  if (mediaType === OCI_ARTIFACT) return describe(mediaType, check(artifact, json), [])
  const parsed = check(image, json)
  return describe(mediaType, parsed, [parsed.config], parsed.config.mediaType)
}

interface Parsed {
  readonly artifactType?: string | null | undefined
  readonly annotations?: Readonly<Record<string, string>> | null | undefined
  readonly subject?: Descriptor | null | undefined
  readonly layers?: readonly Descriptor[] | null | undefined
  readonly manifests?: readonly Descriptor[] | null | undefined
  readonly blobs?: readonly Descriptor[] | null | undefined
}

const describe = (
  mediaType: string,
  parsed: Parsed,
  first: readonly Descriptor[],
  fallbackType?: string,
): Manifest => {
  const all = [...first, ...(parsed.layers ?? parsed.manifests ?? parsed.blobs ?? [])]
  for (const each of all) checkData(each)
  return {
    mediaType,
    references: all.filter((each) => !isNonDistributable(each.mediaType)),
    unchecked: all.filter((each) => isNonDistributable(each.mediaType)),
    subject: parsed.subject ?? undefined,
    artifactType: parsed.artifactType || fallbackType,
    annotations: parsed.annotations ?? undefined,
  }
}
