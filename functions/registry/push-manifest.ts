/**
 * Accepts a manifest, in three steps however much it refers to: (1) all references, their links and
 * their data, and the catalog's mark are looked up while the data is written, which is verified already
 * and unreadable without a link, and the referrer's descriptor, which is not listed without one; (2) the
 * revision's link is written; (3) the tags are set, and the descriptor is confirmed. Whoever finds a tag
 * finds everything behind it. With a clean-up, the marker of the data is read in the first step, and links
 * that were condemned are made plain. The first manifest of a repository takes one step more: its catalog's mark
 * is written before the link, so that nothing is in a repository that is not listed.
 *
 * Where events are recorded, the record is written before the last link: of a push with tags beside the revision's
 * link, when nothing but its tags' conditions can refuse it; of one without in the first step. So a tag that is there
 * has its record. A manifest whose push died before its tag may have none: nobody was told of it.
 *
 * @module
 */

import { inBatches, settled } from '../shared/parallel.ts'
import { inOneTurn } from '../shared/turns.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Catalog } from './catalog.ts'
import type { Presence } from './clean-up/presence.ts'
import type { Descriptor } from './descriptor.ts'
import { RegistryError } from './errors.ts'
import { createKeepFetched } from './fetched-references.ts'
import type { Origin, Recorder, Recording } from './happened.ts'
import type { Held, Holdings } from './held.ts'
import { neededBy, type RequiredChildrenOf } from './index-children.ts'
import { dataKey, layerLinkKey, revisionLinkKey } from './layout.ts'
import type { RecentLinks } from './links.ts'
import { type Manifest, parseInTurns } from './manifest.ts'
import { isIndex, isManifestType } from './media-types.ts'
import { happeningOf, readMoves } from './push-event.ts'
import { writtenPusher } from './pusher.ts'
import type { Counted } from './quotas/counter.ts'
import type { Image } from './quotas/ledger.ts'
import type { QuotaGuard } from './quotas/port.ts'
import {
  algorithmOf,
  CANONICAL,
  type Digest,
  digestOf,
  hexOf,
  type Reference,
} from './reference.ts'
import { referrerOf } from './referrer-entry.ts'
import type { Referrers } from './referrers.ts'
import type { Overridden, TagGuard } from './retention/guard.ts'
import type { Revisions } from './revisions.ts'
import type { TagCondition, Tags } from './tags.ts'

export interface PushedManifest {
  readonly digest: Digest
  readonly manifest: Manifest
  /** Immutable tags that it has moved. */
  readonly overridden: readonly Overridden[]
}

/** What a manifest says that another room has read. */
export interface ReadManifest {
  readonly manifest: Manifest
  /** Keeps what belongs to it, before it can be read. */
  keep(digest: Digest): Promise<void>
}

export interface PushOptions {
  /** What the bytes say. Default: they are read here. */
  readonly read?: ReadManifest
  /** Tags to set besides the reference, as given by `?tag=`. */
  readonly tags?: readonly string[]
  /** What the tag in the reference must be for the push to happen. */
  readonly condition?: TagCondition
  /** Whether it may move immutable tags. */
  readonly override?: boolean
  /** Who asks for it, for the event and the links of its tags. */
  readonly origin?: Origin
  /**
   * Whether it is a copy of what another registry has: then what it refers to is had from there when it is wanted, and
   * need not be here; it is no push that anybody is told of, or that a quota refuses.
   */
  readonly fetched?: boolean
  /** Who takes it first, where the repository comes from another registry. */
  readonly first?: First
}

/** Another registry that takes a push before this one. What it refuses changes nothing here. */
export interface First {
  /**
   * Sees to it that it has what the manifest refers to, or may have it from elsewhere: that need not be here. It may take
   * long.
   */
  content(manifest: Manifest): Promise<void>
  /**
   * Has it take the manifest, right before anything here leads to it.
   *
   * @param frozen tags of the push that may not move
   * @throws RegistryError TAG_IMMUTABLE for one of those that is another manifest there
   */
  manifest(manifest: Manifest, frozen: readonly string[]): Promise<void>
  /**
   * Is told that another push has set a tag which may not move, after the manifest was taken. Never throws.
   *
   * @param tags of the push, that may be others here than there
   */
  late(tags: readonly string[]): Promise<void>
}

/** A push that may be refused for what it is. */
export interface OfferedPush {
  readonly repository: string
  readonly digest: Digest
  readonly manifest: Manifest
  readonly origin: Origin | undefined
}

/** Looks at a push before anything of it is written. @throws RegistryError GUARDED for one that may not be */
export type AcceptsPush = (push: OfferedPush) => Promise<void>

