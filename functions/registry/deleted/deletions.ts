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

/** Some deletes, and whether there are earlier ones; `names` stand for them in the next page. */
export interface DeletionPage {
  readonly deletions: readonly Deletion[]
  readonly names: readonly string[]
  readonly more: boolean
}

/**
 * A page of what {@link listDeletions} gives: one listing for each 1000 that are noted, and a read for each of the page.
 *
 * @param limit 1 or more
 * @param last what `names` had for the last one of the page before
 */
export const pageOfDeletions = async (
  store: ObjectStore,
  name: string,
  limit: number,
  last: string | undefined,
): Promise<DeletionPage> => {
  const prefix = deletionsPrefix(name)
  // The store lists the earliest first: of those before `last` the latest are wanted.
  let found: string[] = []
  for await (const page of listPages(store, prefix)) {
    const names = page.map(({ key }) => key.slice(prefix.length))
    const wanted = last === undefined ? names : names.filter((each) => each < last)
    found = [...found, ...wanted].slice(-limit - 1)
    if (wanted.length < names.length) break
  }
  const names = found.slice(-limit).reverse()
  const read = await inBatches(names, (each) => readRecord(store, prefix + each))
  return {
    deletions: read.flatMap((each) => each?.deletion ?? []),
    names,
    more: found.length > limit,
  }
}

/**
 * Removes notes of deletes that can no longer be undone. On AWS a lifecycle rule does this; elsewhere the server.
 *
 * @param before what was noted earlier than this goes
 * @returns how many went
 */
export const expireDeletions = (store: ObjectStore, before: Date): Promise<number> =>
  deleteOlder(store, DELETIONS_PREFIX, before)
