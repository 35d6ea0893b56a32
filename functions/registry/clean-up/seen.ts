/**
 * Repositories in which an earlier run has found nothing to do. As long as not one object of theirs is listed
 * otherwise, and none comes of age, there still is nothing to do, and nothing of them is read but the listing.
 *
 * They are kept in the order of the walk, in chunks that are read and written one after another; a chunk of which
 * nothing has changed is kept as it is. Only hints: what is lost of them is found out again.
 *
 * @module
 */

import { discard, readAll } from '../../storage/bytes.ts'
import { StoreError } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { cleanUpKey } from '../layout.ts'
import type { Digest } from '../reference.ts'
import { placeOf } from '../usage/document.ts'
import { openPieces, type Piece } from './pieces.ts'
import { isSealed, seal, unseal } from './sealed.ts'

/** Key of the list of chunks. */
export const SEEN_KEY = cleanUpKey('seen')
const PREFIX = cleanUpKey('seen-')

/** Changes when a run does more, or otherwise, with the same listing, and with the format. */
const FORMAT = 1

/** Repositories of a chunk: some 600 kB. */
const CHUNK = 4096
/** Most bytes of the list of chunks. */
const MAX_BYTES = 16 * 1024 * 1024

/** A repository in which there was nothing to do. */
export interface SeenRepository {
  readonly name: string
  /** Sum of all that was listed of it. */
  readonly sum: string
  /** When there may be more to do although nothing was written, in milliseconds; absent: never. */
  readonly due?: number
  /** Of links under another algorithm than sha256, the digests that the data is under. */
  readonly others?: readonly (readonly [Digest, Digest])[]
}

interface Chunk extends Piece {
  readonly count: number
  /** The last repository in it. */
  readonly last: string
}

interface Head {
  /** What the runs went by. */
  readonly terms: string
  readonly chunks: readonly Chunk[]
}

/** What was seen so far, for a later process to go on. */
export interface SavedSeen {
  readonly chunks: readonly Chunk[]
  /** What is to be in the next chunk; absent: nothing. */
  readonly next?: Piece
}

/** What earlier runs have seen, and what this one does. */
export interface Seen {
  /** What is known of a repository. They are asked for in the order of the walk. */
  find(name: string): Promise<SeenRepository | undefined>
  /** Notes what there was to see, in the same order. */
  add(seen: SeenRepository): Promise<void>
  /** Writes down what is in memory. */
  save(): Promise<SavedSeen>
  /** Puts what this run has seen in the place of what was seen before. */
  end(): Promise<void>
}

/** For runs that do not look, and note nothing. */
export const UNSEEN: Seen = {
  find: async () => undefined,
  add: async () => {},
  save: async () => ({ chunks: [] }),
  end: async () => {},
}

/** What was seen, for a run that changes nothing. */
export const readOnly = ({ find }: Seen): Seen => ({ ...UNSEEN, find })

const bytesOf = (all: readonly SeenRepository[]): Buffer =>
  Buffer.from(all.map((each) => JSON.stringify(each)).join('\n'))

interface StoredHead {
  readonly etag: string
  /** Whether it is as it was written, of whatever version. */
  readonly whole: boolean
  readonly head: Head | undefined
}

const readStoredHead = async (store: ObjectStore): Promise<StoredHead | undefined> => {
  const read = await store.get(SEEN_KEY)
  if (read === undefined) return undefined
  const { etag, size } = read.info
  if (size > MAX_BYTES) {
    discard(read.body)
    return { etag, whole: false, head: undefined }
  }
  const bytes = await readAll(read.body, MAX_BYTES)
  return { etag, whole: isSealed(bytes), head: unseal(FORMAT, bytes) as Head | undefined }
}

