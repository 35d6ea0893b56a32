/**
 * What a stored manifest is listed as among the referrers of its subject.
 *
 * @module
 */

import type { Steps } from '../shared/turns.ts'
import { isObject, optional, readAnnotations } from './descriptor.ts'
import { RegistryError } from './errors.ts'
import { JsonError } from './json/errors.ts'
import { readMembers } from './json/members.ts'
import { kindOf } from './manifest.ts'
import { storedMediaType } from './manifest-type.ts'
import { type Digest, isDigest } from './reference.ts'
import type { Referrer } from './referrer-entry.ts'

/** An older registry may have accepted what is malformed: that is nothing. */
const unlessMalformed = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch (error) {
    if (error instanceof RegistryError) return undefined
    throw error
  }
}

function* read(bytes: Uint8Array, digest: Digest): Steps<ReferrerOf | undefined> {
  const members = yield* readMembers(bytes, ['subject', 'artifactType', 'config', 'annotations'])
  const subject = members.value('subject')
  const of = isObject(subject) ? subject.digest : undefined
  if (typeof of !== 'string' || !isDigest(of)) return undefined
  const mediaType = yield* storedMediaType(bytes)
  const config = kindOf(mediaType).list === 'layers' ? members.value('config') : undefined
  const type = members.value('artifactType') || (isObject(config) && config.mediaType)
  yield
  const annotations = unlessMalformed(() =>
    optional(members.value('annotations'), 'annotations', readAnnotations),
  )
  const referrer = {
    mediaType,
    digest,
    size: bytes.byteLength,
    ...(typeof type === 'string' ? { artifactType: type } : {}),
    ...(annotations === undefined ? {} : { annotations }),
  }
  return { subject: of, referrer }
}

export interface ReferrerOf {
  readonly subject: Digest
  readonly referrer: Referrer
}

/** A stored manifest as a referrer; nothing if it has no subject, or if it is no JSON at all. */
export function* storedReferrer(bytes: Uint8Array, digest: Digest): Steps<ReferrerOf | undefined> {
  try {
    return yield* read(bytes, digest)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
