/**
 * What kind of manifest a document is.
 *
 * @module
 */

import { quoted } from '../shared/errors.ts'
import { RegistryError } from './errors.ts'
import { MANIFEST_TYPES, OCI_INDEX, OCI_MANIFEST, SCHEMA1 } from './media-types.ts'

export const invalid = (message: string): RegistryError =>
  new RegistryError('MANIFEST_INVALID', message)

/** The kind of a document that does not name its own, from its fields as image-spec has them. */
const sniff = (json: Readonly<Record<string, unknown>>): string | undefined => {
  if ('manifests' in json) return OCI_INDEX
  if ('config' in json) return OCI_MANIFEST
  return undefined
}

export const parseJson = (bytes: Uint8Array): Readonly<Record<string, unknown>> => {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new RegistryError('MANIFEST_INVALID', 'invalid manifest: it is not JSON in UTF-8', {
      cause,
    })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid('invalid manifest: expected a JSON object')
  }
  return json as Record<string, unknown>
}

/** Media type of a stored manifest, from its bytes alone. */
export const storedMediaType = (bytes: Uint8Array): string => {
  const json = parseJson(bytes)
  if (typeof json.mediaType === 'string') return json.mediaType
  if (json.schemaVersion === 1) return SCHEMA1[1] as string
  return sniff(json) ?? OCI_MANIFEST
}

export const decideType = (
  json: Readonly<Record<string, unknown>>,
  contentType: string | undefined,
): string => {
  const declared = contentType?.split(';', 1)[0]?.trim().toLowerCase() || undefined
  const inner = typeof json.mediaType === 'string' ? json.mediaType : undefined
  if (json.schemaVersion === 1 || SCHEMA1.includes(declared ?? '')) {
    throw invalid(
      'schema 1 manifests are not supported: push the image as schema 2 or OCI, as docker 1.10 and later do',
    )
  }
  const mediaType = declared ?? inner ?? sniff(json)
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
