/**
 * Brings a blob from an upstream into a spool, and verifies it.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { algorithmOf, hexOf } from '../../registry/reference.ts'
import type { OpenedBlob } from '../client/client.ts'
import { UpstreamError } from '../client/failure.ts'
import { type ResumingOptions, resuming } from './resuming.ts'
import type { Spool } from './spool.ts'

/**
 * Reads a blob to its end.
 *
 * @param opened the blob, from its beginning
 * @throws UpstreamError `wrong` when it has another digest, and what asking for the rest throws; StoreError `full`
 */
export const pump = async (
  opened: OpenedBlob,
  spool: Spool,
  options: ResumingOptions,
): Promise<void> => {
  const { digest } = options
  const hash = createHash(algorithmOf(digest))
  for await (const chunk of resuming(opened, 0, options)) {
    hash.update(chunk)
    await spool.write(chunk)
  }
  const actual = hash.digest('hex')
  if (actual === hexOf(digest)) return
  throw new UpstreamError(
    'wrong',
    `${digest} is to be had, but it is ${algorithmOf(digest)}:${actual}`,
  )
}
