/**
 * Sends a blob to a repository: not at all if it is there, or by the way that the registry offers: mounted,
 * in parts straight to its store, in one request, or in chunks.
 *
 * @module
 */

import { refused } from '../registry/failure.ts'
import type { Blob } from './blob.ts'
import { sendInChunks } from './chunks.ts'
import { offerIn } from './offer.ts'
import { MIN_FOR_PARTS, sendInParts } from './parts.ts'
import { begin, countedBody, ending, locationOf, type Sending } from './upload.ts'

/** How a blob came to the registry. */
export type Way = 'there' | 'mounted' | 'parts' | 'whole' | 'chunks'

/** Sends a blob in one request. @returns false where the registry takes no body of this size */
const sendWhole = async (sending: Sending, blob: Blob, location: string): Promise<boolean> => {
  const { digest } = blob
  const { body, takeBack } = countedBody(sending, blob)
  const reply = await sending.target.send({
    method: 'PUT',
    url: ending(location, digest),
    headers: { 'Content-Type': 'application/octet-stream' },
    body,
  })
  if (reply.status === 413) {
    takeBack()
    return false
  }
  if (reply.status !== 201 && reply.status !== 204) throw refused(`${digest} was refused`, reply)
  return true
}

/**
 * Sends a blob.
 *
 * @throws TransferError when the registry refuses it
 */
export const sendBlob = async (sending: Sending, blob: Blob): Promise<Way> => {
  const { target, mountFrom } = sending
  const { digest, size } = blob
  if (await target.has(digest)) return 'there'
  const resumed = await sending.resume?.recall(target, digest)
  if (resumed !== undefined && (await sendInParts(sending, blob, resumed))) return 'parts'
  const query =
    mountFrom === undefined ? '' : `?${new URLSearchParams({ mount: digest, from: mountFrom })}`
  const started = await begin(target, query)
  if (started.status === 201) return 'mounted'
  const location = locationOf(target, started)
  const offer = offerIn(started)
  if (offer !== undefined && size >= MIN_FOR_PARTS) {
    if (await sendInParts(sending, blob, { location, offer })) return 'parts'
  }
  if (await sendWhole(sending, blob, location)) return 'whole'
  await sendInChunks(sending, blob, locationOf(target, await begin(target)))
  return 'chunks'
}
