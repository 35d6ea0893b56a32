/**
 * Events as CloudEvents 1.0 has them, in its JSON format: an event is one body.
 *
 * @module
 */

import type { EventRecord } from '../record.ts'
import { baseOf, type Origin, urlOf } from './origin.ts'

/** Content-Type of an event in structured mode: HTTP protocol binding, section 3.2. */
export const STRUCTURED = 'application/cloudevents+json; charset=utf-8'

/** `team/app:v1`, `team/app@sha256:…` or `team/app`. */
const subjectOf = ({ repository, target }: EventRecord): string | undefined => {
  if (repository === undefined) return undefined
  if (target?.tag !== undefined) return `${repository}:${target.tag}`
  return target?.digest === undefined ? repository : `${repository}@${target.digest}`
}

/** The body of a notification. @param references whether manifests come with what they refer to */
export const cloudEventBody = (
  record: EventRecord,
  origin: Origin,
  references: boolean,
): string => {
  const { id, at, action, repository, target, facts, actor, request } = record
  return JSON.stringify({
    specversion: '1.0',
    id,
    source: baseOf(record, origin),
    type: `io.slipway.${action}`,
    subject: subjectOf(record),
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data: {
      action,
      repository,
      ...target,
      references: references ? target?.references : undefined,
      url: action === 'delete' ? undefined : urlOf(record, origin),
      facts,
      actor,
      request,
    },
  })
}