/** What a push writes to besides the data. */
export interface PushTargets {
  readonly tags: Tags
  readonly referrers: Referrers
  readonly catalog: Catalog
  readonly holdings: Holdings
  readonly links: RecentLinks
  readonly presence: Presence
  readonly revisions: Revisions
  readonly guard: TagGuard
  /** Where events are recorded. Default: nowhere. */
  readonly events?: Recorder | undefined
  readonly quotas: QuotaGuard
  /** Decides what may be pushed. Default: all that is well formed. */
  readonly accepts?: AcceptsPush | undefined
  /** Which images of an index must be there. */
  readonly requiredChildren: RequiredChildrenOf
}

/**
 * Accepts a manifest.
 *
 * @throws RegistryError MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID, PRECONDITION_FAILED,
 *   TAG_IMMUTABLE, GUARDED
 * @throws StoreError `unavailable` while the same bytes are being deleted; `late` where it took minutes
 *   from the first look at what it refers to, so that nothing may rely on that look any more
 */
export type PushManifest = (
  name: string,
  reference: Reference,
  bytes: Uint8Array,
  contentType: string | undefined,
  options?: PushOptions,
) => Promise<PushedManifest>

const SPARSE = ', or have the registry take indexes without it (its setting index-children)'

const countedOf = ({ target, size, modified }: Held): Counted => ({
  digest: target,
  size,
  linked: modified?.getTime(),
})

