/**
 * Adds bytes to an upload: PATCH.
 *
 * Full parts go to a multipart upload on the staging key; what is left over becomes a segment. The
 * state handed in stays valid whatever happens here: parts it names are not replaced by fewer bytes
 * of the same stream, and segments are never overwritten.
 *
 * @module
 */

import { isStoreError } from '../../storage/errors.ts'
import { MAX_PARTS, type ObjectStore } from '../../storage/store.ts'
import type { Blobs } from '../blobs.ts'
import type { Presence } from '../clean-up/presence.ts'
import { RegistryError } from '../errors.ts'
import type { Recorder } from '../happened.ts'
import type { Holdings } from '../held.ts'
import { uploadDataKey } from '../layout.ts'
import { CANONICAL } from '../reference.ts'
import { uploadUnknown } from './ending.ts'
import { algorithmsFor, type Hashing, hashingOf, type RunningHash } from './hash.ts'
import { checkRange, checkReceived, type Incoming } from './incoming.ts'
import { checkReadBack, checkSize, type UploadLimits } from './limits.ts'
import type { UploadMemory } from './memory.ts'
import { EMPTY_PART_CHAIN, extendPartChain } from './part-chain.ts'
import type { PartWriter } from './part-writer.ts'
import { land, newNonce, segmentsSize, stage } from './segments.ts'
import type { HashState, Segment, UploadState } from './state.ts'
import { createPartWriter } from './writer.ts'

/** Most segments that a state names; more are merged into one. */
const MAX_SEGMENTS = 16

export interface UploadContext {
  readonly store: ObjectStore
  readonly blobs: Blobs
  readonly holdings: Holdings
  readonly presence: Presence
  readonly events?: Recorder | undefined
  readonly partSize: number
  readonly memory: UploadMemory
  readonly limits: UploadLimits | undefined
  readonly hashing: Hashing
}

/** A writer that continues where a state ends. */
export const writerFor = (
  context: UploadContext,
  state: UploadState,
  incoming: Incoming,
  target: { readonly key: string; readonly partSize: number },
): PartWriter => {
  const { multipart, uuid, segments } = state
  return createPartWriter({
    store: context.store,
    memory: context.memory,
    uuid,
    key: target.key,
    partSize: target.partSize,
    multipart: multipart && { key: target.key, id: multipart.id },
    firstPart: (multipart?.parts ?? 0) + 1,
    offset: segments[0]?.offset ?? state.offset,
    segments,
    expected: incoming.length,
  })
}

const MEBIBYTE = 1024 * 1024

/** Bytes of the largest part. Parts are held in memory, so blobs have at most 9,999 such, 625 GiB. */
const MAX_PART_SIZE = 64 * MEBIBYTE

/**
 * Part size for an upload that gets `length` more bytes, if known: larger than usual only where
 * 10,000 parts would not be enough.
 *
 * @throws RegistryError BLOB_TOO_LARGE for a blob that no upload could hold
 */
export const partSizeFor = (
  context: UploadContext,
  state: UploadState,
  length: number | undefined,
): number => {
  if (state.multipart !== undefined) return state.multipart.partSize
  const size = state.offset + (length ?? 0)
  const needed = Math.ceil(size / (MAX_PARTS - 1) / MEBIBYTE) * MEBIBYTE
  if (needed > MAX_PART_SIZE) {
    const most = MAX_PART_SIZE * (MAX_PARTS - 1)
    throw new RegistryError(
      'BLOB_TOO_LARGE',
      `the blob has ${size} bytes, but at most ${most} are possible`,
    )
  }
  return Math.max(context.partSize, needed)
}

/** A client that declares a range will send more; one that does not, sends everything at once. */
const sendsAll = (state: UploadState, incoming: Incoming): boolean =>
  state.offset === 0 && incoming.range === undefined

/** The hash that continues with these bytes, or undefined if all must be read back in the end. */
const hashFor = async (
  context: UploadContext,
  state: UploadState,
  incoming: Incoming,
): Promise<RunningHash | undefined> => {
  const hashing = hashingOf(context.hashing, incoming.length)
  const algorithms = algorithmsFor(state.algorithm)
  if (sendsAll(state, incoming)) return hashing.fast(algorithms)
  return state.offset === 0 ? hashing.resumable(algorithms) : hashing.resume(state.hash)
}

/**
 * Streams a body to a function and then through a hash, which takes its memory.
 *
 * @returns its bytes, which are as many as its headers declare
 */
