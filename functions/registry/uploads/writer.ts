/**
 * Cuts a stream of bytes into parts of equal size and sends them in parallel, with bounded memory.
 * What does not fill a part stays in memory; the caller decides what becomes of it.
 *
 * @module
 */

import {
  MAX_PARTS,
  type MultipartUpload,
  type ObjectStore,
  type Part,
} from '../../storage/store.ts'
import { RegistryError } from '../errors.ts'
import type { PartBuffers } from './buffers.ts'

/** Most parts of one upload that are sent at once. */
const MAX_IN_FLIGHT = 4

/**
 * Bytes up to which a buffer is allocated in the size needed. Larger ones are the reusable buffers of
 * parts: to allocate megabytes and throw them away costs more than to hash them.
 */
const SMALL = 256 * 1024

export interface PartWriterOptions {
  readonly store: ObjectStore
  readonly buffers: PartBuffers
  /** Key of the multipart upload that is created when there are enough bytes for a part. */
  readonly key: string
  /** Bytes of every part but the last. */
  readonly partSize: number
  /** The multipart upload to continue, and the number of its next part. */
  readonly multipart: MultipartUpload | undefined
  readonly firstPart: number
  /** How many bytes come before the stream's that do not yet fill a part, and how to read them. */
  readonly seedSize: number
  readonly loadSeed: (into: Buffer) => Promise<void>
  /** Bytes expected, if known; a small blob then takes no more memory than it has bytes. */
  readonly expected: number | undefined
}

export interface PartWriter {
  /** The multipart upload, once there is one. */
  readonly multipart: MultipartUpload | undefined
  /** Parts stored by this writer, in ascending order; complete after `flush`. */
  readonly parts: readonly Part[]
  /** Takes bytes; waits while too many are being sent. Throws what sending a part threw. */
  write(chunk: Uint8Array): Promise<void>
  /** Bytes not yet in a part, without the seed. Valid until the next call. */
  pending(): Buffer
  /** Bytes not yet in a part, the seed first. Valid until the next call. */
  pendingWithSeed(): Promise<Buffer>
  /** Sends what is pending if it fills a part or is the `last` part, and waits for all parts. */
  flush(last: boolean): Promise<void>
  /** Waits until nothing is being sent and releases memory; never throws, may be repeated. */
  close(): Promise<void>
}

/** A writer of parts; `close` it whatever happens. */
export const createPartWriter = (options: PartWriterOptions): PartWriter => {
  const { store, buffers, key, partSize, seedSize } = options
  // Parts of the largest blobs are larger than the pool's buffers, and are sent one by one.
  const pooled = partSize === buffers.size
  /** A buffer for this many bytes or more, up to a part. */
  const allocate = (size: number): Buffer => {
    if (size <= SMALL) return Buffer.allocUnsafeSlow(size)
    return pooled ? buffers.take() : Buffer.allocUnsafeSlow(partSize)
  }
  let buffer = allocate(seedSize + (options.expected ?? SMALL))
  let filled = seedSize
  let unloaded = seedSize
  let multipart = options.multipart
  let number = options.firstPart
  let failure: { readonly error: unknown } | undefined
  let closed = false
  const parts: Part[] = []
  const idle: Buffer[] = []
  const inFlight = new Set<Promise<void>>()

  const loadSeed = async () => {
    if (unloaded === 0) return
    await options.loadSeed(buffer.subarray(0, unloaded))
    unloaded = 0
  }

  const grow = (size: number) => {
    if (buffer.byteLength >= size) return
    const larger = allocate(Math.max(size, SMALL))
    buffer.copy(larger, 0, 0, filled)
    buffer = larger
  }

  const nextBuffer = async (): Promise<Buffer> => {
    const free = idle.pop()
    if (free !== undefined) return free
    const another = pooled && inFlight.size < MAX_IN_FLIGHT ? buffers.tryTake() : undefined
    if (another !== undefined) return another
    await Promise.race(inFlight)
    return idle.pop() as Buffer
  }

  const send = async () => {
    if (number > MAX_PARTS) {
      throw new RegistryError(
        'BLOB_TOO_LARGE',
        `a blob of unknown length may have at most ${MAX_PARTS * partSize} bytes: send it with a Content-Length`,
      )
    }
    await loadSeed()
    multipart ??= await store.createMultipart(key, partSize)
    const own = buffer
    const sending = store
      .uploadPart(multipart, number, own.subarray(0, filled))
      .then((part) => void parts.push(part))
      .catch((error: unknown) => {
        failure ??= { error }
      })
      .then(() => {
        idle.push(own)
        inFlight.delete(sending)
      })
    inFlight.add(sending)
    number += 1
    filled = 0
  }

  const check = () => {
    if (failure !== undefined) throw failure.error
  }

  return {
    get multipart() {
      return multipart
    },
    get parts() {
      return parts.toSorted((a, b) => a.number - b.number)
    },

    async write(chunk) {
      for (let at = 0; at < chunk.byteLength; ) {
        check()
        if (filled === partSize) {
          await send()
          buffer = await nextBuffer()
          continue
        }
        const taken = chunk.subarray(at, at + partSize - filled)
        grow(filled + taken.byteLength)
        buffer.set(taken, filled)
        filled += taken.byteLength
        at += taken.byteLength
      }
    },

    pending: () => buffer.subarray(unloaded, filled),

    async pendingWithSeed() {
      await loadSeed()
      return buffer.subarray(0, filled)
    },

    async flush(last) {
      if (filled === partSize || (last && filled > 0)) {
        await send()
        // Nothing is pending now: an empty buffer stands in for the one being sent.
        buffer = Buffer.alloc(0)
      }
      await Promise.all(inFlight)
      check()
    },

    async close() {
      await Promise.all(inFlight)
      if (closed) return
      closed = true
      if (pooled) for (const each of [buffer, ...idle]) buffers.release(each)
    },
  }
}
