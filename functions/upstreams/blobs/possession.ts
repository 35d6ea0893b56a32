/**
 * Whether an upstream has the very bytes that this registry has under a digest, perhaps of a repository that is nobody else's
 * business. That it says so proves nothing: it has to show a part of them, which it cannot know before.
 *
 * @module
 */

import { randomInt } from 'node:crypto'
import { dataKey } from '../../registry/layout.ts'
import { algorithmOf, CANONICAL, type Digest } from '../../registry/reference.ts'
import { readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { UpstreamRepository } from '../client/client.ts'
import { UpstreamError } from '../client/failure.ts'

/** Bytes that are asked for. Blobs that are no larger are fetched, which proves it whole. */
export const PROOF = 64 * 1024

/**
 * Has an upstream prove that it has what is stored here.
 *
 * @returns false where nothing is proven: it is not stored, it is small, or the upstream gives no ranges
 * @throws UpstreamError: `unknown` when it has no such blob, `wrong` when it has other bytes
 */
export const provesPossession = async (
  store: ObjectStore,
  repository: Pick<UpstreamRepository, 'part'>,
  digest: Digest,
): Promise<boolean> => {
  if (algorithmOf(digest) !== CANONICAL) return false
  const key = dataKey(digest)
  const { size } = (await store.head(key)) ?? { size: 0 }
  if (size <= PROOF) return false
  const start = randomInt(size - PROOF + 1)
  const span = { start, end: start + PROOF - 1 }
  const shown = await repository.part(digest, span)
  if (shown === undefined) return false
  const stored = await store.get(key, span)
  if (stored === undefined) return false
  if (shown.equals(await readAll(stored.body, PROOF))) return true
  throw new UpstreamError('wrong', `${digest} is to be had, but bytes from ${start} on are others`)
}
