/**
 * Where events come from, and the URLs in them.
 *
 * @module
 */

import type { EventRecord } from '../record.ts'

/** The registry that sends events. */
export interface Origin {
  /** How clients reach it, if that is set: `https://registry.example`. */
  readonly publicUrl?: string | undefined
  /** Where it listens: `http://127.0.0.1:5000`. */
  readonly url: string
  /** Host and port of this server. */
  readonly address: string
  /** A UUID of this process. */
  readonly instance: string
}

/** The registry's URL: as it is set, as the client of the request had it, or where it listens. */
export const baseOf = ({ request }: EventRecord, { publicUrl, url }: Origin): string => {
  if (publicUrl !== undefined) return publicUrl.replace(/\/$/, '')
  return request?.host === undefined ? url : `${new URL(url).protocol}//${request.host}`
}

/** The URL of what an event is about; undefined where it has no digest. */
export const urlOf = (record: EventRecord, origin: Origin): string | undefined => {
  const { repository, target } = record
  if (repository === undefined || target?.digest === undefined) return undefined
  const { mediaType = 'application/octet-stream', digest } = target
  const kind = mediaType === 'application/octet-stream' ? 'blobs' : 'manifests'
  return `${baseOf(record, origin)}/v2/${repository}/${kind}/${digest}`
}
