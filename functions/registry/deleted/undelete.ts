/**
 * Undoes deletes of tags and manifests.
 *
 * The bytes of a deleted manifest, and the links that it needs, stay while its deleted link does (revisions.ts).
 * As in a push, the manifest comes first, then its tags. Each write is conditional: a manifest comes back only from
 * the deleted link that was read, a tag only where there is none. So nothing that was pushed since is lost.
 *
 * A tag leads to a manifest since its link is there: written, or looked at, within the bound of a request before the
 * tag is sent. One that slept for days in between, as a laptop does, might set a tag of a manifest that was deleted
 * again meanwhile, and that the clean-up takes away in the same moment.
 *
 * @module
 */

import { inBatches, settled } from '../../shared/parallel.ts'
import { tookPlace } from '../../storage/errors.ts'
import type { ObjectStore, PutOptions } from '../../storage/store.ts'
import { createCatalog } from '../catalog.ts'
import { createStandings } from '../clean-up/standing.ts'
import { type ReportDamage, unreported } from '../damage.ts'
import { RegistryError } from '../errors.ts'
import type { Recording } from '../happened.ts'
import { dataKey, revisionLinkKey } from '../layout.ts'
import { readStoredLink, writeLink } from '../links.ts'
import { NOT_COUNTED, type RaiseStored, raisingStored } from '../quotas/stored.ts'
import type { Digest, Reference } from '../reference.ts'
import { createTags } from '../tags.ts'
import { type Deletion, listDeletions } from './deletions.ts'

/** What came back. */
export interface Undeleted {
  readonly digest: Digest
  /** Whether the manifest had been deleted. */
  readonly manifest: boolean
  /** Tags that are set again. */
  readonly tags: readonly string[]
  /** Tags that are there, since somebody has set them meanwhile, or they never went. */
  readonly kept: readonly string[]
}

const lost = (name: string, reference: string, why: string): RegistryError =>
  new RegistryError('MANIFEST_UNKNOWN', `${reference} of ${name} cannot come back: ${why}`, {
    detail: { name, reference },
  })

const setAgain = (name: string, tag: string, there: Digest, digest: Digest): RegistryError =>
  new RegistryError(
    'PRECONDITION_FAILED',
    `the tag ${tag} of ${name} was set again, and points at ${there}: delete it first if ${digest} is to come back`,
    { detail: { name, tag } },
  )

/**
 * Makes a deleted or condemned manifest's link plain. A plain one is written again where tags follow: a rule that
 * is about to remove one of them has to see that it was set.
 *
 * @returns false when it was not deleted
 */
export const restoreManifest = async (
  store: ObjectStore,
  name: string,
  digest: Digest,
  tagged: boolean,
  report: ReportDamage,
  inTime: PutOptions['inTime'],
  raise: RaiseStored = NOT_COUNTED,
): Promise<boolean> => {
  const key = revisionLinkKey(name, digest)
  for (;;) {
    const stored = await readStoredLink(store, key, report)
    const deleted = stored?.deleted !== undefined
    const isThere = stored?.link !== undefined && !stored.link.condemned
    if (isThere && !tagged) return false
    const found = stored?.deleted ?? stored?.link
    if (found === undefined) throw lost(name, digest, 'nothing is left of it')
    const { target, size, etag } = found
    if ((await store.head(dataKey(target))) === undefined) {
      throw lost(name, digest, 'its bytes are gone')
    }
    await raise(name, digest, target, isThere)
    const options = {
      condition: { ifMatch: etag },
      inTime,
      size: size ?? ('unknown' as const),
    }
    // If it was pushed or deleted again meanwhile, the next look tells.
    if (await tookPlace(writeLink(store, key, target, options))) return deleted
  }
}

/** Milliseconds within which a client repeats a delete that had no answer. */
const REPEATED = 5 * 60_000

/**
 * Whether a note is of the same delete as the last one of a manifest, or of an attempt before it: that may have failed
 * after its tags had gone, and the last one found them gone.
 */
const isOneWith = (last: Deletion, { id, by, tags, at }: Deletion): boolean =>
  id === last.id ||
  (tags !== undefined && by === last.by && last.at.getTime() - at.getTime() <= REPEATED)

/** What to bring back, and the tags that went with it. */
const find = (
  deletions: readonly Deletion[],
  name: string,
  reference: Reference,
): { readonly digest: Digest; readonly tags: readonly string[] } => {
  const { tag, digest } = reference
  if (digest === undefined) {
    const last = deletions.find((each) => each.tag === tag || each.tags?.includes(tag))
    if (last === undefined) throw lost(name, tag, 'no delete of it is on record')
    return { digest: last.digest, tags: [tag] }
  }
  const last = deletions.find((each) => each.digest === digest && each.tags !== undefined)
  const notes = deletions.filter(
    (each) => last !== undefined && each.digest === digest && isOneWith(last, each),
  )
  return { digest, tags: [...new Set(notes.flatMap(({ tags = [] }) => tags))] }
}

/**
 * Undoes the last delete of a tag, or of a manifest and the tags that went with it.
 *
 * @param now clock in milliseconds since 1970
 * @param recording of the event, which is recorded before anything comes back. Default: there is none
 * @param raise counts the manifest in its quota
 * @throws RegistryError QUOTA_EXCEEDED by `raise`, MANIFEST_UNKNOWN when nothing is left of it, PRECONDITION_FAILED when the tag that is
 *   asked for is there and points elsewhere
 * @throws StoreError `late` when it took minutes; what came back is back
 */
export const undelete = async (
  store: ObjectStore,
  name: string,
  reference: Reference,
  report: ReportDamage = unreported,
  now: () => number = Date.now,
  recording?: Recording,
  raise: RaiseStored = raisingStored(store, now),
): Promise<Undeleted> => {
  const inTime = createStandings(store, { now, report }).begin()
  const { digest, tags } = find(await listDeletions(store, name), name, reference)
  const catalog = createCatalog(store)
  const { get, set } = createTags(store, catalog, report)
  const [isListed] = await settled([
    catalog.keeps(name),
    recording?.write({
      action: 'undelete',
      target: { digest },
      ...(tags.length === 0 ? {} : { tags: tags.map((tag) => ({ tag })) }),
    }),
  ])
  if (!isListed) await catalog.add(name)
  const manifest = await restoreManifest(
    store,
    name,
    digest,
    tags.length > 0,
    report,
    inTime,
    raise,
  )
  /** @returns false when it is there */
  const restore = async (tag: string): Promise<boolean> => {
    for (;;) {
      try {
        await set(name, tag, digest, { absent: true }, { inTime })
        return true
      } catch (error) {
        if (!(error instanceof RegistryError && error.code === 'PRECONDITION_FAILED')) throw error
      }
      const there = (await get(name, tag))?.target
      if (there === digest || (there !== undefined && tag !== reference.tag)) return false
      if (there !== undefined) throw setAgain(name, tag, there, digest)
      // It has gone again meanwhile.
    }
  }
  const restored = (
    await inBatches(tags, async (tag) => ((await restore(tag)) ? [tag] : []))
  ).flat()
  return {
    digest,
    manifest,
    tags: restored.toSorted(),
    kept: tags.filter((tag) => !restored.includes(tag)),
  }
}
