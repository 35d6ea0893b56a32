/**
 * Uploads as every registry knows them (distribution-spec "Pushing a blob").
 *
 * @module
 */

import { refused } from '../registry/failure.ts'
import type { Reply } from '../registry/http.ts'
import type { Target } from '../registry/target.ts'
import type { Resume } from './resume.ts'

/** What a transfer needs besides the blob. */
export interface Sending {
  readonly target: Target
  /** Remembers uploads that were broken off; absent: they start over. */
  readonly resume?: Resume | undefined
  /** Another repository of the registry that may have the blob. */
  readonly mountFrom?: string | undefined
  /** Is told of bytes that were received. */
  readonly sent: (bytes: number) => void
}

/** Starts an upload, or mounts. */
export const begin = async (target: Target, query = ''): Promise<Reply> => {
  const url = target.resolve(`blobs/uploads/${query}`)
  const reply = await target.send({ method: 'POST', url, headers: { 'Slipway-Upload': 'parts' } })
  if (reply.status === 201 || reply.status === 202) return reply
  throw refused(`no upload to ${target.name} could be started`, reply)
}

/** Where an upload goes on. */
export const locationOf = (target: Target, { headers }: Reply, before?: string): string =>
  target.resolve(headers.location ?? '', before ?? target.resolve('blobs/uploads/'))

/** An URL with the digest that ends an upload. */
export const ending = (location: string, digest: string): string =>
  `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`
