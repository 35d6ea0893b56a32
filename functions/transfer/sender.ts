/**
 * Sends blobs, some at a time and each once, the largest first.
 *
 * @module
 */

import type { Blob } from './blobs/blob.ts'
import { createRoom, type Room } from './blobs/room.ts'
import { sendBlob, type Way } from './blobs/send.ts'
import type { Sending } from './blobs/upload.ts'

/** Blobs that are sent at a time, where nothing else is said. */
const PARALLEL = 6
/** What a small blob counts for: round trips are most of what it costs. */
const SMALL = { below: 1024 * 1024, counts: 1 / 4 } as const

const countOf = ({ size }: { readonly size: number }): number =>
  size < SMALL.below ? SMALL.counts : 1

/** A blob that was sent. */
export interface SentBlob {
  readonly digest: string
  readonly size: number
  readonly way: Way
}

/** How far one blob is, in bytes. */
export interface BlobExtent {
  readonly digest: string
  readonly sent: number
  readonly size: number
}

/** How far all that is known is, in bytes and blobs. */
export interface Extent {
  readonly sent: number
  readonly size: number
  readonly blobs: number
  readonly ready: number
  /** What is being sent, in the order in which it began. */
  readonly underWay: readonly BlobExtent[]
}

/** What one delivery shares with the others, and who is told of its bytes. */
export interface Delivery {
  readonly room: Room
  /** Bytes of all blobs that are known. */
  readonly total: number
  /** See `Sending`. */
  readonly sent: (bytes: number) => void
}

/** Brings a blob where it is wanted. */
export type Deliver = (blob: Blob, delivery: Delivery) => Promise<Way>

/** Delivers to a repository of a registry. */
export const delivering =
  (to: Pick<Sending, 'target' | 'resume' | 'mountFrom'>): Deliver =>
  (blob, delivery) =>
    sendBlob({ ...to, ...delivery }, blob)

export interface SenderOptions {
  readonly deliver: Deliver
  /** Blobs that are sent at a time; small ones count for less. */
  readonly parallel?: number
  /** Whether others are still sent after one has failed. Default: they are not. */
  readonly goesOn?: boolean
  readonly happened: (blob: SentBlob) => void
  readonly progress: (extent: Extent) => void
}

/** Sends blobs to one repository. */
export interface Sender {
  /**
   * Sends a blob in its turn; one that was given before is not sent again.
   *
   * @param open where its bytes are
   * @throws what sending it has thrown, or what sending an earlier one has, unless it goes on
   */
  send(blob: Pick<Blob, 'digest' | 'size'>, open: () => Promise<Blob>): Promise<void>
  /** Rejects with the first failure; otherwise it stands still. */
  readonly failed: Promise<never>
}

interface Waiting {
  readonly digest: string
  readonly size: number
  readonly open: () => Promise<Blob>
  readonly done: PromiseWithResolvers<void>
}

/** Makes a sender. */
export const createSender = ({
  happened,
  progress,
  deliver,
  parallel = PARALLEL,
  goesOn = false,
}: SenderOptions): Sender => {
  const room = createRoom()
  const known = new Map<string, Promise<void>>()
  const waiting: Waiting[] = []
  const underWay = new Set<{ digest: string; sent: number; size: number }>()
  const failed: PromiseWithResolvers<never> = Promise.withResolvers()
  failed.promise.catch(() => {})
  let failure: { readonly error: unknown } | undefined
  let [sent, size, ready] = [0, 0, 0]
  /** Whether some have come since they were last in order: there may be tens of thousands. */
  let isMixed = false

  const show = () =>
    progress({
      sent,
      size,
      blobs: known.size,
      ready,
      underWay: [...underWay].map((each) => ({ ...each })),
    })

  const carryOut = async (wanted: Waiting): Promise<void> => {
    const extent = { digest: wanted.digest, sent: 0, size: wanted.size }
    underWay.add(extent)
    const count = (bytes: number) => {
      extent.sent += bytes
      sent += bytes
      show()
    }
    try {
      const blob = await wanted.open()
      const way = await deliver(blob, { room, total: size, sent: count })
      count(wanted.size - extent.sent)
      ready += 1
      underWay.delete(extent)
      happened({ digest: wanted.digest, size: wanted.size, way })
      show()
    } finally {
      underWay.delete(extent)
    }
  }

  const work = async (wanted: Waiting): Promise<void> => {
    try {
      await carryOut(wanted)
      wanted.done.resolve()
    } catch (error) {
      if (!goesOn) failure ??= { error }
      failed.reject(error)
      wanted.done.reject(error)
    }
    next()
  }

  const next = (): void => {
    if (failure !== undefined) {
      for (const { done } of waiting.splice(0)) done.reject(failure.error)
    }
    // Large ones first: the last one alone would leave connections idle.
    if (isMixed) waiting.sort((a, b) => b.size - a.size)
    isMixed = false
    let busy = [...underWay].reduce((sum, each) => sum + countOf(each), 0)
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      busy += countOf(first)
      if (busy > parallel) return
      waiting.shift()
      void work(first)
    }
  }

  return {
    failed: failed.promise,
    send(blob, open) {
      const before = known.get(blob.digest)
      if (before !== undefined) return before
      const done: Waiting['done'] = Promise.withResolvers()
      // A failure counts where it is awaited; who sends ahead of need does not.
      done.promise.catch(() => {})
      known.set(blob.digest, done.promise)
      size += blob.size
      isMixed = true
      // All that is given at once is known before the first of it is sent.
      if (waiting.push({ ...blob, open, done }) === 1) queueMicrotask(next)
      return done.promise
    },
  }
}
