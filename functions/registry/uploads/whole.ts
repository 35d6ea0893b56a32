/**
 * Small bodies, read whole: manifests. They share the memory of uploads. Since they cannot be staged, one
 * that stands still while others need the memory is given up.
 *
 * @module
 */

import { inOneTurn } from '../../shared/turns.ts'
import type { ByteSource } from '../../storage/bytes.ts'
import type { UploadMemory } from './memory.ts'
import { canExtend } from './slabs.ts'

/** Bytes of a buffer at first, and how it grows with what comes. */
const FIRST = 64 * 1024
const GROWTH = 4

export interface WholeOptions {
  readonly memory: UploadMemory
  /** The most bytes to accept. */
  readonly limit: number
  /** Bytes expected, if known. */
  readonly expected: number | undefined
  /** What is thrown for more bytes than the limit, and when the body is given up. */
  readonly tooLarge: () => Error
  readonly givenUp: () => Error
}

const iteratorOf = (source: ByteSource): AsyncIterator<Uint8Array> | Iterator<Uint8Array> =>
  Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()

/**
 * Reads a body into memory of its own.
 *
 * @throws what the options say, and what the source throws
 */
export const readWhole = async (
  source: ByteSource,
  { memory, limit, expected = FIRST, tooLarge, givenUp }: WholeOptions,
): Promise<Uint8Array<ArrayBuffer>> => {
  const aborted = Promise.withResolvers<'aborted'>()
  const since = performance.now()
  let lastCame = since
  let buffer: Buffer | undefined
  let filled = 0
  let busy = false
  let lost = false
  const share = memory.join({
    get spare() {
      return busy ? 0 : (buffer?.byteLength ?? 0)
    },
    get lastCame() {
      return lastCame
    },
    since,
    get filled() {
      return filled
    },
    async giveUp() {
      const own = buffer
      buffer = undefined
      lost = true
      aborted.resolve('aborted')
      if (own !== undefined) share.release(own)
    },
  })

  /** Makes room for so many bytes in all. */
  const grow = async (needed: number): Promise<void> => {
    const wanted = Math.max(buffer === undefined ? expected : buffer.byteLength * GROWTH, needed)
    const size = Math.max(Math.min(wanted, buffer === undefined ? FIRST : limit), needed)
    if (buffer !== undefined && canExtend(buffer, size)) {
      await share.extend(
        size,
        () => buffer,
        (extended) => {
          buffer = extended
        },
      )
      return
    }
    const larger = await share.take(size)
    const own = buffer
    own?.copy(larger, 0, 0, filled)
    if (own !== undefined) share.release(own)
    if (lost) share.release(larger)
    else buffer = larger
  }

  const iterator = iteratorOf(source)
  let ended = false
  try {
    for (;;) {
      const step = await Promise.race([iterator.next(), aborted.promise])
      if (step === 'aborted') throw givenUp()
      if (step.done) {
        ended = true
        break
      }
      const chunk = step.value
      lastCame = performance.now()
      if (filled + chunk.byteLength > limit) throw tooLarge()
      if ((buffer?.byteLength ?? 0) < filled + chunk.byteLength) {
        await grow(filled + chunk.byteLength)
      }
      if (buffer === undefined) throw givenUp()
      buffer.set(chunk, filled)
      filled += chunk.byteLength
    }
    busy = true
    const whole = (buffer ?? Buffer.alloc(0)).subarray(0, filled)
    return await inOneTurn(() => new Uint8Array(whole))
  } finally {
    busy = true
    if (buffer !== undefined) share.release(buffer)
    share.leave()
    // Not waited for: it may itself wait for the client.
    if (!ended) void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}
