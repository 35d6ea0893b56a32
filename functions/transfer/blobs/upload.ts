/**
 * Uploads as every registry knows them (distribution-spec "Pushing a blob").
 *
 * @module
 */

import { refused } from '../registry/failure.ts'
import type { Reply, Streamed } from '../registry/http.ts'
import type { Target } from '../registry/target.ts'
import type { Blob } from './blob.ts'
import type { Resume } from './resume.ts'
import type { Room } from './room.ts'

/** What a transfer needs besides the blob. */
export interface Sending {
  readonly target: Target
  /** Remembers uploads that were broken off; absent: they start over. */
  readonly resume?: Resume | undefined
  /** Another repository of the registry that may have the blob. */
  readonly mountFrom?: string | undefined
  /** Memory that blobs share which are sent at a time; absent: this one has its own. */
  readonly room?: Room | undefined
  /** Bytes of all blobs that are sent together, if that is known. */
  readonly total?: number | undefined
  /** Is told of bytes that were sent, and by negative ones of those that have to be sent again. */
  readonly sent: (bytes: number) => void
}

/** A whole blob as a body, whose bytes are counted as they are sent: once, however often it is opened. */
export const countedBody = (
  { sent }: Pick<Sending, 'sent'>,
  { size, stream }: Blob,
): { readonly body: Streamed; takeBack(): void } => {
  let passed = 0
  const takeBack = () => {
    sent(-passed)
    passed = 0
  }
  const open = () => {
    takeBack()
    return stream(0, size)
  }
  const count = (bytes: number) => {
    passed += bytes
    sent(bytes)
  }
  return { body: { size, open, passed: count }, takeBack }
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
