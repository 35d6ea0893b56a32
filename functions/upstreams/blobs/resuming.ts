/**
 * The bytes of a blob as an upstream sends them. A connection that breaks is resumed where it broke.
 *
 * @module
 */

import type { Digest } from '../../registry/reference.ts'
import type { OpenedBlob, UpstreamRepository } from '../client/client.ts'
import { isUpstreamError, UpstreamError } from '../client/failure.ts'

/** How often in a row it is tried to go on without a byte more: for 16 seconds, in which a server starts anew. */
const ATTEMPTS = 6
/** Milliseconds before the first of them; each waits twice as long as the one before. */
const PAUSE = 250
/** Most milliseconds that clients wait in the middle of a blob, whatever the upstream asks for. */
const LONGEST = 30_000

/** Most bytes of a blob whose size is not known: it might have no end. */
const MOST = 16 * 1024 ** 3

export interface ResumingOptions {
  readonly repository: Pick<UpstreamRepository, 'blob'>
  readonly digest: Digest
  /** Says that it is not to be resumed any more. */
  readonly signal: AbortSignal
  /** Waits for some milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>
}

/** What of a chunk at this place comes after what is there. */
const beyond = (chunk: Buffer, at: number, arrived: number): Buffer =>
  at >= arrived ? chunk : chunk.subarray(Math.min(arrived - at, chunk.byteLength))

/**
 * Reads a blob to its end. Nothing of it is verified.
 *
 * @param opened the blob, from `start` on at the latest
 * @param start the first byte that is wanted
 * @throws UpstreamError: what asking for the rest throws
 */
export async function* resuming(
  opened: OpenedBlob,
  start: number,
  { repository, digest, signal, wait }: ResumingOptions,
): AsyncGenerator<Buffer, undefined> {
  const { size } = opened
  const most = size ?? MOST
  let arrived = start
  let blob: OpenedBlob | undefined = opened
  try {
    for (let attempts = 0; ; ) {
      const before = arrived
      try {
        blob ??= await repository.blob(digest, arrived)
        let at = blob.start
        for await (const chunk of blob.body) {
          const fresh = beyond(chunk, at, arrived)
          at += chunk.byteLength
          if (fresh.byteLength === 0) continue
          arrived += fresh.byteLength
          if (arrived > most)
            throw new UpstreamError('wrong', `${digest} has more than ${most} bytes`)
          yield fresh
        }
        if (size === undefined || arrived === size) return undefined
        throw new UpstreamError('away', `${digest} ended at byte ${arrived} of ${size}`)
      } catch (error) {
        blob?.drop()
        blob = undefined
        if (!isUpstreamError(error, 'away', 'busy', 'full') || signal.aborted) throw error
        attempts = arrived > before ? 0 : attempts + 1
        const pause = Math.max(PAUSE * 2 ** attempts, error.retryAfter ?? 0)
        if (attempts === ATTEMPTS || pause > LONGEST) throw error
        await wait(pause)
      }
    }
  } finally {
    blob?.drop()
  }
}