/** Whether all that was seen is there as it was written. One listing, too. @returns undefined when nothing is */
export const seenIsWhole = async (
  store: ObjectStore,
): Promise<{ readonly etag: string; readonly whole: boolean } | undefined> => {
  const stored = await readStoredHead(store)
  if (stored === undefined) return undefined
  const { etag, whole, head } = stored
  const pieces = openPieces(store, PREFIX)
  return { etag, whole: whole && (head === undefined || (await pieces.has(head.chunks))) }
}

const readHead = async (store: ObjectStore, terms: string): Promise<Head | undefined> => {
  const stored = await readStoredHead(store)
  if (stored === undefined) return undefined
  return stored.head?.terms === terms ? stored.head : { terms: '', chunks: [] }
}

/**
 * Opens what was seen.
 *
 * @param terms what the run goes by beside its date: with another one it would decide otherwise
 * @param saved what an earlier process of this run has saved
 */
export const openSeen = async (
  store: ObjectStore,
  terms: string,
  saved: SavedSeen = { chunks: [] },
): Promise<Seen> => {
  const pieces = openPieces(store, PREFIX, true)
  const head = await readHead(store, terms)
  const before = head?.chunks ?? []
  const chunks: Chunk[] = [...saved.chunks]
  /** The chunk that is looked up, by its index: its repositories, and how many of them were noted again. */
  let at = -1
  let known: ReadonlyMap<string, SeenRepository> = new Map()
  let [same, since] = [0, 0]

  const load = async (piece: Piece): Promise<ReadonlyMap<string, SeenRepository>> => {
    try {
      const lines = (await pieces.read(piece)).toString().split('\n')
      const all = lines.map((line): SeenRepository => JSON.parse(line))
      return new Map(all.map((each) => [each.name, each]))
    } catch (error) {
      if (error instanceof StoreError) throw error
      return new Map()
    }
  }

  /** What is to be in the next chunk. */
  let next = saved.next ? [...(await load(saved.next)).values()] : []

  const write = async (all: readonly SeenRepository[]): Promise<void> => {
    const last = all.at(-1)
    if (last === undefined) return
    const piece = await pieces.write(bytesOf(all))
    chunks.push({ ...piece, count: all.length, last: last.name })
  }

  /** Leaves a chunk that was looked up: as it is, if that is what comes next. */
  const leave = async (): Promise<void> => {
    const chunk = before[at]
    const whole = chunk !== undefined && same === chunk.count && next.length - since === same
    // Small ones become one.
    if (!whole || same === 0 || (since > 0 && chunk.count * 2 < CHUNK)) return
    await write(next.slice(0, since))
    chunks.push(chunk)
    next = []
  }

  return {
    async find(name) {
      const place = placeOf(name)
      while (at < before.length && (at < 0 || placeOf(before[at]!.last) < place)) {
        await leave()
        at += 1
        const chunk = before[at]
        // One of which nothing is there any more need not be read.
        const wanted = chunk !== undefined && placeOf(chunk.last) >= place
        known = wanted ? await load(chunk) : new Map()
        same = 0
        since = next.length
      }
      return known.get(name)
    },

    async add(seen) {
      if (known.get(seen.name) === seen) same += 1
      next.push(seen)
      if (next.length < 2 * CHUNK) return
      await write(next.slice(0, CHUNK))
      next = next.slice(CHUNK)
      // What is left of the chunk that is looked up is written anew.
      since = Number.NEGATIVE_INFINITY
    },

    async save() {
      const all = { chunks: [...chunks] }
      return next.length === 0 ? all : { ...all, next: await pieces.write(bytesOf(next)) }
    },

    async end() {
      await leave()
      await write(next)
      next = []
      const same = chunks.length === before.length && chunks.every((each, i) => each === before[i])
      if (same && (head === undefined || head.terms === terms)) return
      if (chunks.length === 0) await store.delete([SEEN_KEY])
      else await store.put(SEEN_KEY, seal(FORMAT, { terms, chunks }))
      await pieces.remove(chunks)
    },
  }
}
