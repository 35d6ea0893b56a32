/**
 * Undoes the delete of a whole repository, also of one that is not done yet: see pass.ts.
 *
 * @module
 */

import { inBatches, settled } from '../../shared/parallel.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { createCatalog } from '../catalog.ts'
import { makePlain } from '../clean-up/link-object.ts'
import { createStandings } from '../clean-up/standing.ts'
import { type ReportDamage, unreported } from '../damage.ts'
import { type Deletion, listDeletions } from '../deleted/deletions.ts'
import { restoreManifest } from '../deleted/undelete.ts'
import { RegistryError } from '../errors.ts'
import type { Recording } from '../happened.ts'
import { manifestsPrefix } from '../layout.ts'
import { readLinkObject } from '../links.ts'
import { type RaiseStored, raisingStored } from '../quotas/stored.ts'
import type { Digest } from '../reference.ts'
import { createTags } from '../tags.ts'
import { endPending, readNote, type WholeDelete } from './note.ts'

/** Objects changed at once. */
const AT_ONCE = 32

/** What came back. */
export interface WholeUndeleted {
  /** When it had been deleted. */
  readonly at: Date
  readonly manifests: number
  readonly tags: number
  /** Tags that somebody has set meanwhile, and what could not come back. */
  readonly kept: readonly string[]
  readonly lost: readonly Digest[]
}

const noneOnRecord = (name: string): RegistryError =>
  new RegistryError(
    'MANIFEST_UNKNOWN',
    `${name} cannot come back as a whole: no delete of it is on record`,
    { detail: { name } },
  )

/** Ends the last delete, if that is pending. Nothing goes by it any more, but what is condemned. */
const end = async (
  store: ObjectStore,
  name: string,
  recording: Recording | undefined,
): Promise<WholeDelete> => {
  const recorded = recording?.write({ action: 'undelete' })
  for (;;) {
    const [note] = await settled([readNote(store, name), recorded])
    const last = note.deletes?.at(-1)
    if (last === undefined) throw noneOnRecord(name)
    if (last.state === 'done' || (await endPending(store, name, note))) return last
  }
}

/** Makes all plain that is condemned, so that it does not go any more. */
const spareCondemned = async (store: ObjectStore, name: string): Promise<void> => {
  for await (const page of listPages(store, manifestsPrefix(name))) {
    const links = page.filter(({ key }) => key.endsWith('/link'))
    await inBatches(
      links,
      async ({ key }) => {
        for (;;) {
          const link = await readLinkObject(store, key)
          if (link?.body?.condemned === undefined || (await makePlain(store, link))) return
        }
      },
      AT_ONCE,
    )
  }
}

/** What went by a delete and has not been deleted again since, by digest. */
const wentBy = (deletions: readonly Deletion[], id: string): Map<Digest, Set<string>> => {
  const went = new Map<Digest, Set<string>>()
  const [seenTags, seenDigests] = [new Set<string>(), new Map<Digest, string>()]
  // The latest first.
  for (const { digest, tags = [], tag, ...deletion } of deletions) {
    const own = deletion.id === id
    const latest = seenDigests.get(digest) ?? deletion.id
    if (tag === undefined) seenDigests.set(digest, latest)
    if (own && latest === id && !went.has(digest)) went.set(digest, new Set())
    for (const each of tag === undefined ? tags : [tag]) {
      if (own && latest === id && !seenTags.has(each)) went.get(digest)?.add(each)
      if (!own) seenTags.add(each)
    }
  }
  return went
}

/**
 * Undoes the last delete of a whole repository: all manifests and tags that went by it come back, but for tags that
 * somebody has set since, and what was deleted again. It can be repeated, also where it has died.
 *
 * @param now clock in milliseconds since 1970
 * @param recording of the event: one for all that comes back. Default: there is none
 * @param raise counts each manifest in its quota
 * @throws RegistryError MANIFEST_UNKNOWN when no such delete is on record; QUOTA_EXCEEDED by `raise`, where the rest is not
 *   back, and can be brought back later
 * @throws StoreError `late` where a write took minutes; what came back is back
 */
export const undeleteWhole = async (
  store: ObjectStore,
  name: string,
  report: ReportDamage = unreported,
  now: () => number = Date.now,
  recording?: Recording,
  raise: RaiseStored = raisingStored(store, now),
): Promise<WholeUndeleted> => {
  const { id, at } = await end(store, name, recording)
  await spareCondemned(store, name)
  const catalog = createCatalog(store)
  const tags = createTags(store, catalog, report)
  if (!(await catalog.keeps(name))) await catalog.add(name)
  const standings = createStandings(store, { now, report })
  const [kept, lost]: [string[], Digest[]] = [[], []]
  let [manifests, set] = [0, 0]

  /** @returns false when there is one */
  const restoreTag = async (
    tag: string,
    digest: Digest,
    inTime: () => boolean,
  ): Promise<boolean> => {
    try {
      await tags.set(name, tag, digest, { absent: true }, { inTime })
      return true
    } catch (error) {
      if (error instanceof RegistryError && error.code === 'PRECONDITION_FAILED') return false
      throw error
    }
  }

  const restore = async (digest: Digest, its: ReadonlySet<string>): Promise<void> => {
    const inTime = standings.begin() ?? (() => true)
    try {
      if (await restoreManifest(store, name, digest, its.size > 0, report, inTime, raise))
        manifests += 1
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code === 'QUOTA_EXCEEDED') throw error
      lost.push(digest)
      return
    }
    await inBatches([...its], async (tag) => {
      if (await restoreTag(tag, digest, inTime)) set += 1
      else kept.push(tag)
    })
  }

  const went = wentBy(await listDeletions(store, name), id)
  await inBatches([...went], ([digest, its]) => restore(digest, its), AT_ONCE)
  return { at: new Date(at), manifests, tags: set, kept: kept.toSorted(), lost }
}
