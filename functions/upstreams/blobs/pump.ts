/**
 * Brings a blob from an upstream into a spool, and verifies it. A connection that breaks is resumed where it broke.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { algorithmOf, type Digest, hexOf } from '../../registry/reference.ts'
import type { OpenedBlob, UpstreamRepository } from '../client/client.ts'
import { isUpstreamError, UpstreamError } from '../client/failure.ts'
import type { Spool } from './spool.ts'

/** How often in a row it is tried to go on without a byte more. */
const ATTEMPTS = 4
/** Milliseconds before the first of them; each waits twice as long as the one before. */
const PAUSE = 250
/** Most milliseconds that clients wait in the middle of a blob, whatever the upstream asks for. */
const LONGEST = 30_000

export interface PumpOptions {
  readonly repository: UpstreamRepository
  readonly digest: Digest
  readonly signal: AbortSignal
  /** Waits for some milliseconds. */
  readonly wait: (milliseconds: number) => Promise<unknown>
}

/** What of a chunk at this place comes after what is there. */
const beyond = (chunk: Buffer, at: number, arrived: number): Buffer =>
  at >= arrived ? chunk : chunk.subarray(arrived - at)

/**
 * Reads a blob to its end.
 *
 * @param opened the blob, from its beginning
 * @throws UpstreamError `wrong` when it has another digest, and what asking for the rest throws; StoreError `full`
 */
export const pump = async (
  opened: OpenedBlob,
  spool: Spool,
  { repository, digest, signal, wait }: PumpOptions,
): Promise<void> => {
  const hash = createHash(algorithmOf(digest))
  const take = async ({ start, body }: OpenedBlob): Promise<void> => {
    let at = start
    for await (const chunk of body) {
      const fresh = beyond(chunk, at, spool.arrived)
      at += chunk.byteLength
      if (fresh.byteLength === 0) continue
      hash.update(fresh)
      await spool.write(fresh)
    }
    if (spool.size !== undefined && spool.arrived !== spool.size) {
      throw new UpstreamError('away', `${digest} ended at byte ${spool.arrived} of ${spool.size}`)
    }
  }

  for (let blob: OpenedBlob | undefined = opened, attempts = 0; ; ) {
    const before = spool.arrived
    try {
      blob ??= await repository.blob(digest, spool.arrived)
      await take(blob)
      break
    } catch (error) {
      blob?.drop()
      blob = undefined
      if (!isUpstreamError(error, 'away', 'busy') || signal.aborted) throw error
      attempts = spool.arrived > before ? 0 : attempts + 1
      const pause = Math.max(PAUSE * 2 ** attempts, error.retryAfter ?? 0)
      if (attempts === ATTEMPTS || pause > LONGEST) throw error
      await wait(pause)
    }
  }
  const actual = hash.digest('hex')
  if (actual === hexOf(digest)) return
  throw new UpstreamError(
    'wrong',
    `${digest} is to be had, but it is ${algorithmOf(digest)}:${actual}`,
  )
}
