/**
 * Sends a blob in parts straight to the registry's store: docs/push.md has the protocol.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { refused } from '../registry/failure.ts'
import { NO_REPLY, type Reply, type Streamed } from '../registry/http.ts'
import { createAsker, TOO_LARGE } from './ask.ts'
import type { Blob } from './blob.ts'
import { partSizeOf } from './part-size.ts'
import type { Begun } from './resume.ts'
import { createRoom } from './room.ts'
import { Refusal, trying } from './trying.ts'
import { countedBody, ending, type Sending } from './upload.ts'

/** Blobs below this go to the registry itself: gateways take them, and it costs fewer requests. */
export const MIN_FOR_PARTS = 2 * 1024 * 1024
/** Parts of one blob at a time: most are sent, while others are read, hashed and asked for. */
const PARALLEL = 12

/** Hex SHA-256, computed beside the thread that sends. */
const sha256Of = async (bytes: Buffer<ArrayBuffer>): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex')

/** One upload in parts. */
const uploading = (sending: Sending, blob: Blob, partSize: number, begun: string) => {
  const { target, sent, room = createRoom() } = sending
  const { digest, size } = blob
  const asker = createAsker(sending, blob, partSize, begun)

  /** Sends one part, which is asked for again where its URL has expired. */
  const send = async (number: number, hash: string, body: Uint8Array | Streamed) => {
    const first = await asker.ask(number, hash)
    if (first === TOO_LARGE) return TOO_LARGE
    let last: Reply = NO_REPLY
    let part: typeof first | undefined = first
    return trying(
      async () => {
        const again = part ?? (await asker.ask(number, hash))
        part = undefined
        if (again === TOO_LARGE) return undefined
        const { url, headers } = again
        const { 'content-length': _, ...others } = headers
        last = await target.http.send({ method: 'PUT', url, headers: others, body })
        if (last.body.includes('<Code>BadDigest</Code>')) {
          throw new Refusal(
            refused(`the bytes of ${digest} are not what its digest says, or were damaged`, last),
          )
        }
        if (last.status === 404) {
          throw new Refusal(refused(`the upload of ${digest} has ended meanwhile`, last))
        }
        return last.status === 200 ? ('sent' as const) : undefined
      },
      () => refused(`part ${number} of ${digest} was refused by the store`, last),
    )
  }

  /** The whole blob, which is not held in memory. */
  const sendOnly = () => send(1, digest.slice('sha256:'.length), countedBody(sending, blob).body)

  const sendPart = async (number: number) => {
    const start = (number - 1) * partSize
    const length = Math.min(partSize, size - start)
    await room.take(length)
    try {
      const bytes = await blob.read(start, start + length)
      const done = await send(number, await sha256Of(bytes), bytes)
      if (done === 'sent') sent(length)
      return done
    } finally {
      room.give(length)
    }
  }

  return {
    asker,
    sendPart: (number: number) => (partSize >= size ? sendOnly() : sendPart(number)),
    commit: () =>
      trying(
        async () => {
          const reply = await target.send({ method: 'PUT', url: ending(asker.location, digest) })
          if (reply.status === 201) return true
          if (reply.status >= 500 || reply.status === 429) return undefined
          throw new Refusal(refused(`${digest} was refused`, reply))
        },
        () => refused(`${digest} could not be committed`, NO_REPLY),
      ),
  }
}

/**
 * Sends a blob in parts.
 *
 * @returns false where it cannot be sent so, and nothing was sent
 * @throws TransferError when it is refused
 */
export const sendInParts = async (sending: Sending, blob: Blob, begun: Begun): Promise<boolean> => {
  const { resume, target } = sending
  const { size, digest } = blob
  if (!digest.startsWith('sha256:')) return false
  const partSize = begun.partSize ?? partSizeOf(size, begun.offer, sending.total)
  if (partSize === undefined) return false
  const { asker, sendPart, commit } = uploading(sending, blob, partSize, begun.location)
  const received = new Set(begun.received ?? [])
  const left = Array.from({ length: Math.ceil(size / partSize) }, (_, at) => at + 1).filter(
    (number) => !received.has(number),
  )
  sending.sent(received.size * partSize)
  let refusedAll = false
  let remembered: Promise<void> | undefined
  await inBatches(
    left,
    async (number) => {
      if (refusedAll) return
      if ((await sendPart(number)) === TOO_LARGE) refusedAll = true
      else if (left.length > 1) {
        remembered ??= resume?.remember(target, digest, { location: asker.location, partSize })
      }
    },
    PARALLEL,
  )
  await remembered
  if (refusedAll) {
    if (partSize >= size || size > begun.offer.one) return false
    return sendInParts(sending, blob, { ...begun, offer: { ...begun.offer, several: 0 } })
  }
  await commit()
  await resume?.forget(target, digest)
  return true
}