export const passOn = async (
  incoming: Incoming,
  hash: RunningHash | undefined,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<number> => {
  let received = 0
  for await (const chunk of incoming.source) {
    received += chunk.byteLength
    await write(chunk)
    await hash?.update(chunk)
  }
  checkReceived(incoming, received)
  return received
}

/** Streams the body through hash and writer; if nothing was received, the result has no meaning. */
const receive = async (
  hash: RunningHash | undefined,
  incoming: Incoming,
  writer: PartWriter,
): Promise<{ readonly received: number; readonly hash: HashState | undefined }> => {
  const received = await passOn(incoming, hash, writer.write)
  await writer.flush(false)
  return { received, hash: await hash?.save() }
}

/** The part of the next state that says where the bytes are. */
const nextState = async (
  { store, presence }: UploadContext,
  state: UploadState,
  { partSize, nonce }: { readonly partSize: number; readonly nonce: string },
  writer: PartWriter,
  { hash, all }: { readonly hash: HashState | undefined; readonly all: boolean },
): Promise<Pick<UploadState, 'multipart' | 'segments' | 'orphans'>> => {
  const { uuid, segments } = state
  const { parts, multipart: open } = writer
  if (open !== undefined && parts.length > 0) {
    const earlier = state.multipart
    const count = (earlier?.parts ?? 0) + parts.length
    const partChain = extendPartChain(earlier?.partChain ?? EMPTY_PART_CHAIN, parts)
    if (writer.ahead.length >= MAX_SEGMENTS) await writer.pendingWhole()
    const { ahead } = writer
    const rest = writer.pending()
    // If no more bytes will come, the rest is sent as the last part, which the commit then need not
    // read. It is staged as well, since a part cannot be read if the client sends more after all. So
    // nothing relies on this part, and sending it may fail.
    const helps = all && rest.byteLength > 0 && ahead.length === 0
    const last = helps
      ? store.uploadPart(open, count + 1, rest).catch(() => undefined)
      : Promise.resolve(undefined)
    const at = count * partSize + segmentsSize(ahead)
    const staged = await stage(store, uuid, at, rest).finally(() => last)
    const part = await last
    const whole = part && extendPartChain(partChain, [part])
    const multipart = { id: open.id, nonce, partSize, parts: count, partChain, whole }
    const orphans = state.orphans || segments.length > 0
    return { multipart, segments: [...ahead, ...staged], orphans }
  }
  // The part that would have been the last no longer is.
  const multipart = state.multipart && { ...state.multipart, whole: undefined }
  const { ahead } = writer
  const base = ahead[0]?.offset ?? state.offset
  if (ahead.length < MAX_SEGMENTS) {
    // The hash is the segment's where it is all there is.
    const only = all && ahead.length === 0
    const whole = only && hash && 'final' in hash ? hash.final.sha256 : undefined
    const added =
      whole === undefined
        ? await stage(store, uuid, base + segmentsSize(ahead), writer.pending())
        : await land(store, presence, `${CANONICAL}:${whole}`, writer.pending())
    return { multipart, segments: [...ahead, ...added], orphans: state.orphans }
  }
  const merged = await stage(store, uuid, base, await writer.pendingWhole())
  return { multipart, segments: merged, orphans: true }
}

/** Adds the request's bytes to an upload; see {@link Uploads.append}. */
export const append = async (
  context: UploadContext,
  state: UploadState,
  incoming: Incoming,
): Promise<UploadState> => {
  checkRange(state, incoming)
  const size = state.offset + (incoming.length ?? 0)
  checkSize(context.limits, size)
  const partSize = partSizeFor(context, state, incoming.length)
  const nonce = state.multipart?.nonce ?? newNonce()
  const key = uploadDataKey(state.uuid, nonce)
  const writer = writerFor(context, state, incoming, { key, partSize })
  let kept: readonly Segment[] = []
  let running: RunningHash | undefined
  try {
    running = await hashFor(context, state, incoming)
    if (running === undefined) checkReadBack(context.limits, size)
    const { received, hash } = await receive(running, incoming, writer)
    if (received === 0) return state
    const all = sendsAll(state, incoming)
    const next = await nextState(context, state, { partSize, nonce }, writer, { hash, all })
    kept = next.segments
    return { ...state, ...next, offset: state.offset + received, hash }
  } catch (error) {
    await writer.close(true)
    const begun = state.multipart === undefined && writer.multipart
    // Best effort: the clean-up of stale uploads takes what is left.
    if (begun) await context.store.abortMultipart(begun).catch(() => {})
    if (isStoreError(error, 'missing', 'multipart')) throw uploadUnknown(state.uuid, error)
    throw error
  } finally {
    running?.drop?.()
    await writer.close(false, kept)
  }
}
