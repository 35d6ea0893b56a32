/**
 * Counts manifests that come back, with all that they need: as large as it is, or as they say it is, if that is more or it
 * is not there. What of it the last walk has counted for other manifests is not looked up: it counts again until the
 * next walk.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { cached } from '../../shared/cached.ts'
import { once } from '../../shared/once.ts'
import { inBatches } from '../../shared/parallel.ts'
import { readAll } from '../../storage/bytes.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { dataKey, layerLinkKey } from '../layout.ts'
import { readLink } from '../links.ts'
import { algorithmOf, CANONICAL, type Digest } from '../reference.ts'
import type { Counted } from './counter.ts'
import { quotasInForce } from './in-force.ts'

/**
 * Counts a manifest whose bytes are stored under `target`, before it is linked again.
 *
 * @param isThere whether it is there still, and only a tag comes back: then no limit refuses it
 * @throws RegistryError QUOTA_EXCEEDED
 */
export type RaiseStored = (
  name: string,
  digest: Digest,
  target: Digest,
  isThere: boolean,
) => Promise<void>

/** Counts nothing. */
export const NOT_COUNTED: RaiseStored = async () => {}

/** Most sizes that are remembered, for manifests that have blobs in common. */
const MOST = 10_000

/**
 * Counts by the quotas in force, which are read once; one operation for each thing that a manifest needs.
 *
 * @param isLimited whether what would pass a hard limit is refused: not for those who may set limits, too
 */
export const raisingStored = (
  store: ObjectStore,
  now: () => number,
  isLimited = false,
): RaiseStored => {
  const open = once(async () => {
    const quotas = await quotasInForce(store)
    if (quotas.all.length === 0) return undefined
    const { createLedger } = await import('./ledger.ts')
    return { quotas, ledger: createLedger({ store, now, wait: sleep }) }
  })
  const sizes = cached(async (target: Digest) => (await store.head(dataKey(target)))?.size, {
    capacity: MOST,
  })
  const countedOf = async (repository: string, digest: Digest, said: number): Promise<Counted> => {
    const isCanonical = algorithmOf(digest) === CANONICAL
    const link = isCanonical ? undefined : await readLink(store, layerLinkKey(repository, digest))
    const target = link?.target ?? digest
    return { digest: target, size: Math.max(said, (await sizes.get(target)) ?? 0) }
  }
  return async (repository, manifest, target, isThere) => {
    const opened = await open()
    const quota = opened?.quotas.of(repository)
    if (opened === undefined || quota === undefined) return
    const { MAX_MANIFEST_BYTES } = await import('../manifests.ts')
    const { needsOf } = await import('../clean-up/needs.ts')
    const read = await store.get(dataKey(target))
    if (read === undefined) return
    const bytes = await readAll(read.body, MAX_MANIFEST_BYTES)
    const { digests = [], sizes: said = [] } = needsOf(bytes) ?? {}
    const needed = await inBatches([...digests.entries()], ([at, digest]) =>
      countedOf(repository, digest, said[at] ?? 0),
    )
    const own: Counted = { digest: target, size: bytes.byteLength, linked: 'soon' }
    const limits = isLimited && !isThere ? quota : { ...quota, hard: undefined }
    await opened.ledger.raise(limits, { repository, manifest }, [own, ...needed])
  }
}
