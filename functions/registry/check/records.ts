/**
 * Checks the records of deletes beside the links that deletes leave.
 *
 * A record is written before anything goes, and never changed. While a deleted manifest can come back, its link and
 * its record are both there; the record, which is the older, goes first. What a repair writes is one record more, as
 * a delete writes it; what it removes are records of what nobody can bring back, or read. No run and no request
 * relies on either: an undelete looks at the link.
 *
 * @module
 */

import { readRecord, repositoryOf } from '../deleted/deletions.ts'
import { noteDeletion } from '../deleted/note.ts'
import { deletedRepositoryOf, revisionLinkKey } from '../layout.ts'
import type { Digest } from '../reference.ts'
import { readNote } from '../whole/note.ts'
import type { Found } from './finding.ts'
import type { CheckTimes, View } from './view.ts'

/** Milliseconds by which a record may be older than the link, and clocks may differ. */
const MARGIN = 60 * 60_000

/**
 * Looks whether the delete of a manifest is on record, as long as it can be undone. Where there is no record at all,
 * servers write none.
 */
export const aboutDeleted = async (
  view: View,
  {
    key,
    name,
    digest,
    modified,
  }: {
    readonly key: string
    readonly name: string
    readonly digest: Digest
    readonly modified: Date
  },
): Promise<Found | undefined> => {
  const { undelete } = view.times
  if (view.now() - modified.getTime() > undelete - MARGIN) return undefined
  if ((await view.recorded(name)).has(digest) || !(await view.records())) return undefined
  return {
    kind: 'missing-record',
    key,
    repository: name,
    digest,
    text: `${digest} was deleted, and no record says so: slipway deleted ${name} does not show it`,
    mend: async () => {
      if ((await view.link(key))?.deleted === undefined) return undefined
      await noteDeletion(view.store, name, undefined, modified.getTime()).manifest(digest, [])
      return 'put it on record, without its tags'
    },
  }
}

/** Looks at the note of a repository's deletes as a whole. A damaged one counts as none: whatever it said is not done. */
export const inspectWhole = async (
  view: View,
  { key }: { readonly key: string },
): Promise<Found | undefined> => {
  const { store } = view
  const name = deletedRepositoryOf(key)
  const { etag, deletes } =
    name === undefined
      ? { etag: (await store.head(key))?.etag, deletes: undefined }
      : await readNote(store, name)
  if (etag === undefined || deletes !== undefined) return undefined
  return {
    kind: 'damaged-record',
    key,
    repository: name,
    text: 'the note of deletes of a whole repository says nothing known: one that is not done does not go on',
    mend: async () => ((await view.remove(key, etag)) ? 'removed it' : undefined),
  }
}

/** For how long records count. */
const kept = ({ grace, undelete }: CheckTimes): number => Math.max(grace, undelete)

/** Looks at the record of a delete. */
export const inspectRecord = async (
  view: View,
  { key, modified }: { readonly key: string; readonly modified: Date },
): Promise<Found | undefined> => {
  const { store } = view
  const age = view.now() - modified.getTime()
  // A young one may be of a delete under way; an old one goes with its age.
  if (age < MARGIN || age > kept(view.times)) return undefined
  const name = repositoryOf(key)
  const stored = await readRecord(store, key)
  if (stored === undefined) return undefined
  const { etag, deletion } = stored
  const mend = async () => ((await view.remove(key, etag)) ? 'removed it' : undefined)
  if (name === undefined || deletion === undefined) {
    const text = 'the record of a delete says nothing known: slipway deleted does not show it'
    return { kind: 'damaged-record', key, repository: name, text, mend }
  }
  const { digest, at } = deletion
  if (view.now() - at.getTime() > kept(view.times)) return undefined
  if ((await store.head(revisionLinkKey(name, digest))) !== undefined) return undefined
  return {
    kind: 'stale-record',
    key,
    repository: name,
    digest,
    text: `a delete of ${digest} is on record, of which nothing is left that could come back`,
    mend,
  }
}
