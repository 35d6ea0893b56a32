/**
 * Cuts a stream of bytes into parts of equal size and sends them in parallel, with bounded memory.
 * What does not fill a part stays in memory, or is staged when others need the memory; the caller
 * decides what becomes of it.
 *
 * @module
 */

import { MAX_PARTS, type Part } from '../../storage/store.ts'
import { RegistryError } from '../errors.ts'
import type { PartWriter, PartWriterOptions } from './part-writer.ts'
import { deleteSegments, loadSegments, segmentsSize, stage } from './segments.ts'
import { canExtend } from './slabs.ts'
import type { Segment } from './state.ts'

/** Most parts of one upload that are sent at once. */
const MAX_IN_FLIGHT = 4

/**
 * Bytes of a buffer at first. It grows with what comes, four times as large each time: a client that
 * sends little takes little memory.
 */
const FIRST = 64 * 1024
const GROWTH = 4

/** A writer of parts; `close` it whatever happens. */
export const createPartWriter = (options: PartWriterOptions): PartWriter => {
  const { store, memory, uuid, key, partSize } = options
  let buffer: Buffer | undefined
  /** Bytes in the buffer; staged ones come before them. */
  let filled = 0
  let ahead = [...options.segments]
  let base = options.offset
  let multipart = options.multipart
  let number = options.firstPart
  let failure: { readonly error: unknown } | undefined
  let closed = false
  let wasStaged = false
  /** Whether the buffer is at work, so that it cannot be given up. */
  let busy = true
  let givingUp: Promise<void> | undefined
  let nextSize = FIRST
  let since = performance.now()
  let lastCame = since
  const parts: Part[] = []
  const staged: Segment[] = []
  const inFlight = new Set<Promise<void>>()

  const giveUp = async (): Promise<void> => {
    const own = buffer
    if (own === undefined) return
    const bytes = own.subarray(0, filled)
    const at = base + segmentsSize(ahead)
    buffer = undefined
    filled = 0
    nextSize = FIRST
    try {
      const segments = await stage(store, uuid, at, bytes)
      ahead.push(...segments)
      staged.push(...segments)
      share.release(own)
    } catch (error) {
      // Its bytes are lost, and so is this request.
      failure ??= { error }
      share.release(own, true)
    }
  }

  const share = memory.join({
    get spare() {
      return busy || givingUp !== undefined ? 0 : (buffer?.byteLength ?? 0)
    },
    get lastCame() {
      return lastCame
    },
    get since() {
      return since
    },
    get filled() {
      return filled
    },
    giveUp() {
      givingUp = giveUp().finally(() => {
        givingUp = undefined
      })
      return givingUp
    },
  })

  const check = () => {
    if (failure !== undefined) throw failure.error
  }

  /** Does something while the buffer may be given up. */
  const atRest = async <T>(work: () => Promise<T>): Promise<T> => {
    busy = false
    try {
      return await work()
    } finally {
      busy = true
      await givingUp
    }
  }

  const total = () => segmentsSize(ahead) + filled

  const release = (own: Buffer | undefined, inUse = false) => {
    if (own !== undefined) share.release(own, inUse)
  }

  /** A buffer of a whole part or of less; waits for a part that is being sent rather than for others. */
  const take = async (size: number): Promise<Buffer> => {
    while (inFlight.size > 0) {
      const free = inFlight.size < MAX_IN_FLIGHT ? share.tryTake(size) : undefined
      if (free !== undefined) return free
      await Promise.race(inFlight)
    }
    return atRest(() => share.take(size))
  }

  /** Makes room for at least one more byte of this part. */
  const grow = async (): Promise<void> => {
    const { expected = partSize } = options
    const most = expected > filled ? Math.min(expected, partSize) : partSize
    const size = Math.min(nextSize, most)
    if (buffer !== undefined && canExtend(buffer, size)) {
      await atRest(() =>
        share.extend(
          size,
          () => buffer,
          (extended) => {
            buffer = extended
          },
        ),
      )
    } else {
      const larger = await take(size)
      const own = buffer
      if (own === undefined) since = performance.now()
      own?.copy(larger, 0, 0, filled)
      buffer = larger
      release(own)
    }
    if (buffer !== undefined) nextSize = buffer.byteLength * GROWTH
  }

  /** Puts all that is pending, what is staged first, into one buffer. */
  const assemble = async (): Promise<void> => {
    if (ahead.length === 0) return
    const size = total()
    const larger = (buffer?.byteLength ?? 0) >= size ? undefined : await take(size)
    // Meanwhile more of it may have been staged.
    const own = buffer
    const before = segmentsSize(ahead)
    const into = larger ?? own!
    try {
      if (own === into) into.copyWithin(before, 0, filled)
      else own?.copy(into, before, 0, filled)
      await loadSegments(store, uuid, ahead, into.subarray(0, before))
    } catch (error) {
      release(larger)
      throw error
    }
    buffer = into
    if (own !== into) release(own)
    filled = size
    ahead = []
    wasStaged = true
  }

  const send = async () => {
    if (number > MAX_PARTS) {
      throw new RegistryError(
        'BLOB_TOO_LARGE',
        `a blob of unknown length may have at most ${MAX_PARTS * partSize} bytes: send it with a Content-Length`,
      )
    }
    await assemble()
    multipart ??= await store.createMultipart(key, partSize)
    const own = buffer!
    let failed = false
    const sending = store
      .uploadPart(multipart, number, own.subarray(0, filled))
      .then((part) => void parts.push(part))
      .catch((error: unknown) => {
        failed = true
        failure ??= { error }
      })
      .then(() => {
        release(own, failed)
        inFlight.delete(sending)
      })
    inFlight.add(sending)
    number += 1
    base += filled
    // Who has sent a part will send another.
    nextSize = partSize
    buffer = undefined
    filled = 0
  }

  return {
    get multipart() {
      return multipart
    },
    get parts() {
      return parts.toSorted((a, b) => a.number - b.number)
    },
    get ahead() {
      return ahead
    },
    get wasStaged() {
      return wasStaged
    },

    async write(chunk) {
      busy = true
      await givingUp
      lastCame = performance.now()
      for (let at = 0; at < chunk.byteLength; ) {
        check()
        if (total() === partSize) await send()
        else if (buffer === undefined || filled === buffer.byteLength) await grow()
        else {
          const room = Math.min(buffer.byteLength - filled, partSize - total())
          const taken = chunk.subarray(at, at + room)
          buffer.set(taken, filled)
          filled += taken.byteLength
          at += taken.byteLength
        }
      }
      check()
      busy = false
    },

    pending: () => (buffer ?? Buffer.alloc(0)).subarray(0, filled),

    async pendingWhole() {
      busy = true
      await givingUp
      check()
      await assemble()
      return (buffer ?? Buffer.alloc(0)).subarray(0, filled)
    },

    async flush(last) {
      busy = true
      await givingUp
      check()
      if (total() === partSize || (last && total() > 0)) await send()
      await Promise.all(inFlight)
      check()
    },

    async close(failed, kept = []) {
      if (closed) return
      closed = true
      busy = true
      await givingUp
      await Promise.all(inFlight)
      release(buffer, failed)
      buffer = undefined
      share.leave()
      const unused = staged.filter((segment) => !kept.includes(segment))
      // What fails here is left to the clean-up of stale uploads.
      await deleteSegments(store, uuid, unused).catch(() => {})
    },
  }
}
