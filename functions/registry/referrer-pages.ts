/**
 * Descriptors of many referrers in one object, so that a page of a list costs one read rather than hundreds.
 *
 * They are a help only. A listing says which descriptors there are, and in which version; a page is asked for just
 * those. So it may be old, gone, or of another page: then they are read one by one, as if there were none. Nothing
 * has to be in step with it, who writes it last wins, and whoever may not read or write it does without.
 *
 * @module
 */

import { inBatches } from '../shared/parallel.ts'
import { inOneTurn } from '../shared/turns.ts'
import { discard, readAll } from '../storage/bytes.ts'
import { isStoreError } from '../storage/errors.ts'
import type { ObjectStore } from '../storage/store.ts'
import { referrerPageKey } from './layout.ts'
import type { Digest } from './reference.ts'
import { parseReferrer } from './referrer-entry.ts'

/** Descriptors that one at a time are read as fast: few subjects have more, and no page. */
export const FEW = 8

/** Most bytes of a page: as many as descriptors on one page have, with what is said of each. */
const MAX_BYTES = 4 * 1024 * 1024

/** Milliseconds after which a page is written anew where it is still read: it may hold what was deleted. */
export const REFERRER_PAGE_LIFE = 7 * 24 * 60 * 60 * 1000

/** A descriptor as a listing has it. */
export interface ListedReferrer {
  readonly key: string
  readonly digest: Digest
  /** Bytes of the descriptor. */
  readonly size: number
  /** Version of the descriptor; undefined where the service does not list it. */
  readonly etag: string | undefined
}

/** Where a page is in whose list. */
export interface PagePlace {
  readonly name: string
  readonly subject: Digest
  /** The digest before its first, unless it is the first page. */
  readonly after: Digest | undefined
}

/** How descriptors are read. */
export interface ReadsOne {
  /** From memory alone. */
  remembered(referrer: ListedReferrer): Uint8Array | undefined
  /** From memory, or in one operation. */
  read(referrer: ListedReferrer): Promise<Uint8Array | undefined>
  /** Keeps in memory what was read otherwise. */
  remember(referrer: ListedReferrer, bytes: Uint8Array): void
}

/** A descriptor's text by what names this version of it. */
type Page = ReadonlyMap<string, string>

const nameOf = ({ digest, size, etag }: ListedReferrer): string =>
  [digest, size, etag ?? ''].join(' ')

const isEntry = (entry: unknown): entry is readonly [string, string] =>
  Array.isArray(entry) && entry.every((each) => typeof each === 'string')

/** Nothing where help fails. @throws what is no failure of the store */
const unlessRefused = (error: unknown): undefined => {
  if (!isStoreError(error, 'unavailable', 'full')) throw error
}

const parsePage = (bytes: Uint8Array): Page => {
  try {
    const entries: unknown = JSON.parse(Buffer.from(bytes).toString())
    return new Map(Array.isArray(entries) ? entries.filter(isEntry) : [])
  } catch {
    return new Map()
  }
}

const readPage = async (store: ObjectStore, key: string): Promise<Page> => {
  const read = await store.get(key).catch(unlessRefused)
  if (read === undefined) return new Map()
  if (read.info.size > MAX_BYTES) {
    discard(read.body)
    return new Map()
  }
  const bytes = await readAll(read.body, MAX_BYTES).catch(unlessRefused)
  return bytes === undefined ? new Map() : inOneTurn(() => parsePage(bytes))
}

const writePage = async (
  store: ObjectStore,
  key: string,
  entries: readonly (readonly [string, string])[],
): Promise<void> => {
  const bytes = await inOneTurn(() => Buffer.from(JSON.stringify(entries)))
  if (bytes.byteLength <= MAX_BYTES) await store.put(key, bytes).catch(unlessRefused)
}

/**
 * The descriptors of a page, in the order of the listing; undefined for what is gone meanwhile. No operation where
 * all are in memory; one for each where they are few; else one, and one for each that the page lacks. If those are
 * many, the page is written.
 *
 * @param writes whether it may be
 */
export const readDescriptors = async (
  store: ObjectStore,
  place: PagePlace,
  listed: readonly ListedReferrer[],
  one: ReadsOne,
  writes: boolean,
): Promise<readonly (Uint8Array | undefined)[]> => {
  const absent = listed.filter((each) => one.remembered(each) === undefined)
  if (absent.length < FEW) return inBatches(listed, one.read)
  const key = referrerPageKey(place.name, place.subject, place.after)
  const page = await readPage(store, key)
  let missing = 0
  const found = await inBatches(listed, async (each) => {
    const known = one.remembered(each)
    if (known !== undefined) return known
    const bytes = Buffer.from(page.get(nameOf(each)) ?? '')
    // A page may be damaged, as any object.
    if ((await inOneTurn(() => parseReferrer(bytes, each.digest))) === undefined) {
      missing += 1
      return one.read(each)
    }
    one.remember(each, bytes)
    return bytes
  })
  if (missing < FEW || !writes) return found
  const entries = listed.flatMap((each, at): [string, string][] => {
    const text = Buffer.from(found[at] ?? []).toString()
    return Buffer.byteLength(text) === each.size ? [[nameOf(each), text]] : []
  })
  await writePage(store, key, entries)
  return found
}
