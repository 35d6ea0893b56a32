/**
 * Descriptors (image-spec descriptor.md), read from parsed JSON. The first thing that is wrong ends it:
 * to collect all would cost more than the manifest.
 *
 * @module
 */

import { quoted } from '../shared/errors.ts'
import type { Steps } from '../shared/turns.ts'
import { RegistryError } from './errors.ts'
import { type Digest, digestOf, isDigest } from './reference.ts'

export type Annotations = Readonly<Record<string, string>>

/** What an image of an index runs on (image-spec image-index.md). */
export interface Platform {
  readonly os?: string
  readonly architecture?: string
  readonly variant?: string
}

/** An image-spec content descriptor. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  /** Where else it is. */
  readonly urls?: readonly string[] | undefined
  readonly annotations?: Annotations | undefined
  readonly artifactType?: string | undefined
  readonly platform?: Platform | undefined
}

export type Fields = Readonly<Record<string, unknown>>

/** A failure at a place of the manifest, as in `layers.0.size`. */
export const invalidAt = (path: string, why: string): RegistryError =>
  new RegistryError('MANIFEST_INVALID', `invalid manifest: ${path}: ${why}`)

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const readObject = (value: unknown, path: string): Fields => {
  if (!isObject(value)) throw invalidAt(path, 'expected an object')
  return value
}

/** An optional field: null, too, is none. */
export const optional = <T>(
  value: unknown,
  path: string,
  read: (value: unknown, path: string) => T,
): T | undefined => (value == null ? undefined : read(value, path))

export const readString = (value: unknown, path: string): string => {
  if (typeof value !== 'string') throw invalidAt(path, 'expected a string')
  return value
}

/** Elements of a list that are read in one step. */
const ELEMENTS_A_STEP = 10

export function* readList<T>(
  value: unknown,
  path: string,
  read: (value: unknown, path: string) => Steps<T>,
): Steps<T[]> {
  if (!Array.isArray(value)) throw invalidAt(path, 'expected an array')
  const list: T[] = []
  for (const [at, each] of value.entries()) {
    list.push(yield* read(each, `${path}.${at}`))
    if (at % ELEMENTS_A_STEP === 0) yield
  }
  return list
}

export const readAnnotations = (value: unknown, path: string): Annotations => {
  const fields = readObject(value, path)
  for (const name of Object.keys(fields)) {
    if (typeof fields[name] !== 'string') {
      throw invalidAt(`${path}.${name.slice(0, 80)}`, 'expected a string')
    }
  }
  return fields as Annotations
}

// biome-ignore lint/correctness/useYield: an element of a list
function* readUrl(value: unknown, path: string): Steps<string> {
  const text = readString(value, path)
  const { protocol } = URL.parse(text) ?? {}
  if (protocol === 'http:' || protocol === 'https:') return text
  throw invalidAt(path, `expected an http or https URL, not ${quoted(text)}`)
}

const readPlatform = (value: unknown): Platform | undefined => {
  if (!isObject(value)) return undefined
  const field = (name: string) => {
    const text = value[name]
    return typeof text === 'string' && text !== '' ? { [name]: text } : {}
  }
  return { ...field('os'), ...field('architecture'), ...field('variant') }
}

/** Checks content that is embedded in a descriptor. */
function* checkData(value: unknown, path: string, digest: Digest, size: number): Steps<void> {
  const text = readString(value, path)
  const data = Buffer.from(text, 'base64')
  yield
  if (data.toString('base64') !== text) throw invalidAt(path, 'expected base64 with padding')
  yield
  const algorithm = digest.startsWith('sha512') ? 'sha512' : 'sha256'
  if (data.byteLength === size && digestOf(data, algorithm) === digest) return
  throw invalidAt(path, `the data field of ${digest} does not match its digest and size`)
}

/** @throws RegistryError MANIFEST_INVALID naming the field and what was expected */
export function* readDescriptor(value: unknown, path: string): Steps<Descriptor> {
  const fields = readObject(value, path)
  const mediaType = readString(fields.mediaType, `${path}.mediaType`)
  if (mediaType === '') throw invalidAt(`${path}.mediaType`, 'expected a media type')
  const { digest, size } = fields
  if (typeof digest !== 'string' || !isDigest(digest)) {
    throw invalidAt(`${path}.digest`, 'expected sha256:<64 hex digits> or sha512:<128 hex digits>')
  }
  if (!Number.isSafeInteger(size) || Number(size) < 0) {
    throw invalidAt(`${path}.size`, 'expected a number of bytes')
  }
  const urls =
    fields.urls == null ? undefined : yield* readList(fields.urls, `${path}.urls`, readUrl)
  if (fields.data != null) yield* checkData(fields.data, `${path}.data`, digest, Number(size))
  return {
    mediaType,
    digest,
    size: Number(size),
    urls,
    annotations: optional(fields.annotations, `${path}.annotations`, readAnnotations),
    artifactType: optional(fields.artifactType, `${path}.artifactType`, readString),
    platform: readPlatform(fields.platform),
  }
}
