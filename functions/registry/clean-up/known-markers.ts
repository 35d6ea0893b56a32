/**
 * Markers as earlier runs have read them, so that one that is listed as it was is not read again. They are kept in
 * the order of digests, in which the pool is walked. Only hints, for planning: whoever acts on a marker reads it.
 *
 * A marker's version says its content, in which there is a nonce: while it is the same, so is the marker.
 *
 * @module
 */

import { discard, readAll } from '../../storage/bytes.ts'
import { StoreError } from '../../storage/errors.ts'
import type { ListedObject, ObjectStore } from '../../storage/store.ts'
import { cleanUpKey } from '../layout.ts'
import { type Marker, markerBody, parseMarker, type StoredMarker } from './marker.ts'
import { openPieces } from './pieces.ts'
import { isSealed, seal, unseal } from './sealed.ts'
import { openSpilled, type Spilled, type SpilledPiece } from './spilled.ts'

/** Key of the list of pieces. */
export const MARKERS_KEY = cleanUpKey('markers')
const PREFIX = cleanUpKey('markers-')

/** Changes with the format. */
const FORMAT = 1

/** Most bytes of the list of pieces. */
const MAX_BYTES = 16 * 1024 * 1024

/** Bytes of a digest. */
const DIGEST = 32

/** What was noted so far, for a later process to go on. */
export interface SavedMarkers {
  /** So many of those noted before are the first, and are not in the pieces. */
  readonly same: number
  readonly pieces: readonly SpilledPiece[]
}

/** A marker that was listed; `hex` is of the data's digest. */
export interface ListedMarker {
  readonly hex: string
  readonly object: ListedObject
}

/** What earlier runs have read, and what this one does. */
export interface KnownMarkers {
  /** What is known of markers, by their digests in hex; they are asked for in order. */
  find(listed: readonly ListedMarker[]): Promise<ReadonlyMap<string, StoredMarker>>
  /** Notes one of those that were asked for last, in order. */
  add(hex: string, stored: StoredMarker): Promise<void>
  /** Writes down what is in memory. */
  save(): Promise<SavedMarkers>
  /**
   * Puts what this run has noted in the place of what was noted before. What a run has left that died is removed by
   * the next one that notes something else.
   */
  end(): Promise<void>
}

/** For runs that do not look, and note nothing. */
export const NO_MARKERS: KnownMarkers = {
  find: async () => new Map(),
  add: async () => {},
  save: async () => ({ same: 0, pieces: [] }),
  end: async () => {},
}

/** What was read, for a run that changes nothing. */
export const readOnlyMarkers = ({ find }: KnownMarkers): KnownMarkers => ({ ...NO_MARKERS, find })

/** A marker as an earlier run has read it. */
interface Known {
  readonly hex: string
  readonly etag: string
  readonly marker: Marker
}

const encode = ({ hex, etag, marker }: Known): Buffer =>
  Buffer.concat([Buffer.from(hex, 'hex'), Buffer.from(`${etag}\n`), markerBody(marker)])

const decode = (entry: Buffer): Known | undefined => {
  const end = entry.indexOf('\n', DIGEST)
  const marker = parseMarker(entry.subarray(end + 1))
  const hex = entry.toString('hex', 0, DIGEST)
  return marker && { hex, etag: entry.toString('utf8', DIGEST, end), marker }
}

const readStoredHead = async (store: ObjectStore) => {
  const read = await store.get(MARKERS_KEY)
  if (read === undefined) return undefined
  const { etag, size } = read.info
  if (size > MAX_BYTES) {
    discard(read.body)
    return { etag, whole: false, pieces: [] }
  }
  const bytes = await readAll(read.body, MAX_BYTES)
  const pieces = (unseal(FORMAT, bytes) ?? []) as readonly SpilledPiece[]
  return { etag, whole: isSealed(bytes), pieces }
}

const readHead = async (store: ObjectStore): Promise<readonly SpilledPiece[]> =>
  (await readStoredHead(store))?.pieces ?? []

/** Whether all that is known is there as it was written. One listing, too. @returns undefined when nothing is */
export const markersAreWhole = async (
  store: ObjectStore,
): Promise<{ readonly etag: string; readonly whole: boolean } | undefined> => {
  const stored = await readStoredHead(store)
  if (stored === undefined) return undefined
  const { etag, whole, pieces } = stored
  return { etag, whole: whole && (await openPieces(store, PREFIX).has(pieces)) }
}

/** The entries of a list, up to a piece that is lost. */
async function* readable(list: Spilled): AsyncGenerator<Buffer> {
  try {
    yield* list.read()
  } catch (error) {
    if (error instanceof StoreError) throw error
  }
}

/**
 * Opens what is known of markers. One operation, and one for each megabyte that is read.
 *
 * @param saved what an earlier process of this run has saved
 */
export const openKnownMarkers = async (
  store: ObjectStore,
  saved: SavedMarkers = { same: 0, pieces: [] },
): Promise<KnownMarkers> => {
  const pieces = openPieces(store, PREFIX, true)
  const head = await readHead(store)
  const before = openSpilled(pieces, head)
  const noted = openSpilled(pieces, saved.pieces)
  const entries = readable(before)
  /** The entry that comes next, and how many came before it. */
  let next = await entries.next()
  let at = 0
  /** As long as nothing was noted but the first of those before: how many. */
  let { same } = saved
  /** Of those that were asked for last: which of those before they are. */
  let indexes: ReadonlyMap<string, number> = new Map()

  /** Notes those that are the same, since something else follows them, or nothing. */
  const copySame = async (): Promise<void> => {
    let left = same
    same = 0
    if (left === 0) return
    for await (const each of readable(before)) {
      await noted.push(each)
      left -= 1
      if (left === 0) return
    }
  }

  return {
    async find(listed) {
      const found = new Map<string, StoredMarker>()
      const places = new Map<string, number>()
      for (const { hex, object } of listed) {
        for (; !next.done; next = await entries.next(), at += 1) {
          const known = decode(next.value)
          if (known !== undefined && known.hex > hex) break
          if (known?.hex !== hex || known.etag !== object.etag) continue
          found.set(hex, { etag: known.etag, modified: object.modified, marker: known.marker })
          places.set(hex, at)
        }
      }
      indexes = places
      return found
    },

    async add(hex, { etag, marker }) {
      if (marker === undefined) return
      if (noted.count === 0 && indexes.get(hex) === same) {
        same += 1
        return
      }
      await copySame()
      await noted.push(encode({ hex, etag, marker }))
    },

    async save() {
      return { same, pieces: await noted.save() }
    },

    async end() {
      if (noted.count === 0 && same === before.count) return
      await copySame()
      const all = await noted.save()
      if (noted.count === 0) await store.delete([MARKERS_KEY])
      else await store.put(MARKERS_KEY, seal(FORMAT, all))
      await pieces.remove(all)
    },
  }
}
