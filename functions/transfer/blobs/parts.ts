/**
 * Sends a blob in parts straight to the registry's store: docs/push.md has the protocol.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { refused } from '../registry/failure.ts'
import type { Reply, Streamed } from '../registry/http.ts'
import type { Blob } from './blob.ts'
import type { Offer } from './offer.ts'
import type { Begun } from './resume.ts'
import { ending, locationOf, type Sending } from './upload.ts'

const MEBIBYTE = 1024 * 1024
/** Blobs below this go to the registry itself: gateways take them, and it costs fewer requests. */
export const MIN_FOR_PARTS = 2 * MEBIBYTE
/** A blob up to this size is one part, which need not be read back. */
const MAX_ONE = 32 * MEBIBYTE
/** Bytes of one of several parts. */
const PART = 16 * MEBIBYTE
/** Most parts of a blob. */
const MOST_PARTS = 10_000
/** Parts of one blob that are sent at a time. */
const PARALLEL = 8
const ATTEMPTS = 5
/** Longest wait before an attempt, in milliseconds. */
const LONGEST = 8_000

interface Sendable {
  readonly number: number
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Bytes of each part, or undefined where the blob cannot be sent so. */
const partSizeOf = (size: number, { one, several = size }: Offer): number | undefined => {
  if (size > MAX_ONE && size <= several) {
    return Math.max(PART, Math.ceil(size / MOST_PARTS / MEBIBYTE) * MEBIBYTE)
  }
  return size <= one ? size : undefined
}

const backOff = (attempt: number): Promise<void> =>
  delay(Math.min(LONGEST, 200 * 2 ** attempt) * (0.5 + Math.random() / 2))

/** Does something until it works, some times. A failure of one attempt may be the network's. */
const trying = async <T>(work: () => Promise<T | undefined>, failed: () => Error): Promise<T> => {
  let cause: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await backOff(attempt)
    try {
      const done = await work()
      if (done !== undefined) return done
    } catch (error) {
      if (error instanceof Refusal) throw error.reason
      cause = error
    }
  }
  throw Object.assign(failed(), { cause })
}

/** What no further attempt would change. */
class Refusal extends Error {
  readonly reason: Error
  constructor(reason: Error) {
    super(reason.message)
    this.reason = reason
  }
}

/** Several parts were refused before any was sent. */
const TOO_LARGE = Symbol('too large')

/** One upload in parts. */
const uploading = (sending: Sending, blob: Blob, partSize: number, begun: string) => {
  const { target, sent } = sending
  const { digest, size } = blob
  let location = begun

  const ask = async (number: number, sha256: string): Promise<Sendable | typeof TOO_LARGE> =>
    trying(
      async () => {
        const wanted = { digest, size, partSize, parts: [{ number, sha256 }] }
        const url = location
        const reply = await target.send({
          method: 'POST',
          url,
          headers: { 'Content-Type': 'application/json' },
          body: Buffer.from(JSON.stringify(wanted)),
        })
        if (reply.status >= 500 || reply.status === 429) return undefined
        if (reply.status === 413) return TOO_LARGE
        if (reply.status !== 200) {
          throw new Refusal(refused(`parts of ${digest} were refused`, reply))
        }
        if (url === begun) location = locationOf(target, reply, url)
        return JSON.parse(reply.body.toString()).parts[0] as Sendable
      },
      () => refused(`no part of ${digest} could be asked for`, EMPTY),
    )

  /** Sends one part, which is asked for again where its URL has expired. */
  const send = async (number: number, hash: string, body: Uint8Array | Streamed, bytes: number) => {
    let last: Reply = EMPTY
    const first = await ask(number, hash)
    if (first === TOO_LARGE) return TOO_LARGE
    let part: Sendable | undefined = first
    await trying(
      async () => {
        const again = part ?? (await ask(number, hash))
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
        return last.status === 200 ? true : undefined
      },
      () => refused(`part ${number} of ${digest} was refused by the store`, last),
    )
    sent(bytes)
    return undefined
  }

  const sendOnly = () =>
    send(1, digest.slice('sha256:'.length), { size, open: () => blob.stream(0, size) }, size)

  const sendPart = async (number: number) => {
    const start = (number - 1) * partSize
    const bytes = await blob.read(start, Math.min(start + partSize, size))
    const hash = createHash('sha256').update(bytes).digest('hex')
    return send(number, hash, bytes, bytes.length)
  }

  return {
    get location() {
      return location
    },
    sendPart: (number: number) => (partSize >= size ? sendOnly() : sendPart(number)),
    commit: () =>
      trying(
        async () => {
          const reply = await target.send({ method: 'PUT', url: ending(location, digest) })
          if (reply.status === 201) return true
          if (reply.status >= 500 || reply.status === 429) return undefined
          throw new Refusal(refused(`${digest} was refused`, reply))
        },
        () => refused(`${digest} could not be committed`, EMPTY),
      ),
  }
}

const EMPTY: Reply = { status: 0, headers: {}, body: Buffer.alloc(0) }

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
  const partSize = begun.partSize ?? partSizeOf(size, begun.offer)
  if (partSize === undefined) return false
  const upload = uploading(sending, blob, partSize, begun.location)
  const received = new Set(begun.received ?? [])
  const left = Array.from({ length: Math.ceil(size / partSize) }, (_, at) => at + 1).filter(
    (number) => !received.has(number),
  )
  sending.sent(received.size * partSize)
  // The first one begins the upload; the others go on from there.
  const [first, ...others] = left
  if (first !== undefined && (await upload.sendPart(first)) === TOO_LARGE) {
    if (partSize >= size || size > begun.offer.one) return false
    return sendInParts(sending, blob, { ...begun, offer: { ...begun.offer, several: 0 } })
  }
  if (others.length > 0) {
    await resume?.remember(target, digest, { location: upload.location, partSize })
  }
  const worker = async () => {
    for (let number = others.shift(); number !== undefined; number = others.shift()) {
      await upload.sendPart(number)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, worker))
  await upload.commit()
  await resume?.forget(target, digest)
  return true
}
