/**
 * Ends an upload with a blob: PUT with a digest, also POST with digest and body.
 *
 * In this order, so that a death at any line leaves nothing readable that was not verified: the
 * bytes are complete and their hash is the digest; then the data stands under its digest key; then
 * the repository's link; then what was staged is dropped.
 *
 * Where the bytes go meanwhile:
 * - what fits in one part stays in memory and is written under its digest, one write;
 * - more, under a sha256 digest known now, goes into a multipart upload on the digest key itself,
 *   which is completed only after verification: no copy;
 * - what earlier requests sent as parts is completed on the staging key and copied by the store.
 *
 * @module
 */

import { isStoreError, StoreError } from '../../storage/errors.ts'
import type { Part } from '../../storage/store.ts'
import { algorithmOf, CANONICAL, type Digest, hexOf } from '../digest.ts'
import { RegistryError } from '../errors.ts'
import { dataKey, layerLinkKey, uploadDataKey } from '../layout.ts'
import { readLink } from '../links.ts'
import { partSizeFor, type UploadContext, writerFor } from './append.ts'
import { EMPTY_CHAIN, extendChain } from './chain.ts'
import { discard, uploadUnknown } from './ending.ts'
import {
  algorithmsFor,
  fastHash,
  type Hashes,
  hashAll,
  type RunningHash,
  resumeHash,
} from './hash.ts'
import { checkRange, checkReceived, type Incoming } from './incoming.ts'
import { checkReadBack, checkSize } from './limits.ts'
import { newNonce, segmentKey } from './segments.ts'
import type { UploadState } from './state.ts'
import type { PartWriter } from './writer.ts'

/** One commit on its way. */
interface Commit {
  readonly context: UploadContext
  readonly state: UploadState
  readonly digest: Digest
  readonly incoming: Incoming
}

/** A verified blob: its size and the digest its data is under. */
interface Verified {
  readonly target: Digest
  readonly size: number
  /** Key of the whole, where it was staged before it was copied to its place. */
  readonly staged?: string
}

const mismatch = (digest: Digest, hashes: Hashes): RegistryError => {
  const actual = `${algorithmOf(digest)}:${hashes[algorithmOf(digest)]}`
  return new RegistryError('DIGEST_INVALID', `the content's digest is ${actual}, not ${digest}`, {
    detail: { digest, actual },
  })
}

/** Checks what was hashed against the digest. @returns the digest the data belongs under */
const verify = (digest: Digest, hashes: Hashes): Digest => {
  if (hashes[algorithmOf(digest)] !== hexOf(digest)) throw mismatch(digest, hashes)
  return `${CANONICAL}:${hashes[CANONICAL]}`
}

const covers = (hashes: Hashes, digest: Digest): boolean =>
  algorithmsFor(algorithmOf(digest)).every((each) => hashes[each] !== undefined)

