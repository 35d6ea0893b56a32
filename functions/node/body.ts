/**
 * Bodies of requests to the Node server.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { RequestError } from '../api/errors.ts'
import { release } from '../storage/bytes.ts'

/** Bytes a second below which a body counts as silent. No link that anyone pushes over is slower. */
const LEAST_RATE = 1024

/** How often in the time of {@link BodyOptions.patience} it is looked whether the client is waited for. */
const LOOKS = 8

export interface BodyOptions {
  /**
   * Milliseconds that a client is waited for. If fewer bytes come meanwhile than {@link LEAST_RATE} a
   * second, the body has failed. Time in which the server does not read does not count.
   */
  readonly patience: number
  /** Why the connection was closed before the end of the body. */
  readonly cause: () => RequestError
}

/** Calls `tooSlow` once the client has been waited for too long. @returns functions to tell it by */
const watchOver = (patience: number, tooSlow: () => void) => {
  const least = (LEAST_RATE * patience) / 1000
  let waiting = false
  let bytes = 0
  let looks = 0
  const look = (): void => {
    if (!waiting) return
    looks += 1
    if (looks < LOOKS) return
    if (bytes < least) tooSlow()
    bytes = 0
    looks = 0
  }
  const timer = setInterval(look, patience / LOOKS).unref()
  return {
    waits: (now: boolean) => {
      waiting = now
    },
    came: (more: number) => {
      bytes += more
    },
    end: () => clearInterval(timer),
  }
}

/**
 * The bytes of a body. A chunk is valid only until the next one is requested: left to the garbage
 * collector, chunks would take half of the CPU time of a large push. The request is not destroyed if
 * reading stops early, since the response could then not be sent.
 *
 * Throws `options.cause` when the connection is closed, and RequestError BODY_TOO_SLOW when the client
 * sends next to nothing.
 */
export async function* bodyOf(
  incoming: Readable,
  { patience, cause }: BodyOptions,
): AsyncGenerator<Uint8Array> {
  let wake = (): void => {}
  let slow = false
  const changed = (): void => wake()
  const watch = watchOver(patience, () => {
    slow = true
    wake()
  })
  for (const event of ['readable', 'end', 'error', 'close']) incoming.on(event, changed)
  try {
    for (;;) {
      const chunk: Uint8Array | null = incoming.destroyed ? null : incoming.read()
      if (chunk !== null) {
        watch.came(chunk.byteLength)
        yield chunk
        release(chunk)
        continue
      }
      if (incoming.readableEnded) return
      if (incoming.destroyed) throw cause()
      watch.waits(true)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      watch.waits(false)
      if (slow) {
        throw new RequestError(
          'BODY_TOO_SLOW',
          `the body stood still: fewer than ${LEAST_RATE} bytes a second came for ${patience / 1000} s`,
        )
      }
    }
  } finally {
    watch.end()
    for (const event of ['readable', 'end', 'error', 'close']) incoming.off(event, changed)
  }
}
