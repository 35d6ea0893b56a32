/**
 * Cuts a stream of bytes into parts of equal size and sends them in parallel, with bounded memory.
 * What does not fill a part stays in memory for the caller to decide on.
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

/** Parts of one upload under way at once. */
const MAX_IN_FLIGHT = 4

/**
 * Bytes up to which a buffer is made to measure. Larger ones are those of parts, which are used again:
 * what megabytes are allocated and thrown away costs more than to hash them.
 */
const SMALL = 256 * 1024

export interface PartWriterOptions {
  readonly store: ObjectStore
  readonly buffers: PartBuffers
  /** Key a multipart upload is begun for when there are bytes for a part. */
  readonly key: string
  /** Bytes of every part but the last. */
  readonly partSize: number
  /** Multipart upload to go on with, and the number of its next part. */
  readonly multipart: MultipartUpload | undefined
  readonly firstPart: number
  /** Bytes that come before the stream's and fill no part yet, and how to read them. */
  readonly seedSize: number
  readonly loadSeed: (into: Buffer) => Promise<void>
  /** Bytes expected, if known: small blobs then take no more memory than they have bytes. */
  readonly expected: number | undefined
}

export interface PartWriter {
  /** The multipart upload, once one was begun. */
  readonly multipart: MultipartUpload | undefined
  /** Parts stored by this writer, ascending; complete after `settle` or `flush`. */
  readonly parts: readonly Part[]
  /** Takes bytes; waits while too many are under way. Throws what a part's sending threw. */
  write(chunk: Uint8Array): Promise<void>
  /** Bytes held that are in no part, without the seed. Valid until the next call. */
  pending(): Buffer
  /** Bytes held that are in no part, the seed first. Valid until the next call. */
  pendingWithSeed(): Promise<Buffer>
  /** Sends a pending full part, or with `last` whatever is pending, and waits for all parts. */
  flush(last: boolean): Promise<void>
  /** Waits until nothing is under way and gives the memory back; never throws, may be repeated. */
  close(): Promise<void>
}

/** A writer of parts; `close` it whatever happens. */
export const createPartWriter = (options: PartWriterOptions): PartWriter => {
  const { store, buffers, key, partSize, seedSize } = options
  // Parts of the largest blobs are larger than others, and go one by one.
  const pooled = partSize === buffers.size
  /** A buffer for so many bytes; they may grow to a part. */
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
        // The next pending bytes are none: an empty buffer stands in for one under way.
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
