/**
 * Events as distribution (`registry:2`) sends them: its envelope, byte for byte, with one event in each.
 *
 * @module
 */

import type { EventRecord } from '../record.ts'
import { type Origin, urlOf } from './origin.ts'

/** Content-Type of the envelope. */
export const ENVELOPE = 'application/vnd.docker.distribution.events.v1+json'

/** What distribution has for the type of every blob. */
const BLOB = 'application/octet-stream'

/** Go leaves empty values out where a field has `omitempty`; JSON leaves out what is undefined. */
const some = <T extends string | number>(value: T | undefined): T | undefined => value || undefined

/** Go sorts the names of a map. */
const annotationsOf = (
  annotations: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> | undefined => {
  const names = Object.keys(annotations).toSorted()
  if (names.length === 0) return undefined
  return Object.fromEntries(names.map((name) => [name, annotations[name] ?? '']))
}

const targetOf = (
  record: EventRecord,
  origin: Origin,
  references: boolean,
): Readonly<Record<string, unknown>> => {
  const { action, repository, target = {} } = record
  const { mediaType, digest, tag } = target
  const size = some(target.size)
  const gone = action === 'delete'
  return {
    mediaType: gone || digest === undefined ? undefined : (some(mediaType) ?? BLOB),
    size: gone ? undefined : size,
    digest,
    length: gone ? undefined : size,
    repository,
    fromRepository: some(target.fromRepository),
    url: gone ? undefined : urlOf(record, origin),
    tag: some(tag),
    references:
      references && target.references?.length
        ? target.references.map((each) => ({
            mediaType: some(each.mediaType),
            size: some(each.size),
            digest: each.digest,
            urls: each.urls?.length ? each.urls : undefined,
            annotations: annotationsOf(each.annotations),
          }))
        : undefined,
  }
}

/** As Go writes JSON: what could end a script in a page is escaped. */
const goJson = (value: unknown): string =>
  JSON.stringify(value, undefined, 3).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/**
 * The body of a notification.
 *
 * @param references whether manifests come with what they refer to
 */
export const distributionBody = (
  record: EventRecord,
  origin: Origin,
  references: boolean,
): string => {
  const { id, at, action, actor, request } = record
  return goJson({
    events: [
      {
        id,
        timestamp: new Date(at).toISOString(),
        action,
        target: targetOf(record, origin, references),
        request: {
          id: request?.id ?? '',
          addr: some(request?.addr),
          host: some(request?.host),
          method: request?.method ?? '',
          useragent: request?.userAgent ?? '',
        },
        actor: { name: some(actor) },
        source: { addr: origin.address, instanceID: origin.instance },
      },
    ],
  })
}