/** Streams the body and returns the hashes of the whole blob, as far as they can be known now. */
const receive = async (
  { state, digest, incoming }: Commit,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<{ readonly received: number; readonly hashes: Hashes }> => {
  const running = await startHash(state, digest)
  let received = 0
  for await (const chunk of incoming.source) {
    running?.update(chunk)
    await write(chunk)
    received += chunk.byteLength
  }
  checkReceived(incoming, received)
  const done = state.hash && 'final' in state.hash && received === 0 ? state.hash.final : undefined
  return { received, hashes: running?.finish() ?? (done as Hashes | undefined) ?? {} }
}

const startHash = async (state: UploadState, digest: Digest): Promise<RunningHash | undefined> =>
  state.offset === 0 ? fastHash(algorithmsFor(algorithmOf(digest))) : resumeHash(state.hash)

/** The hashes of bytes in memory that `verify` needs. */
const hashesOf = (bytes: Uint8Array, digest: Digest): Hashes => {
  const hash = fastHash(algorithmsFor(algorithmOf(digest)))
  hash.update(bytes)
  return hash.finish()
}

/** All bytes are in memory or in one segment. */
const commitSmall = async (
  { context, state, digest }: Commit,
  writer: PartWriter,
  received: number,
  known: Hashes,
): Promise<Verified> => {
  const { store } = context
  const size = state.offset + received
  const [only, ...others] = state.segments
  if (received === 0 && only !== undefined && others.length === 0 && covers(known, digest)) {
    const target = verify(digest, known)
    await store.copy(segmentKey(state.uuid, only), dataKey(target), size)
    return { target, size }
  }
  const bytes = await writer.pendingWithSeed()
  const hashes = covers(known, digest) ? known : hashesOf(bytes, digest)
  const target = verify(digest, hashes)
  await store.put(dataKey(target), bytes, { sha256: hexOf(target) })
  return { target, size }
}

/** The parts went to the digest key. */
const commitDirect = async (
  { context, state, digest }: Commit,
  writer: PartWriter,
  received: number,
  hashes: Hashes,
): Promise<Verified> => {
  const target = verify(digest, hashes)
  await writer.flush(true)
  if (writer.multipart === undefined) throw new Error('a direct commit has begun no multipart')
  await context.store.completeMultipart(writer.multipart, writer.parts)
  return { target, size: state.offset + received }
}

/**
 * Parts of earlier requests, which must be the ones the state was made with.
 *
 * @returns also whether they are the whole blob, so that nothing staged beside them is needed
 */
const earlierParts = async (
  { context, state }: Commit,
  received: number,
): Promise<{ readonly parts: readonly Part[]; readonly whole: boolean }> => {
  const { multipart, uuid } = state
  if (multipart === undefined) return { parts: [], whole: false }
  const { id, nonce, chain, parts: count } = multipart
  const all = await context.store.listParts({ key: uploadDataKey(uuid, nonce), id })
  const withLast = all.filter((part) => part.number <= count + 1)
  if (received === 0 && extendChain(EMPTY_CHAIN, withLast) === multipart.whole) {
    return { parts: withLast, whole: true }
  }
  const parts = all.filter((part) => part.number <= count)
  if (extendChain(EMPTY_CHAIN, parts) === chain) return { parts, whole: false }
  throw new RegistryError(
    'BLOB_UPLOAD_INVALID',
    `the upload ${uuid} was continued from an older state by another request: begin a new one`,
    { detail: { uuid } },
  )
}

/**
 * The parts went to a staging key: complete it there, then let the store copy it. No other multipart
 * upload has this key, or between verification and copy it could come to hold other bytes.
 */
const commitStaged = async (
  commit: Commit,
  writer: PartWriter,
  received: number,
  known: Hashes,
): Promise<Verified> => {
  const { context, state, digest } = commit
  const { store } = context
  const size = state.offset + received
  const { multipart } = writer
  if (multipart === undefined) throw new Error('a staged commit has no multipart')
  const staged = multipart.key
  if (covers(known, digest)) verify(digest, known)
  else checkReadBack(context.limits, size)
  let hashes = known
  try {
    const { parts, whole } = await earlierParts(commit, received)
    if (!whole) await writer.flush(true)
    await store.completeMultipart(multipart, [...parts, ...writer.parts])
  } catch (error) {
    // Another commit of this upload may have completed it and died, or be about to copy it.
    if (!isStoreError(error, 'multipart', 'missing')) throw error
    const info = received === 0 ? await store.head(staged) : undefined
    if (info?.size !== size) throw error
    hashes = {}
  }
  if (!covers(hashes, digest)) {
    const read = await store.get(staged)
    if (read === undefined) throw new StoreError('missing', `the staged blob ${staged} is gone`)
    hashes = await hashAll(read.body, algorithmsFor(algorithmOf(digest)))
  }
  const target = verify(digest, hashes)
  if ((await store.head(dataKey(target))) === undefined) {
    await store.copy(staged, dataKey(target), size)
  }
  return { target, size, staged }
}

/** The data is in the pool already: the body only has to prove that the client has it. */
const commitKnown = async (commit: Commit): Promise<Verified> => {
  const { received, hashes } = await receive(commit, async () => {})
  return { target: verify(commit.digest, hashes), size: received }
}

/** Whether hashes of the whole blob will be known when the body has passed. */
const hashesWillBeKnown = ({ offset, hash }: UploadState): boolean =>
  offset === 0 || (hash !== undefined && 'resumable' in hash)

const commitBytes = async (commit: Commit): Promise<Verified> => {
  const { context, state, digest, incoming } = commit
  checkSize(context.limits, state.offset + (incoming.length ?? 0))
  const partSize = partSizeFor(context, state, incoming.length)
  const direct =
    state.multipart === undefined && algorithmOf(digest) === CANONICAL && hashesWillBeKnown(state)
  const large = incoming.length === undefined || incoming.length > partSize
  if (direct && large && state.offset === 0) {
    if ((await context.store.head(dataKey(digest))) !== undefined) return commitKnown(commit)
  }
  const nonce = state.multipart?.nonce ?? newNonce()
  const key = direct ? dataKey(digest) : uploadDataKey(state.uuid, nonce)
  const writer = writerFor(context, state, incoming, { key, partSize })
  let done = false
  try {
    const { received, hashes } = await receive(commit, writer.write)
    const finish =
      writer.multipart === undefined ? commitSmall : direct ? commitDirect : commitStaged
    const verified = await finish(commit, writer, received, hashes)
    done = true
    return verified
  } finally {
    await writer.close()
    const begun = state.multipart === undefined && writer.multipart
    if (!done && begun) await context.store.abortMultipart(begun).catch(() => {})
  }
}

/** Drops what the upload staged; whatever fails here is left to the clean-up of stale uploads. */
const tidy = async (
  { store }: UploadContext,
  state: UploadState,
  staged: string | undefined,
): Promise<void> => {
  const { uuid, segments, litter } = state
  try {
    if (litter) return await discard(store, state)
    const keys = segments.map((segment) => segmentKey(uuid, segment))
    if (staged !== undefined) keys.push(staged)
    if (keys.length > 0) await store.delete(keys)
  } catch {
    // The blob is committed; a failure to tidy up is no failure of the push.
  }
}

/** Ends an upload with a blob; see {@link Uploads.commit}. */
export const commit = async (
  context: UploadContext,
  state: UploadState,
  digest: Digest,
  incoming: Incoming,
): Promise<void> => {
  checkRange(state, incoming)
  try {
    const { target, size, staged } = await commitBytes({ context, state, digest, incoming })
    await context.blobs.link(state.name, digest, target, size)
    await tidy(context, state, staged)
  } catch (error) {
    if (error instanceof RegistryError && error.code === 'DIGEST_INVALID') {
      if (state.offset > 0) await discard(context.store, state).catch(() => {})
    }
    if (!isStoreError(error, 'missing', 'multipart')) throw error
    // What was staged is gone: an earlier commit of this upload has used it, or it was cancelled.
    const link = await readLink(context.store, layerLinkKey(state.name, digest))
    if (link === undefined) throw uploadUnknown(state.uuid, error)
  }
}
