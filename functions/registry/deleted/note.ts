/**
 * Notes of deletes: what is about to be deleted, by whom and when. Each is written before anything goes, so
 * nothing goes without one; a delete that was refused, or that died, may leave one all the same. Whoever reads
 * them therefore looks at what is there now: see undelete.ts.
 *
 * A note is never changed. It goes with age: by the housekeeping of a server, or the bucket's lifecycle rule.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { ObjectStore } from '../../storage/store.ts'
import { deletionKey } from '../layout.ts'
import type { Digest } from '../reference.ts'

/** Most tags in one note; a delete of a manifest with more writes several. */
export const MAX_TAGS = 1000

/** What a note says. Its key says when. */
export interface Note {
  /** Notes of one delete have the same. */
  readonly id: string
  /** Of the manifest that is deleted, or that the tag points at. */
  readonly digest: Digest
  /** The tag, where only a tag is deleted. */
  readonly tag?: string | undefined
  /** Tags that point at the manifest, where that is deleted. */
  readonly tags?: readonly string[] | undefined
  /** Who asked for it, as the audit trail names them. */
  readonly by?: string | undefined
  /** The rule by which it goes, where nobody asked. */
  readonly rule?: string | undefined
}

/** Notes one delete. */
export interface NoteDeletion {
  /** A tag that points at this digest. One operation. */
  tag(tag: string, digest: Digest): Promise<void>
  /** A manifest and some of the tags that point at it. One operation for {@link MAX_TAGS} tags. */
  manifest(digest: Digest, tags: readonly string[]): Promise<void>
}

/** Where deletes cannot be undone. */
export const UNNOTED: NoteDeletion = { tag: async () => {}, manifest: async () => {} }

/**
 * Begins the notes of one delete.
 *
 * @param by who asks for it, as the audit trail names them
 * @param now milliseconds
 * @param rule by which it goes, where nobody asks for it
 * @param whole id of the delete of the whole repository that it belongs to
 */
export const noteDeletion = (
  store: ObjectStore,
  name: string,
  by: string | undefined,
  now: number,
  rule?: string,
  whole?: string,
): NoteDeletion => {
  const own = randomBytes(8).toString('hex')
  const id = whole ?? own
  let count = 0
  const write = async (what: Omit<Note, 'id' | 'by' | 'rule'>): Promise<void> => {
    const note: Note = { id, ...what, by, rule }
    const key = deletionKey(name, now, `${own}-${String(count++).padStart(4, '0')}`)
    await store.put(key, Buffer.from(JSON.stringify(note)))
  }
  return {
    tag: (tag, digest) => write({ tag, digest }),
    async manifest(digest, tags) {
      for (let at = 0; at === 0 || at < tags.length; at += MAX_TAGS) {
        await write({ digest, tags: tags.slice(at, at + MAX_TAGS) })
      }
    },
  }
}
