/**
 * Reads the notes of deletes, and removes old ones.
 *
 * @module
 */

import { inBatches } from '../../shared/parallel.ts'
import * as z from '../../shared/schema.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import { deleteOlder, listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { DELETIONS_PREFIX, deletionsPrefix } from '../layout.ts'
import { type Digest, isDigest } from '../reference.ts'
import type { Note } from './note.ts'

/** Most bytes of a note: a thousand tags of 128 characters, and who deleted them. */
const MAX_NOTE_BYTES = 256 * 1024

/** A delete as it was noted. */
export interface Deletion extends Note {
  /** By the clock of the instance that deleted. */
  readonly at: Date
}

const noteSchema: z.ZodMiniType<Note> = z.object({
  id: z.string(),
  digest: z.custom<Digest>((value) => typeof value === 'string' && isDigest(value)),
  tag: z.optional(z.string()),
  tags: z.optional(z.array(z.string())),
  by: z.optional(z.string()),
  rule: z.optional(z.string()),
})

/** Milliseconds in a note's key. */
const AT = /\/(\d{15})-[^/]+$/

const parseNote = (bytes: Uint8Array): Note | undefined => {
  try {
    return noteSchema.safeParse(JSON.parse(Buffer.from(bytes).toString())).data
  } catch {
    return undefined
  }
}

/** A note's object. */
export interface StoredDeletion {
  readonly etag: string
  /** Undefined: it is damaged. */
  readonly deletion: Deletion | undefined
}

/** Reads a note, in one operation. @returns undefined when there is none */
export const readRecord = async (
  store: ObjectStore,
  key: string,
): Promise<StoredDeletion | undefined> => {
  const at = AT.exec(key)?.[1]
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { etag, size } = read.info
  if (at === undefined || size > MAX_NOTE_BYTES) {
    discard(read.body)
    return { etag, deletion: undefined }
  }
  const note = parseNote(await readAll(read.body, MAX_NOTE_BYTES))
  return { etag, deletion: note && { ...note, at: new Date(Number(at)) } }
}

/** The repository in a note's key; undefined for any other key. */
export const repositoryOf = (key: string): string | undefined =>
  /^(.+)\/!\/[^/]+$/.exec(key.slice(DELETIONS_PREFIX.length))?.[1]

/**
 * The deletes of a repository that are noted, the latest first. One listing for each 1000, and a read for each.
 * Damaged notes are left out.
 */
export const listDeletions = async (store: ObjectStore, name: string): Promise<Deletion[]> => {
  const found: Deletion[] = []
  for await (const page of listPages(store, deletionsPrefix(name))) {
    const read = await inBatches(page, ({ key }) => readRecord(store, key))
    found.push(...read.map((each) => each?.deletion).filter((each) => each !== undefined))
  }
  return found.reverse()
}

/**
 * Removes notes of deletes that can no longer be undone. On AWS a lifecycle rule does this; elsewhere the server.
 *
 * @param before what was noted earlier than this goes
 * @returns how many went
 */
export const expireDeletions = (store: ObjectStore, before: Date): Promise<number> =>
  deleteOlder(store, DELETIONS_PREFIX, before)
