/**
 * The registry without HTTP: all that a host needs, on one store.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectStore } from '../storage/store.ts'
import { type Blobs, createBlobs } from './blobs.ts'
import { type Catalog, createCatalog } from './catalog.ts'
import type { Bounds } from './clean-up/bounds.ts'
import type { Follows } from './clean-up/fence.ts'
import { createPresence } from './clean-up/presence.ts'
import { createStandings, UNGUARDED } from './clean-up/standing.ts'
import { type ContentLooked, createContent, tellingLooks } from './content.ts'
import { type ReportDamage, unreported } from './damage.ts'
import { noteDeletion, UNNOTED } from './deleted/note.ts'
import type { Recorder } from './happened.ts'
import { createHoldings } from './held.ts'
import type { RequiredChildrenOf } from './index-children.ts'
import { createRecentLinks } from './links.ts'
import { createManifests, type Manifests } from './manifests.ts'
import type { AcceptsPush } from './push-manifest.ts'
import { createQuotaGuard } from './quotas/guard.ts'
import type { QuotaGuard } from './quotas/port.ts'
import type { Quota, Quotas } from './quotas/quotas.ts'
import { createReferrers, type Referrers } from './referrers.ts'
import { createGuard } from './retention/guard.ts'
import { NO_RULES, type Retention } from './retention/retention.ts'
import { createRevisions } from './revisions.ts'
import { createTags, type Tags } from './tags.ts'
import type { Hashing } from './uploads/hash.ts'
import type { UploadLimits } from './uploads/limits.ts'
import { createUploadMemory, type UploadMemory } from './uploads/memory.ts'
import { createStateSealer } from './uploads/state.ts'
import { createUploads, type Uploads } from './uploads/uploads.ts'
import type { RemoveWholeOptions, WholeRemoved } from './whole/remove.ts'

/**
 * Bytes of a part. Most layers fit into one, which is stored as a single object; 10,000 parts hold a
 * blob of 117 GiB whose length was not declared.
 */
const PART_SIZE = 12 * 1024 * 1024

/** Most bytes of uploads in memory where the host does not say. */
const UPLOAD_MEMORY = 96 * 1024 * 1024

export interface RegistryOptions {
  readonly store: ObjectStore
  /**
   * Gives the 32 bytes that seal upload states, the same for every instance on this store. Called
   * for each request of an upload.
   */
  readonly uploadSecret: () => Promise<Uint8Array>
  /** Seconds for which an upload may go on after its start. Default: a day. */
  readonly uploadLife?: number | undefined
  /** Most bytes in memory, over all uploads under way. Default: 96 MiB. */
  readonly uploadMemory?: number | undefined
  /** Where hashes of uploads are computed. Default: on this thread. */
  readonly hashing?: Hashing | undefined
  /** For hosts whose requests have limited time. */
  readonly uploadLimits?: UploadLimits | undefined
  /** Decides which manifests may be pushed. Default: all that are well formed. */
  readonly accepts?: AcceptsPush | undefined
  /** Which images of an index must be there when it is pushed. Default: all. */
  readonly requiredChildren?: RequiredChildrenOf
  /** Whether deletes of tags and manifests are noted, so that they can be undone. Default: no. */
  readonly undeletes?: boolean
  /** The rules on tags that are in force. Default: none. */
  readonly rules?: () => Promise<Retention>
  /** The quotas that are in force. Default: none. */
  readonly quotas?: (() => Promise<Quotas>) | undefined
  /** Is told when a quota passes its soft limit, with its bytes. Default: nobody is. */
  readonly softLimit?: ((quota: Quota, bytes: number) => void) | undefined
  /**
   * Whether a clean-up may run on this store, so that pushes and mounts have to look at its markers.
   * Asked for each of them. Every instance that writes must know. Default: no.
   */
  readonly cleanUp?: Follows | undefined
  /** What writers beside a clean-up go by. Default: those of every host. */
  readonly bounds?: Bounds | undefined
  /** Whether nothing may be written: then links that were condemned stay so. Default: no. */
  readonly readOnly?: boolean | undefined
  /** Where events are recorded. Default: nowhere. */
  readonly events?: Recorder | undefined
  /**
   * Tells other processes on this store of a link that has changed, for {@link Registry.dropLink}. It never fails.
   * Default: they find out by themselves.
   */
  readonly linkChanged?: ((key: string) => Promise<void>) | undefined
  /** Clock in milliseconds since 1970. */
  readonly now?: () => number
  /** Waits for some milliseconds. Default: by this process's clock. */
  readonly wait?: ((milliseconds: number) => Promise<unknown>) | undefined
  /** Is told of damaged objects. */
  readonly report?: ReportDamage
  /** Is told of lookups of content in memory. Default: nobody is. */
  readonly contentLooked?: ContentLooked | undefined
}

