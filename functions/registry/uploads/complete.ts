/**
 * The three ways to get verified bytes under their digest key.
 *
 * @module
 */

import { settled } from '../../shared/parallel.ts'
import { isStoreError, StoreError } from '../../storage/errors.ts'
import type { Part } from '../../storage/store.ts'
import type { Look } from '../clean-up/standing.ts'
import { RegistryError } from '../errors.ts'
import { dataKey, uploadDataKey } from '../layout.ts'
import { algorithmOf, type Digest, digestOf, hexOf } from '../reference.ts'
import type { UploadContext } from './append.ts'
import { algorithmsFor, type Hashes } from './hash.ts'
import type { Incoming } from './incoming.ts'
import { checkReadBack } from './limits.ts'
import { EMPTY_PART_CHAIN, extendPartChain } from './part-chain.ts'
import type { PartWriter } from './part-writer.ts'
import { readBack } from './read-back.ts'
import { arePinned, segmentKey } from './segments.ts'
import type { UploadState } from './state.ts'
import { covers, hashesOf, verify } from './verify.ts'

/** A commit in progress. */
export interface Commit {
  readonly context: UploadContext
  readonly state: UploadState
  readonly digest: Digest
  readonly incoming: Incoming
  /** Records the push of verified bytes, beside what puts them under their digest: it precedes the link. */
  readonly record: (size: number) => Promise<void>
}

/** A verified blob, with the digest that its data is stored under. */
export interface Verified {
  readonly target: Digest
  readonly size: number
  /** At its marker, while it was written or found. */
  readonly look: Look
  /** Key of the staged whole, if it was copied from there. */
  readonly staged?: string
}

/** For bytes that landed under their digest. Since then, the clean-up may have deleted them. */
const commitLanded = async (
  { context: { presence }, state, digest, record }: Commit,
  known: Hashes,
): Promise<Verified> => {
  const target = verify(digest, known)
  const size = state.offset
  const look = presence.look(target)
  const [there] = await settled([presence.size(target, look), record(size)])
  if (there === size) return { target, size, look }
  throw new StoreError('missing', `${dataKey(target)} is gone or damaged`)
}

/** For bytes that are all in memory or in one segment. */
export const commitSmall = async (
  commit: Commit,
  writer: PartWriter,
  received: number,
  known: Hashes,
): Promise<Verified> => {
  const { context, state, digest, record } = commit
  const { store, presence } = context
  const size = state.offset + received
  const [only, ...others] = state.segments
  const alone = received === 0 && others.length === 0
  if (alone && only?.landed !== undefined && covers(known, digest)) {
    return commitLanded(commit, known)
  }
  const etag = alone ? only?.etag : undefined
  if (only !== undefined && etag !== undefined && covers(known, digest)) {
    const target = verify(digest, known)
    const copy = () => store.copy(segmentKey(state.uuid, only), dataKey(target), size, etag)
    const look = presence.look(target)
    await settled([presence.bring(target, size, look, copy, copy), record(size)])
    return { target, size, look }
  }
  const bytes = await writer.pendingWhole()
  const hashes = covers(known, digest) ? known : hashesOf(bytes, digest)
  const target = verify(digest, hashes)
  // Bytes that were staged, perhaps only just now, have been elsewhere since they were hashed.
  const options = { sha256: hexOf(target), computedHere: !writer.wasStaged }
  const put = () => store.put(dataKey(target), bytes, options)
  const look = presence.look(target)
  const bring = presence.bring(target, size, look, put, put).catch((cause: unknown) => {
    const damaged = isStoreError(cause, 'checksum') && digestOf(bytes) !== target
    throw damaged ? new StoreError('missing', 'the staged bytes are damaged', { cause }) : cause
  })
  await settled([bring, record(size)])
  return { target, size, look }
}

/** For parts that were sent to the digest key. */
export const commitDirect = async (
  { context, state, digest, record }: Commit,
  writer: PartWriter,
  received: number,
  hashes: Hashes,
): Promise<Verified> => {
  const target = verify(digest, hashes)
  await writer.flush(true)
  const { multipart, parts } = writer
  if (multipart === undefined) throw new Error('a direct commit has no multipart upload')
  const size = state.offset + received
  const look = context.presence.look(target)
  const bring = context.presence.bring(target, size, look, () =>
    context.store.completeMultipart(multipart, parts),
  )
  await settled([bring, record(size)])
  return { target, size, look }
}

/**
 * The parts of earlier requests, which must be those the state was made with.
 *
 * @returns also whether they are the whole blob, so that no segment is needed
 */
const earlierParts = async (
  { context, state }: Commit,
  received: number,
): Promise<{ readonly parts: readonly Part[]; readonly whole: boolean }> => {
  const { multipart, uuid } = state
  if (multipart === undefined) return { parts: [], whole: false }
  const { id, nonce, partChain, parts: count } = multipart
  const all = await context.store.listParts({ key: uploadDataKey(uuid, nonce), id })
  const withLast = all.filter((part) => part.number <= count + 1)
  if (received === 0 && extendPartChain(EMPTY_PART_CHAIN, withLast) === multipart.whole) {
    return { parts: withLast, whole: true }
  }
  const parts = all.filter((part) => part.number <= count)
  if (extendPartChain(EMPTY_PART_CHAIN, parts) === partChain) return { parts, whole: false }
  throw new RegistryError(
    'BLOB_UPLOAD_INVALID',
    `another request continued the upload ${uuid} from an older state: start a new upload`,
    { detail: { uuid } },
  )
}

/**
 * For parts that were sent to a staging key: completes the upload there and lets the store copy the
 * version that this has made. No other multipart upload has this key.
 */
export const commitStaged = async (
  commit: Commit,
  writer: PartWriter,
  received: number,
  known: Hashes,
): Promise<Verified> => {
  const { context, state, digest } = commit
  const { store } = context
  const size = state.offset + received
  const { multipart } = writer
  if (multipart === undefined) throw new Error('a staged commit has no multipart upload')
  const staged = multipart.key
  if (covers(known, digest)) verify(digest, known)
  else checkReadBack(context.limits, size)
  let hashes = arePinned(state.segments) ? known : {}
  let etag: string
  try {
    const { parts, whole } = await earlierParts(commit, received)
    if (!whole) await writer.flush(true)
    etag = (await store.completeMultipart(multipart, [...parts, ...writer.parts])).etag
  } catch (error) {
    // Another commit of this upload may have completed it and crashed, or be about to copy it.
    if (!isStoreError(error, 'multipart', 'missing')) throw error
    const info = received === 0 ? await store.head(staged) : undefined
    if (info?.size !== size) throw error
    hashes = {}
    etag = info.etag
  }
  if (!covers(hashes, digest)) {
    const read = await readBack(context, staged, size, algorithmsFor(algorithmOf(digest)))
    hashes = read.hashes
    etag = read.etag
  }
  const target = verify(digest, hashes)
  return copyStaged(commit, { staged, etag, target, size })
}

/** Copies a verified whole under its digest, unless it is there. */
export const copyStaged = async (
  { context: { store, presence }, record }: Commit,
  { staged, etag, target, size }: Omit<Verified, 'look'> & Record<'staged' | 'etag', string>,
): Promise<Verified> => {
  const look = presence.look(target)
  const [there] = await settled([presence.size(target, look), record(size)])
  // Data of another size is damaged: the copy replaces it.
  if (there !== size) {
    const copy = () => store.copy(staged, dataKey(target), size, etag)
    await presence.bring(target, size, look, copy, copy)
  }
  return { target, size, look, staged }
}
