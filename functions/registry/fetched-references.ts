/**
 * What a manifest refers to that is fetched from another registry: it need not be here. What is here stays, and where
 * a quota is set all of it counts from now on: the blobs that come later are linked without a look at the quota.
 *
 * @module
 */

import { inBatches, settled } from '../shared/parallel.ts'
import type { Descriptor } from './descriptor.ts'
import type { Holdings } from './held.ts'
import { layerLinkKey } from './layout.ts'
import type { RecentLink, RecentLinks } from './links.ts'
import type { Manifest } from './manifest.ts'
import { isManifestType } from './media-types.ts'
import type { Counted } from './quotas/counter.ts'
import type { Image } from './quotas/ledger.ts'
import type { QuotaGuard } from './quotas/port.ts'
import type { Quota } from './quotas/quotas.ts'
import type { Digest } from './reference.ts'
import type { Revisions } from './revisions.ts'

export interface FetchedTargets {
  readonly holdings: Pick<Holdings, 'size'>
  readonly links: Pick<RecentLinks, 'keep' | 'read'>
  readonly revisions: Pick<Revisions, 'keep'>
  readonly quotas: Pick<QuotaGuard, 'open' | 'raise'>
}

/**
 * Has what is here stay, and counts. One conditional write where a quota is set. It is never refused, and what cannot be
 * counted, the next run of the clean-up finds.
 *
 * @param own the manifest itself
 * @returns what is to be told then that the manifest and its tag are written
 */
export type KeepFetched = (
  image: Image,
  manifest: Manifest,
  own: Counted,
) => Promise<(() => void) | undefined>

/** The largest size that a manifest says of each blob. */
const blobsOf = ({ listed }: Manifest): ReadonlyMap<Digest, number> => {
  const sizes = new Map<Digest, number>()
  for (const { digest, mediaType, size } of listed) {
    if (!isManifestType(mediaType)) sizes.set(digest, Math.max(sizes.get(digest) ?? 0, size))
  }
  return sizes
}

export const createKeepFetched = (targets: FetchedTargets): KeepFetched => {
  const { holdings, links, revisions, quotas } = targets

  /** The clean-up may have condemned what is here. */
  const keep = async (name: string, references: readonly Descriptor[]): Promise<undefined> => {
    const distinct = new Map(references.map((each) => [each.digest, each.mediaType]))
    await inBatches([...distinct], async ([digest, mediaType]) => {
      if (isManifestType(mediaType)) await revisions.keep(name, digest)
      else await links.keep(layerLinkKey(name, digest))
    })
    return undefined
  }

  const countedOf = async (
    digest: Digest,
    said: number,
    link: RecentLink | undefined,
  ): Promise<Counted> => {
    if (link === undefined) return { digest, size: said, linked: 'soon' }
    const { target, modified } = link
    const size = link.size ?? (await holdings.size(target)) ?? 0
    return { digest: target, size: Math.max(said, size), linked: modified?.getTime() }
  }

  const count = async (quota: Quota, image: Image, manifest: Manifest, own: Counted) => {
    const blobs = await inBatches([...blobsOf(manifest)], async ([digest, said]) =>
      countedOf(digest, said, await links.read(layerLinkKey(image.repository, digest))),
    )
    return quotas.raise({ ...quota, hard: undefined }, image, [own, ...blobs])
  }

  return async (image, manifest, own) => {
    // A pull goes on, whatever is wrong with quotas.
    const opening = quotas.open(image.repository).catch(() => undefined)
    const [quota] = await settled([opening, keep(image.repository, manifest.references)])
    return quota && (await count(quota, image, manifest, own).catch(() => undefined))
  }
}
