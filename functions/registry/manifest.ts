/**
 * Reads manifests: what kind they are, what they refer to, and whether they are well formed
 * (image-spec manifest.md and image-index.md, distribution's schema 2 documents).
 *
 * @module
 */

import { setImmediate } from 'node:timers/promises'
import {
  type Annotations,
  type Descriptor,
  type Fields,
  invalidAt,
  isObject,
  optional,
  readAnnotations,
  readDescriptor,
  readList,
  readString,
} from './descriptor.ts'
import { JsonError } from './json/errors.ts'
import { readMembers } from './json/members.ts'
import { checkOf } from './json/strict.ts'
import { MANIFEST_LIMITS, MANIFEST_SHAPE, SCHEMA1_FIELDS } from './manifest-shape.ts'
import { decideType, invalid, parseJson } from './manifest-type.ts'
import { isIndex, isNonDistributable, OCI_ARTIFACT } from './media-types.ts'
import { type Digest, isDigest } from './reference.ts'

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
  readonly annotations: Annotations | undefined
}

/** The fields that hold what a kind of manifest refers to, and those that it may not have. */
const kindOf = (mediaType: string) => {
  if (isIndex(mediaType)) return { list: 'manifests', absent: ['config', 'layers'] }
  if (mediaType === OCI_ARTIFACT) return { list: 'blobs', absent: ['manifests', 'layers'] }
  return { list: 'layers', absent: ['manifests'] }
}

const checkAbsent = (json: Fields, names: readonly string[]): void => {
  for (const name of names) {
    if (Object.hasOwn(json, name)) throw invalidAt(name, 'not allowed in this kind of manifest')
  }
}

const describe = (json: Fields, contentType: string | undefined): Manifest => {
  const mediaType = decideType(json, contentType)
  const { list, absent } = kindOf(mediaType)
  if (list !== 'blobs' && json.schemaVersion !== 2) throw invalidAt('schemaVersion', 'expected 2')
  checkAbsent(json, absent)
  const config = list === 'layers' ? readDescriptor(json.config, 'config') : undefined
  const listed =
    optional(json[list], list, (value, path) => readList(value, path, readDescriptor)) ?? []
  const all = config === undefined ? listed : [config, ...listed]
  return {
    mediaType,
    references: all.filter((each) => !isNonDistributable(each.mediaType)),
    unchecked: all.filter((each) => isNonDistributable(each.mediaType)),
    subject: optional(json.subject, 'subject', readDescriptor),
    artifactType: optional(json.artifactType, 'artifactType', readString) || config?.mediaType,
    annotations: optional(json.annotations, 'annotations', readAnnotations),
  }
}

/** Members and elements that are checked in about ten milliseconds. */
const VALUES_A_TURN = 10_000

/** Reads a manifest that is being pushed, of 4 MiB in steps of some ten milliseconds. */
function* parsing(
  bytes: Uint8Array,
  contentType: string | undefined,
): Generator<undefined, Manifest> {
  try {
    const check = checkOf(bytes, MANIFEST_SHAPE, MANIFEST_LIMITS)
    while (!check(VALUES_A_TURN)) yield
  } catch (cause) {
    if (cause instanceof JsonError) throw invalid(`invalid manifest: ${cause.message}`)
    throw cause
  }
  const json = parseJson(bytes)
  yield
  const manifest = describe(json, contentType)
  checkAbsent(json, SCHEMA1_FIELDS)
  yield
  return manifest
}

/**
 * Reads and checks a manifest that is being pushed: it is accepted only if every reader reads it alike.
 *
 * @param contentType the request's Content-Type; parameters are ignored
 * @throws RegistryError MANIFEST_INVALID naming the field and what was expected, or the limit exceeded
 */
export const parseManifest = (bytes: Uint8Array, contentType: string | undefined): Manifest => {
  const steps = parsing(bytes, contentType)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Bytes beyond which reading a manifest takes milliseconds. */
const LARGE = 256 * 1024

/** As {@link parseManifest}; lets other requests go on between the steps of a large one. */
export const parseInTurns = async (
  bytes: Uint8Array,
  contentType: string | undefined,
): Promise<Manifest> => {
  if (bytes.byteLength <= LARGE) return parseManifest(bytes, contentType)
  const steps = parsing(bytes, contentType)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await setImmediate()
  }
}

/**
 * Reads a manifest that is stored, as leniently as any version of this registry accepted it.
 *
 * @throws RegistryError MANIFEST_INVALID for what none accepted, as schema 1
 */
export const parseStoredManifest = (bytes: Uint8Array): Manifest =>
  describe(parseJson(bytes), undefined)

/** The subject of a stored manifest; none if an older registry accepted a malformed one. */
export const storedSubject = (bytes: Uint8Array): Digest | undefined => {
  try {
    const subject = readMembers(bytes, ['subject']).value('subject')
    const digest = isObject(subject) ? subject.digest : undefined
    return typeof digest === 'string' && isDigest(digest) ? digest : undefined
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
