/**
 * The manifests that go with their whole repository: see pass.ts.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import { inTurns } from '../../shared/turns.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { deleteLink } from '../clean-up/link-object.ts'
import { dataKey, revisionOf, revisionsPrefix } from '../layout.ts'
import { type LinkObject, readLinkObject } from '../links.ts'
import { MAX_MANIFEST_BYTES } from '../manifests.ts'
import { type Digest, isDigest } from '../reference.ts'
import { putDoubt } from '../referrer-entry.ts'
import { type ReferrerOf, storedReferrer } from '../stored-referrer.ts'
import { readingKeepers } from './keepers.ts'
import { batchesOf, condemn, condemnedAfter, isOld, mayBePushed, type Pass, spare } from './step.ts'

/** Manifests read at once. */
const AT_ONCE = 32

/** A manifest that is about to go. */
interface Going {
  readonly digest: Digest
  readonly link: LinkObject
  /** Set when it refers to another. */
  readonly refers: ReferrerOf | undefined
}

/** When a manifest's bytes were written, and what it refers to. Undefined: they are not there. */
const readData = async (store: ObjectStore, target: Digest, digest: Digest) => {
  const read = await store.get(dataKey(target))
  if (read === undefined) return undefined
  const { size, modified } = read.info
  if (size > MAX_MANIFEST_BYTES) {
    discard(read.body)
    return { modified, refers: undefined }
  }
  const bytes = await readAll(read.body, MAX_MANIFEST_BYTES)
  return { modified, refers: await inTurns(storedReferrer(bytes, digest)) }
}

/** The first two steps. @returns undefined: it stays, or is gone; `later`: nobody can tell yet */
const prepare = async (pass: Pass, key: string): Promise<Going | 'later' | undefined> => {
  const { store, name, date, early } = pass
  const digest = revisionOf(name, key)
  if (digest === undefined || !isDigest(digest)) return undefined
  const found = await readLinkObject(store, key)
  if (found?.body === undefined || !isOld(pass, found)) return undefined
  const { target } = found.body
  const data = await readData(store, target, digest)
  // Somebody pushes the same manifest, perhaps to another repository: a while later it is told which.
  const isPlain = found.body.condemned === undefined
  if (isPlain && !early && mayBePushed(pass, data?.modified, date)) return 'later'
  const link = await condemn(pass, found)
  if (link === undefined) return undefined
  const now = await store.head(dataKey(target))
  if (mayBePushed(pass, now?.modified, condemnedAfter(link))) {
    await spare(pass, link)
    return undefined
  }
  return { digest, link, refers: data?.refers }
}

/** The last step. @returns whether it went */
const remove = async (pass: Pass, { digest, link, refers }: Going): Promise<boolean> => {
  const { store, name, record, whole, forget } = pass
  await record.manifest(digest, [])
  if (refers !== undefined) await putDoubt(store, name, refers.subject, refers.referrer)
  const gone = await deleteLink(store, link, whole.at)
  await forget?.(link.key)
  return gone
}

/**
 * Takes all manifests away that were pushed before the delete, but for those that what was pushed since relies on.
 *
 * @param tagged what tags point at that stay
 */
export const passManifests = async (
  pass: Pass,
  tagged: ReadonlySet<Digest>,
): Promise<{ readonly deleted: number; readonly left: boolean }> => {
  const { store, name, isOver, goesOn } = pass
  const readKeepers = readingKeepers(pass, tagged)
  let [deleted, left] = [0, false]
  /** @returns false when it is to stop */
  const take = async (keys: readonly string[], keepers: ReadonlySet<string>): Promise<boolean> => {
    const wanted = keys.filter((key) => !keepers.has(revisionOf(name, key) ?? ''))
    const prepared = await inBatches(wanted, (key) => prepare(pass, key), AT_ONCE)
    left ||= prepared.includes('later')
    const batch = prepared.filter((each) => each !== undefined && each !== 'later')
    if (batch.length === 0) return true
    // Only now: an index that relies on one of them from here on makes it plain.
    const kept = await readKeepers()
    if (!(await goesOn())) {
      await inBatches(batch, ({ link }) => spare(pass, link))
      return false
    }
    const went = await inBatches(batch, async (each) => {
      if (!kept.has(each.digest)) return remove(pass, each)
      await spare(pass, each.link)
      return false
    })
    deleted += went.filter((each) => each).length
    return true
  }
  let keepers: ReadonlySet<string> | undefined
  for await (const page of listPages(store, revisionsPrefix(name))) {
    for (const keys of batchesOf(page.map(({ key }) => key))) {
      if (isOver()) return { deleted, left: true }
      keepers ??= await readKeepers()
      if (!(await take(keys, keepers))) return { deleted, left: true }
    }
  }
  return { deleted, left }
}
