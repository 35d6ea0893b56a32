/**
 * What kind of manifest a document is.
 *
 * @module
 */

import { quoted } from '../shared/errors.ts'
import type { Steps } from '../shared/turns.ts'
import { type Fields, isObject } from './descriptor.ts'
import { RegistryError } from './errors.ts'
import { JsonError } from './json/errors.ts'
import { type Members, readMembers } from './json/members.ts'
import { MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST, SCHEMA1, SCHEMA1_SIGNED } from './media-types.ts'

export const invalid = (message: string): RegistryError =>
  new RegistryError('MANIFEST_INVALID', message)

/** The kind of a document that does not name its own, from its fields as image-spec has them. */
const sniff = (has: (name: string) => boolean): string | undefined => {
  if (has('manifests')) return OCI_INDEX
  if (has('config')) return OCI_MANIFEST
  return undefined
}

/** Parses a JSON object of any size. @throws RegistryError MANIFEST_INVALID */
export const parseJson = (bytes: Uint8Array): Fields => {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new RegistryError('MANIFEST_INVALID', 'invalid manifest: it is not JSON in UTF-8', {
      cause,
    })
  }
  if (!isObject(json)) throw invalid('invalid manifest: expected a JSON object')
  return json
}

/** Media type of a stored manifest, from its bytes alone. @throws RegistryError MANIFEST_INVALID */
export function* storedMediaType(bytes: Uint8Array): Steps<string> {
  const members = yield* storedMembers(bytes)
  const mediaType = members.value('mediaType')
  if (typeof mediaType === 'string') return mediaType
  if (members.value('schemaVersion') === 1) return SCHEMA1_SIGNED
  return sniff((name) => members.has(name)) ?? OCI_MANIFEST
}

function* storedMembers(bytes: Uint8Array): Steps<Members> {
  try {
    return yield* readMembers(bytes, ['mediaType', 'schemaVersion', 'manifests', 'config'])
  } catch (error) {
    if (error instanceof JsonError) throw invalid(`invalid manifest: ${error.message}`)
    throw error
  }
}

export const decideType = (json: Fields, contentType: string | undefined): string => {
  const declared = contentType?.split(';', 1)[0]?.trim().toLowerCase() || undefined
  const inner = typeof json.mediaType === 'string' ? json.mediaType : undefined
  if (json.schemaVersion === 1 || SCHEMA1.includes(declared ?? '')) {
    throw invalid(
      'this registry does not take schema 1 manifests: push the image as schema 2 or OCI, as docker 1.10 and later do, or start the registry with --schema1 on',
    )
  }
  const mediaType = declared ?? inner ?? sniff((name) => Object.hasOwn(json, name))
  if (mediaType === undefined || !MANIFEST_TYPES.includes(mediaType)) {
    throw invalid(
      `unsupported manifest type ${quoted(mediaType ?? '')}: expected one of ${MANIFEST_TYPES.join(', ')}`,
    )
  }
  if (inner !== undefined && inner !== mediaType) {
    throw invalid(
      `the manifest's mediaType ${quoted(inner)} does not match its Content-Type ${quoted(mediaType)}`,
    )
  }
  // Without the field, whoever reads the bytes alone takes a Docker manifest for an OCI one.
  if (inner === undefined && ![OCI_MANIFEST, OCI_INDEX].includes(mediaType)) {
    throw invalid(`the manifest has no mediaType field: expected ${quoted(mediaType)}`)
  }
  return mediaType
}
