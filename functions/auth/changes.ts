/**
 * Who has changed the documents of an administrator. Each change is noted by the hash of what was written, before it is
 * written: whoever then reads the document finds whose it is, on any store. A change by another program, or by version
 * 1.0, has no note and is nobody's.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { CHANGES_KEY } from '../registry/layout.ts'
import { DocumentError } from '../shared/errors.ts'
import * as z from '../shared/schema.ts'
import type { ObjectStore } from '../storage/store.ts'
import { type DocumentSource, editDocument, readDocument } from './document.ts'

/** Most changes that are kept; the first go first. */
const MOST = 500
/** Milliseconds between a change and a registry that sees it, at most, as both their clocks have it. */
const SEEN_WITHIN = 60 * 60 * 1000

const change = z.object({
  at: z.iso.datetime(),
  /** The last part of the document's key. */
  document: z.string(),
  /** Who said to have made it. */
  by: z.string(),
  /** Hex SHA-256 of the text that was written. */
  sha256: z.string(),
})

const schema = z.object({ version: z.literal(1), changes: z.array(change) })

/** A change of a document. */
export type Change = z.output<typeof change>

const documentOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1)

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const parse = (text: string | undefined): readonly Change[] => {
  if (text === undefined) return []
  try {
    return schema.parse(JSON.parse(text)).changes
  } catch (cause) {
    throw new DocumentError(`${CHANGES_KEY} is damaged: remove it`, { cause })
  }
}

/** All changes that are kept, in order. @throws DocumentError when their list is damaged, StoreError */
export const readChanges = async (store: DocumentSource): Promise<readonly Change[]> =>
  parse(await readDocument(store, CHANGES_KEY))

/**
 * Notes a change before it is written.
 *
 * @param text what is about to be written
 * @param now clock in milliseconds
 * @throws DocumentError when the list is damaged, StoreError
 */
export const noteChange = async (
  store: ObjectStore,
  key: string,
  text: string,
  by: string,
  now: number,
): Promise<void> => {
  const made: Change = {
    at: new Date(now).toISOString(),
    document: documentOf(key),
    by,
    sha256: hashOf(text),
  }
  await editDocument(store, CHANGES_KEY, (list) => {
    const changes = [...parse(list), made].slice(-MOST)
    return `${JSON.stringify({ version: 1, changes }, null, 1)}\n`
  })
}

/** The change by which a document became this text, if it is the last one of it. */
export const lastChange = (
  changes: readonly Change[],
  key: string,
  text: string,
): Change | undefined => {
  const last = changes.findLast(({ document }) => document === documentOf(key))
  return last?.sha256 === hashOf(text) ? last : undefined
}

/**
 * Who changed a document to this text just now; undefined if that is not known, for whatever reason.
 *
 * @param now clock in milliseconds
 */
export const changedBy = async (
  store: ObjectStore,
  key: string,
  text: string,
  now: number,
): Promise<string | undefined> => {
  const sha256 = hashOf(text)
  const changes = await readChanges(store).catch((): readonly Change[] => [])
  // The same text may be somebody else's of long ago, that was copied back.
  return changes.findLast(
    (each) =>
      each.document === documentOf(key) &&
      each.sha256 === sha256 &&
      Math.abs(now - Date.parse(each.at)) < SEEN_WITHIN,
  )?.by
}
