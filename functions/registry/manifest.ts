/**
 * Reads manifests: what kind they are, what they refer to, and whether they are well formed
 * (image-spec manifest.md and image-index.md, distribution's schema 2 documents).
 *
 * @module
 */

import { atOnce, inTurns, type Steps } from '../shared/turns.ts'
import {
  type Annotations,
  type Descriptor,
  type Fields,
  invalidAt,
  optional,
  readAnnotations,
  readDescriptor,
  readList,
  readString,
} from './descriptor.ts'
import { JsonError } from './json/errors.ts'
import { readJson } from './json/strict.ts'
import { MANIFEST_LIMITS, MANIFEST_SHAPE, SCHEMA1_FIELDS } from './manifest-shape.ts'
import { decideType, invalid, parseJson } from './manifest-type.ts'
import { isIndex, isNonDistributable, OCI_ARTIFACT } from './media-types.ts'

/** What this registry needs to know of a manifest; its bytes are kept unchanged. */
export interface Manifest {
  readonly mediaType: string
  /** All that it refers to, but for the subject, in order. */
  readonly listed: readonly Descriptor[]
  /** What it needs in the same repository: config and layers, or child manifests. */
  readonly references: readonly Descriptor[]
  /** Layers that need not be in the repository. */
  readonly unchecked: readonly Descriptor[]
  readonly subject: Descriptor | undefined
  /** As the referrers API lists it; for images without one, the config's media type. */
  readonly artifactType: string | undefined
  readonly annotations: Annotations | undefined
  /** Whether it does not say how many bytes what it refers to has. */
  readonly sizesUnknown?: true
}

/** The fields that hold what a kind of manifest refers to, and those that it may not have. */
export const kindOf = (mediaType: string) => {
  if (isIndex(mediaType)) return { list: 'manifests', absent: ['config', 'layers'] }
  if (mediaType === OCI_ARTIFACT) return { list: 'blobs', absent: ['manifests', 'layers'] }
  return { list: 'layers', absent: ['manifests'] }
}

const checkAbsent = (json: Fields, names: readonly string[]): void => {
  for (const name of names) {
    if (Object.hasOwn(json, name)) throw invalidAt(name, 'not allowed in this kind of manifest')
  }
}

function* describe(json: Fields, contentType: string | undefined): Steps<Manifest> {
  const mediaType = decideType(json, contentType)
  const { list, absent } = kindOf(mediaType)
  if (list !== 'blobs' && json.schemaVersion !== 2) throw invalidAt('schemaVersion', 'expected 2')
  checkAbsent(json, absent)
  const config = list === 'layers' ? yield* readDescriptor(json.config, 'config') : undefined
  const listed = json[list] == null ? [] : yield* readList(json[list], list, readDescriptor)
  const all = config === undefined ? listed : [config, ...listed]
  return {
    mediaType,
    listed: all,
    references: all.filter((each) => !isNonDistributable(each.mediaType)),
    unchecked: all.filter((each) => isNonDistributable(each.mediaType)),
    subject: json.subject == null ? undefined : yield* readDescriptor(json.subject, 'subject'),
    artifactType: optional(json.artifactType, 'artifactType', readString) || config?.mediaType,
    annotations: optional(json.annotations, 'annotations', readAnnotations),
  }
}

function* parsing(bytes: Uint8Array, contentType: string | undefined): Steps<Manifest> {
  let json: Fields
  try {
    json = (yield* readJson(bytes, MANIFEST_SHAPE, MANIFEST_LIMITS)) as Fields
  } catch (cause) {
    if (cause instanceof JsonError) throw invalid(`invalid manifest: ${cause.message}`)
    throw cause
  }
  const manifest = yield* describe(json, contentType)
  checkAbsent(json, SCHEMA1_FIELDS)
  return manifest
}

/**
 * Reads and checks a manifest that is being pushed: it is accepted only if every reader reads it alike.
 *
 * @param contentType the request's Content-Type; parameters are ignored
 * @throws RegistryError MANIFEST_INVALID naming the field and what was expected, or the limit exceeded
 */
export const parseManifest = (bytes: Uint8Array, contentType: string | undefined): Manifest =>
  atOnce(parsing(bytes, contentType))

/** As {@link parseManifest}; lets other requests go on between the turns of a large one. */
export const parseInTurns = (
  bytes: Uint8Array,
  contentType: string | undefined,
): Promise<Manifest> => inTurns(parsing(bytes, contentType))

/**
 * Reads a manifest that is stored, as leniently as any version of this registry accepted it.
 *
 * @throws RegistryError MANIFEST_INVALID for what none accepted, as schema 1
 */
export const parseStoredManifest = (bytes: Uint8Array): Manifest =>
  atOnce(describe(parseJson(bytes), undefined))
