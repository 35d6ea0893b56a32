/**
 * Markers: how the data of a digest stands with the clean-up. One object for each digest that no
 * repository linked when the clean-up looked; no marker for all others.
 *
 * A marker says one of:
 * - `condemned`: no link was found. Whoever links the data turns it into `rescued` first.
 * - `claimed`: the grace is over and still there is no link; the data is being deleted.
 * - `gone`: it was deleted. It may have been written again since: look.
 * - `rescued`: it was condemned, and somebody was about to link it.
 *
 * The body is the word, a nonce, and for the first two the version of the data that was condemned,
 * where the store has such. A version of an object (its ETag) says only what its content is, so
 * each marker has a nonce of its own: a conditional write then means just that marker.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { discard, readAll } from '../../storage/bytes.ts'
import { putUnlessChanged } from '../../storage/read-or-create.ts'
import type { ObjectStore, WriteCondition } from '../../storage/store.ts'
import type { ReportDamage } from '../damage.ts'
import { markerKey } from '../layout.ts'
import type { Digest } from '../reference.ts'
import { BOUNDS, type Bounds } from './bounds.ts'

export type MarkerState = 'condemned' | 'claimed' | 'gone' | 'rescued'

/** What a marker says. */
export interface Marker {
  readonly state: MarkerState
  /** 16 hex digits, made anew for each write of a marker. */
  readonly nonce: string
  /**
   * Of a condemned or claimed one, where the store tells writes of the same bytes apart: the version
   * of the data when it was condemned (`ObjectInfo.version`).
   */
  readonly version?: string
}

/** A marker as it is in the store. */
export interface StoredMarker {
  /** For a conditional write or delete. */
  readonly etag: string
  /** When it was written, by the store's clock. */
  readonly modified: Date
  /** Undefined: it says nothing that is known. It is not to be taken for absent. */
  readonly marker: Marker | undefined
}

/**
 * Whether a claim of this age, or what may be one, holds no longer: the delete that it announced cannot
 * land any more.
 *
 * @param now our clock in milliseconds since 1970
 */
export const givesUp = (
  { modified }: StoredMarker,
  now: number,
  { claim, skew }: Bounds = BOUNDS,
): boolean => now - modified.getTime() > claim + skew

/** Most bytes read of a marker; a version of S3 has at most 1024. */
const MAX_BYTES = 1200

const MARKER = /^(condemned|claimed|gone|rescued) ([0-9a-f]{16})(?: ([!-~]{1,1024}))?$/

const isDoomed = (state: MarkerState): boolean => state === 'condemned' || state === 'claimed'

/** 16 hex digits that nobody else has. */
export const newNonce = (): string => randomBytes(8).toString('hex')

/** Reads a marker's body. @returns undefined when it says nothing that is known */
export const parseMarker = (body: Uint8Array): Marker | undefined => {
  const match = MARKER.exec(Buffer.from(body).toString('latin1'))
  if (match === null) return undefined
  const [, state, nonce = '', version] = match as unknown as [string, MarkerState, string, string?]
  if (version === undefined) return { state, nonce }
  return isDoomed(state) ? { state, nonce, version } : undefined
}

/** A marker's body. */
export const markerBody = ({ state, nonce, version }: Marker): Uint8Array =>
  Buffer.from([state, nonce, ...(version === undefined ? [] : [version])].join(' '), 'latin1')

/**
 * Reads the marker of data, in one operation. A damaged one is reported.
 *
 * @param target the sha256 digest that the data is under
 * @returns undefined when there is none
 */
export const readMarker = async (
  store: ObjectStore,
  target: Digest,
  report: ReportDamage,
): Promise<StoredMarker | undefined> => {
  const key = markerKey(target)
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { size, etag, modified } = read.info
  const small = size <= MAX_BYTES
  if (!small) discard(read.body)
  const marker = small ? parseMarker(await readAll(read.body, MAX_BYTES)) : undefined
  if (marker === undefined) report({ key, why: `has ${size} bytes that are not a marker` })
  return { etag, modified, marker }
}

/**
 * Writes a marker under a condition. One operation.
 *
 * @returns its version, or undefined when the condition does not hold: somebody else was faster
 */
export const writeMarker = (
  store: ObjectStore,
  target: Digest,
  marker: Marker,
  condition: WriteCondition,
): Promise<string | undefined> =>
  putUnlessChanged(store, markerKey(target), markerBody(marker), condition)