/** Pushes to a store. */
export const createPushManifest = (store: ObjectStore, targets: PushTargets): PushManifest => {
  const {
    tags,
    referrers,
    catalog,
    holdings,
    links,
    presence,
    revisions,
    guard,
    quotas,
    requiredChildren,
    events,
  } = targets
  const keepFetched = createKeepFetched(targets)

  /** What the repository has, as it is described; or the digest of what it lacks. */
  const look = async (
    name: string,
    descriptor: Descriptor,
    anySize = false,
  ): Promise<Held | Digest> => {
    const { digest, mediaType, size } = descriptor
    const isManifest = isManifestType(mediaType)
    const key = (isManifest ? revisionLinkKey : layerLinkKey)(name, digest)
    // What the clean-up has condemned is made plain: from now on a manifest needs it.
    const link = isManifest ? revisions.keep(name, digest) : links.keep(key)
    const held = await holdings.read(key, digest, link)
    if (held === undefined) return digest
    if (anySize || held.size === size) {
      holdings.trust(key)
      return held
    }
    if (!held.sure) await holdings.doubt(key)
    const hint = held.sure ? '' : ': if the manifest is right, push both again'
    throw new RegistryError(
      'MANIFEST_INVALID',
      `the manifest says ${digest} has ${size} bytes, but it has ${held.size}${hint}`,
      { detail: { digest, size: held.size } },
    )
  }

  /** @returns the blobs among them, for a quota */
  const checkReferences = async (
    name: string,
    manifest: Manifest,
    isElsewhere: boolean,
  ): Promise<readonly Counted[]> => {
    const needed = neededBy(manifest, requiredChildren(name))
    const distinct = [...new Map(needed.map((each) => [each.digest + each.size, each]))]
    const results = await inBatches(distinct, ([, each]) => look(name, each, manifest.sizesUnknown))
    const digests = results.filter((each) => typeof each === 'string')
    if (digests.length === 0 || isElsewhere) {
      return results.flatMap((each, at) => {
        const { digest, mediaType, size } = distinct[at]![1]
        // A manifest that is there was counted when it was pushed.
        if (isManifestType(mediaType)) return []
        // It is linked without a look at the quota when somebody pulls it.
        if (typeof each === 'string') return [{ digest, size, linked: 'soon' }]
        return [countedOf(each)]
      })
    }
    throw new RegistryError(
      'MANIFEST_BLOB_UNKNOWN',
      `the manifest refers to ${digests.slice(0, 3).join(', ')}${digests.length > 3 ? ` and ${digests.length - 3} more` : ''}, missing from the repository ${name}: push that content first${isIndex(manifest.mediaType) ? SPARSE : ''}`,
      { detail: { name, digests: digests.slice(0, 100) } },
    )
  }

  /** What need not be there, but may be, and then counts: foreign layers, and blobs of an index that are optional. */
  const findOptional = async (name: string, manifest: Manifest): Promise<readonly Counted[]> => {
    const needed = new Set(neededBy(manifest, requiredChildren(name)))
    const optional = [...manifest.references, ...manifest.unchecked].filter(
      (each) => !needed.has(each) && !isManifestType(each.mediaType),
    )
    const held = await inBatches(optional, ({ digest }) => {
      const key = layerLinkKey(name, digest)
      return holdings.read(key, digest)
    })
    return held.flatMap((each) => (each === undefined ? [] : [countedOf(each)]))
  }

  /**
   * Looks at all that a manifest refers to; where there is a quota, that is counted before anything links it.
   *
   * @param guarding ends once its tags may be set: what is refused would count until a clean-up
   * @returns what is to be told then that all is written
   */
  const prepare = async (
    image: Image,
    manifest: Manifest,
    own: Counted,
    isElsewhere: boolean,
    guarding: Promise<unknown>,
  ): Promise<(() => void) | undefined> => {
    const { repository: name } = image
    const checking = checkReferences(name, manifest, isElsewhere)
    const [quota, blobs] = await settled([quotas.open(name), checking])
    if (quota === undefined) return undefined
    const [optional] = await settled([findOptional(name, manifest), guarding])
    return quotas.raise(quota, image, [own, ...blobs, ...optional])
  }

  return async (name, reference, bytes, contentType, options = {}) => {
    const { read } = options
    const manifest = read?.manifest ?? (await parseInTurns(bytes, contentType))
    const canonical = await inOneTurn(() => digestOf(bytes))
    const digest = reference.digest ?? canonical
    const actual =
      algorithmOf(digest) === CANONICAL
        ? canonical
        : await inOneTurn(() => digestOf(bytes, 'sha512'))
    if (actual !== digest) {
      throw new RegistryError('DIGEST_INVALID', `the manifest's digest is ${actual}, not ${digest}`)
    }

    const size = bytes.byteLength
    const image: Image = { repository: name, manifest: digest }
    const own: Counted = { digest: canonical, size, linked: 'soon' }
    const { subject } = manifest
    const names = [...new Set([...(reference.tag ? [reference.tag] : []), ...(options.tags ?? [])])]
    const { fetched = false, first, override = false, origin } = options
    if (!fetched) await targets.accepts?.({ repository: name, digest, manifest, origin })
    if (first !== undefined) {
      // What this registry refuses is sent nowhere.
      await guard.push(name, names, digest, override)
      await first.content(manifest)
    }
    // References are relied on from now on, whatever the clean-up then condemns.
    const inTime = presence.begin()
    const put = () => store.put(dataKey(canonical), bytes, { sha256: hexOf(canonical) })
    const recording = fetched ? undefined : events?.begin(name, origin)
    const happening = happeningOf(name, manifest, digest, size)
    const movesOf = async ({ wantsMoves }: Recording) =>
      (await wantsMoves()) ? readMoves(tags, name, names, digest) : undefined
    const by = writtenPusher(options.origin?.who)
    let linking = false
    let taken = false
    try {
      const guarding = guard.push(name, names, digest, override)
      const [{ isFrozen, overridden }, isListed, confirm, moves, , landed] = await settled([
        guarding,
        catalog.keeps(name),
        subject && referrers.prepare(name, subject.digest, referrerOf(manifest, digest, size)),
        recording && movesOf(recording),
        names.length === 0 ? recording?.write(happening) : undefined,
        fetched
          ? keepFetched(image, manifest, own)
          : prepare(image, manifest, own, first !== undefined, guarding),
        presence.bring(canonical, size, presence.look(canonical, inTime), put, put),
        read?.keep(digest),
      ])

      await first?.manifest(manifest, names.filter(isFrozen)).catch((error: unknown) => {
        // It links nothing then.
        landed?.()
        throw error
      })
      taken = true
      if (!isListed) await catalog.add(name)
      linking = true
      const tagged = { ...happening, tags: moves ?? names.map((tag) => ({ tag })) }
      await settled([
        revisions.write(name, digest, canonical, size, inTime),
        names.length > 0 ? recording?.write(tagged) : undefined,
      ])

      const tagging = inBatches(names, (tag) => {
        const set = isFrozen(tag) ? tags.make : tags.set
        return set(name, tag, digest, options.condition, { inTime, by })
      })
      await settled([tagging, confirm?.()])
      landed?.()
      recording?.done()
      return { digest, manifest, overridden }
    } catch (error) {
      // Of several tags, others may have been set.
      const refused = error instanceof RegistryError && names.length <= 1
      if (!linking || refused) await recording?.withdraw()
      const isLate = error instanceof RegistryError && error.code === 'TAG_IMMUTABLE'
      if (taken && isLate) await first?.late(names)
      throw error
    }
  }
}
