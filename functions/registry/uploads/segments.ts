/**
 * Segments: staged bytes of an upload that do not yet fill a part. They are written once under a new
 * key and never changed, so that a repeated request finds what its state names.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { discard } from '../../storage/bytes.ts'
import { StoreError } from '../../storage/errors.ts'
import type { ObjectInfo, ObjectStore } from '../../storage/store.ts'
import { uploadSegmentKey } from '../layout.ts'
import type { Segment } from './state.ts'

/** Total bytes of the segments. */
export const segmentsSize = (segments: readonly Segment[]): number =>
  segments.reduce((sum, segment) => sum + segment.size, 0)

export const segmentKey = (uuid: string, { offset, nonce }: Segment): string =>
  uploadSegmentKey(uuid, offset, nonce)

/** Whether it is known of all segments which versions they are: states of version 1.0 do not say. */
export const arePinned = (segments: readonly Segment[]): boolean =>
  segments.every(({ etag }) => etag !== undefined)

/** Makes keys differ that are written by requests with the same state. */
export const newNonce = (): string => randomBytes(9).toString('base64url')

/**
 * Stages bytes in one operation; no bytes take none.
 *
 * @param sha256 their hash in hex, if known, so that it need not be computed
 */
export const stage = async (
  store: ObjectStore,
  uuid: string,
  offset: number,
  bytes: Uint8Array,
  sha256?: string,
): Promise<Segment[]> => {
  if (bytes.byteLength === 0) return []
  const segment = { offset, size: bytes.byteLength, nonce: newNonce() }
  const checked = sha256 === undefined ? {} : { sha256 }
  const { etag } = await store.put(segmentKey(uuid, segment), bytes, checked)
  return [{ ...segment, etag }]
}

/** Deletes segments. */
export const deleteSegments = (
  store: ObjectStore,
  uuid: string,
  segments: readonly Segment[],
): Promise<void> => store.delete(segments.map((segment) => segmentKey(uuid, segment)))

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
    const isMeant = ({ size, etag }: ObjectInfo) =>
      size === segment.size && (segment.etag ?? etag) === etag
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