export interface Registry {
  readonly blobs: Blobs
  readonly uploads: Uploads
  readonly manifests: Manifests
  readonly tags: Tags
  readonly referrers: Referrers
  readonly catalog: Catalog
  readonly quotas: QuotaGuard
  /** Tells the immutable tags of a repository. No operation, but where the rules are read again. */
  isImmutable(name: string): Promise<(tag: string) => boolean>
  /** Deletes a whole repository. What it takes is loaded by the first call. */
  removeWhole(name: string, options: RemoveWholeOptions): Promise<WholeRemoved>
  /** Forgets a link that another process has changed. */
  dropLink(key: string): void
  /** Of all that clients send. */
  readonly memory: UploadMemory
}

/** A registry on a store. */
export const createRegistry = (options: RegistryOptions): Registry => {
  const { store, uploadSecret, uploadLimits, now = Date.now, report = unreported } = options
  const { contentLooked, events } = options
  const ownContent = createContent(store, report)
  const content = contentLooked ? tellingLooks(ownContent, contentLooked) : ownContent
  const recent = createRecentLinks(store, now, report, options.linkChanged)
  const links = options.readOnly ? { ...recent, keep: recent.read } : recent
  const holdings = createHoldings(store, links, now, report)
  const follows = options.cleanUp
  const standings = follows
    ? createStandings(store, { now, report, follows, bounds: options.bounds })
    : UNGUARDED
  const presence = createPresence(store, holdings, standings)
  const blobs = createBlobs(store, links, holdings, presence, report, events)
  const catalog = createCatalog(store)
  const tags = createTags(store, catalog, report)
  const revisions = createRevisions(store, links, tags, report)
  const referrers = createReferrers(store, {
    content,
    revisions,
    report,
    readOnly: options.readOnly,
  })
  const quotas = createQuotaGuard(store, {
    quotas: options.quotas,
    softLimit: options.softLimit,
    events,
    now,
    wait: options.wait ?? sleep,
  })
  const rules = options.rules ?? (async () => NO_RULES)
  const guard = createGuard(rules, tags)
  const limit = options.uploadMemory ?? UPLOAD_MEMORY
  const memory = createUploadMemory({ limit, partSize: PART_SIZE })
  return {
    blobs,
    memory,
    dropLink: recent.drop,
    tags,
    catalog,
    referrers,
    quotas,
    isImmutable: guard.of,
    manifests: createManifests(store, {
      tags,
      referrers,
      catalog,
      revisions,
      holdings,
      links,
      presence,
      content,
      guard,
      quotas,
      note: (name, by) => (options.undeletes ? noteDeletion(store, name, by, now()) : UNNOTED),
      events,
      accepts: options.accepts,
      requiredChildren: options.requiredChildren ?? (() => 'all'),
    }),
    uploads: createUploads({
      store,
      blobs,
      holdings,
      presence,
      events,
      sealer: createStateSealer(uploadSecret, now, options.uploadLife),
      partSize: PART_SIZE,
      memory,
      limits: uploadLimits,
      hashing: options.hashing,
      now,
    }),
    async removeWhole(name, more) {
      const { removeWhole } = await import('./whole/remove.ts')
      const { undeletes = false, wait } = options
      return removeWhole(
        { store, undeletes, rules, now, wait, forget: recent.forget, events },
        name,
        more,
      )
    },
  }
}
