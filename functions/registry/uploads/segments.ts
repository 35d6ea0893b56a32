/**
 * Segments: staged bytes of an upload that do not yet fill a part. They are written once under a new
 * key and never changed, so that a repeated request finds what its state names.
 *
 * Bytes that are probably the whole blob land under their own digest instead: then the commit has only to link
 * them. They are not the upload's any more, so nobody deletes them with it: without a link they cannot be read,
 * and the clean-up takes them.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { discard } from '../../storage/bytes.ts'
import { StoreError } from '../../storage/errors.ts'
import type { ObjectInfo, ObjectStore } from '../../storage/store.ts'
import type { Presence } from '../clean-up/presence.ts'
import { dataKey, uploadSegmentKey } from '../layout.ts'
import { type Digest, hexOf } from '../reference.ts'
import type { Segment } from './state.ts'

/** Total bytes of the segments. */
export const segmentsSize = (segments: readonly Segment[]): number =>
  segments.reduce((sum, segment) => sum + segment.size, 0)

export const segmentKey = (uuid: string, { offset, nonce, landed }: Segment): string =>
  landed === undefined ? uploadSegmentKey(uuid, offset, nonce) : dataKey(landed as Digest)

/** Whether a segment goes with its upload. */
export const isOwn = ({ landed }: Segment): boolean => landed === undefined

/** The keys of segments that go with their upload. */
export const ownKeys = (uuid: string, segments: readonly Segment[]): readonly string[] =>
  segments.filter(isOwn).map((each) => segmentKey(uuid, each))

/** Whether it is known of all segments which bytes they are: states of version 1.0 do not say. */
export const arePinned = (segments: readonly Segment[]): boolean =>
  segments.every(({ etag, landed }) => (etag ?? landed) !== undefined)

/** Makes keys differ that are written by requests with the same state. */
export const newNonce = (): string => randomBytes(9).toString('base64url')

/** Stages bytes in one operation; no bytes take none. */
export const stage = async (
  store: ObjectStore,
  uuid: string,
  offset: number,
  bytes: Uint8Array,
): Promise<Segment[]> => {
  if (bytes.byteLength === 0) return []
  const segment = { offset, size: bytes.byteLength, nonce: newNonce() }
  const { etag } = await store.put(segmentKey(uuid, segment), bytes)
  return [{ ...segment, etag }]
}

/**
 * Stores what is probably a whole blob under its digest, in one operation, and one more beside it where a clean-up
 * may run: the commit looks again, but has no bytes any more, should a version that was condemned go meanwhile.
 *
 * @param digest the sha256 digest of these bytes
 */
export const land = async (
  store: ObjectStore,
  presence: Pick<Presence, 'look' | 'bring'>,
  digest: Digest,
  bytes: Uint8Array,
): Promise<Segment[]> => {
  const size = bytes.byteLength
  const put = () => store.put(dataKey(digest), bytes, { sha256: hexOf(digest), computedHere: true })
  await presence.bring(digest, size, presence.look(digest), put, put)
  return [{ offset: 0, size, nonce: newNonce(), landed: digest }]
}

/** Deletes segments that go with their upload; no operation where there are none. */
export const deleteSegments = async (
  store: ObjectStore,
  uuid: string,
  segments: readonly Segment[],
): Promise<void> => {
  const keys = ownKeys(uuid, segments)
  if (keys.length > 0) await store.delete(keys)
}

/**
 * Reads segments in parallel into a buffer of their total size.
 *
 * @throws StoreError `missing` when one is gone: the upload was committed, cancelled or expired; or
 *   when it has another size or version: it is damaged
 */
export const loadSegments = async (
  store: ObjectStore,
  uuid: string,
  segments: readonly Segment[],
  into: Uint8Array,
): Promise<void> => {
  const base = segments[0]?.offset ?? 0
  const load = async (segment: Segment) => {
    const key = segmentKey(uuid, segment)
    const read = await store.get(key)
    // Whoever has the same bytes may have written them under their digest again: that is another version.
    const isVersion = ({ etag }: ObjectInfo) =>
      segment.landed !== undefined || (segment.etag ?? etag) === etag
    const isMeant = (info: ObjectInfo) => info.size === segment.size && isVersion(info)
    if (read === undefined || !isMeant(read.info)) {
      if (read !== undefined) discard(read.body)
      throw new StoreError('missing', `the staged bytes ${key} are gone or damaged`)
    }
    let at = segment.offset - base
    for await (const chunk of read.body) {
      into.set(chunk, at)
      at += chunk.byteLength
    }
    if (at !== segment.offset - base + segment.size) {
      throw new StoreError('unavailable', `the staged bytes ${key} were cut short`)
    }
  }
  await Promise.all(segments.map(load))
}
