/**
 * Sends a blob to a repository: not at all if it is there, or by the way that the registry offers: mounted,
 * in parts straight to its store, in one request, or in chunks.
 *
 * @module
 */

import { RefusedError } from '../errors.ts'
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

/** Statuses that say of an upload that it is not there any more, or has gone on without us. */
const ENDED: ReadonlySet<number> = new Set([400, 404, 409, 410, 416])

/**
 * Goes on with an upload that was broken off. Another process that sends the same may have gone on with it, too, and have
 * ended it.
 *
 * @returns undefined where there is none
 */
const goOn = async (sending: Sending, blob: Blob): Promise<'parts' | 'there' | undefined> => {
  const { target, resume } = sending
  const begun = await resume?.recall(target, blob.digest)
  if (begun === undefined) return undefined
  let passed = 0
  const sent = (bytes: number): void => {
    passed += bytes
    sending.sent(bytes)
  }
  try {
    return (await sendInParts({ ...sending, sent }, blob, begun)) ? 'parts' : undefined
  } catch (error) {
    if (!(error instanceof RefusedError && ENDED.has(error.status))) throw error
    sending.sent(-passed)
    await resume?.forget(target, blob.digest)
    return (await target.has(blob.digest)) ? 'there' : undefined
  }
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
  const wentOn = await goOn(sending, blob)
  if (wentOn !== undefined) return wentOn
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
