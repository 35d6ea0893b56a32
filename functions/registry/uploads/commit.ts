/**
 * Ends an upload with a blob: PUT with a digest, or POST with digest and body.
 *
 * Its event is recorded beside the step that puts or finds the data, which the link follows.
 *
 * The order ensures that a crash at any point leaves nothing readable that was not verified: first
 * the bytes are complete and their hash is the digest; then the data is under its digest key; then
 * the repository's link is written; then what was staged is deleted.
 *
 * Where the bytes go meanwhile:
 * - what fits into one part stays in memory and is written under its digest in one write;
 * - more, if its sha256 digest is known, goes into a multipart upload on the digest key itself,
 *   which is completed only after verification, without a copy;
 * - what earlier requests sent as parts is completed on the staging key and copied by the store;
 * - what the client sends to the store itself: see sent-parts.ts.
 *
 * @module
 */

import { settled } from '../../shared/parallel.ts'
import { isStoreError, StoreError } from '../../storage/errors.ts'
import { OCTETS } from '../blobs.ts'
import type { Look } from '../clean-up/standing.ts'
import { RegistryError } from '../errors.ts'
import type { Origin } from '../happened.ts'
import { dataKey, layerLinkKey, uploadCancelledKey, uploadDataKey } from '../layout.ts'
import { algorithmOf, CANONICAL, type Digest } from '../reference.ts'
import { partSizeFor, passOn, type UploadContext, writerFor } from './append.ts'
import { type Commit, commitDirect, commitSmall, commitStaged, type Verified } from './complete.ts'
import { discard, end, uploadUnknown } from './ending.ts'
import { algorithmsFor, type Hashes, hashingOf, type RunningHash } from './hash.ts'
import { checkRange, type Incoming } from './incoming.ts'
import { checkSize } from './limits.ts'
import { arePinned, isOwn, newNonce, ownKeys } from './segments.ts'
import type { UploadState } from './state.ts'
import { verify } from './verify.ts'

/** Streams the body and returns those hashes of the whole blob that are known now. */
const receive = async (
  commit: Commit,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<{ readonly received: number; readonly hashes: Hashes }> => {
  const { state, incoming } = commit
  const running = await startHash(commit)
  try {
    const received = await passOn(incoming, running, write)
    const done =
      state.hash && 'final' in state.hash && received === 0 ? state.hash.final : undefined
    return { received, hashes: (await running?.finish()) ?? (done as Hashes | undefined) ?? {} }
  } finally {
    running?.drop?.()
  }
}

const startHash = async ({
  context,
  state,
  digest,
  incoming,
}: Commit): Promise<RunningHash | undefined> => {
  const hashing = hashingOf(context.hashing, incoming.length)
  if (state.offset > 0) return hashing.resume(state.hash)
  return hashing.fast(algorithmsFor(algorithmOf(digest)))
}

/**
 * A look at the marker of data that the store has, of just this size. Data of another size is damaged, and
 * is written anew; so is any where the length is not declared, since once its bytes have passed it
 * would be too late to keep them.
 *
 * @returns undefined where it has to be written
 */
const lookAtKnown = async ({ context, digest, incoming }: Commit): Promise<Look | undefined> => {
  if (incoming.length === undefined) return undefined
  const look = context.presence.look(digest)
  return (await context.presence.size(digest, look)) === incoming.length ? look : undefined
}

/**
 * The data is in the store already: the body only has to prove that the client has it.
 *
 * @throws StoreError `unavailable` when the data has gone meanwhile; a client that sends it again
 *   has it written
 */
const commitKnown = async (commit: Commit, look: Look): Promise<Verified> => {
  const { received, hashes } = await receive(commit, async () => {})
  const target = verify(commit.digest, hashes)
  // If the body took long, the look is out of time, and is made again before the link is written.
  const [there] = await settled([commit.context.holdings.size(target), commit.record(received)])
  if (there === received) {
    return { target, size: received, look }
  }
  throw new StoreError(
    'unavailable',
    `${dataKey(target)} was deleted while its bytes were received`,
  )
}

/** Whether hashes of the whole blob will be known once the body has been read. */
const hashesWillBeKnown = ({ offset, hash }: UploadState): boolean =>
  offset === 0 || (hash !== undefined && 'resumable' in hash)

const commitBytes = async (commit: Commit): Promise<Verified> => {
  const { context, state, digest, incoming } = commit
  checkSize(context.limits, state.offset + (incoming.length ?? 0))
  const partSize = partSizeFor(context, state, incoming.length)
  const canonical = algorithmOf(digest) === CANONICAL
  const direct =
    state.multipart === undefined &&
    canonical &&
    hashesWillBeKnown(state) &&
    arePinned(state.segments)
  const large = incoming.length === undefined || incoming.length > partSize
  const known = direct && large && state.offset === 0 ? await lookAtKnown(commit) : undefined
  if (known !== undefined) return commitKnown(commit, known)
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
    await writer.close(!done)
    const begun = state.multipart === undefined && writer.multipart
    if (!done && begun) await context.store.abortMultipart(begun).catch(() => {})
  }
}

/** With the upload, its own bytes go; others would still be there after it was cancelled. */
const mustGoOn = async ({ context, state }: Commit): Promise<void> => {
  if (state.segments.every(isOwn)) return
  const ended = await context.store.head(uploadCancelledKey(state.uuid))
  if (ended !== undefined) throw new StoreError('missing', `the upload ${state.uuid} has ended`)
}

/** From the request's body, or from parts that the client has sent to the store itself. */
const commitWhole = async (commit: Commit): Promise<Verified> => {
  const { parts } = commit.state
  const commitSent = async (plan: NonNullable<typeof parts>): Promise<Verified> => {
    const { commitParts } = await import('./sent-parts.ts')
    return commitParts(commit, plan)
  }
  const whole = parts === undefined ? commitBytes(commit) : commitSent(parts)
  const [verified] = await settled([whole, mustGoOn(commit)])
  return verified
}

/** Deletes what the upload staged; what fails here is left to the clean-up of stale uploads. */
const tidy = async (
  { store }: UploadContext,
  state: UploadState,
  staged: string | undefined,
): Promise<void> => {
  const { uuid, segments, orphans } = state
  try {
    if (orphans) return await discard(store, state)
    const keys = [...ownKeys(uuid, segments)]
    if (staged !== undefined) keys.push(staged)
    if (keys.length > 0) await store.delete(keys)
  } catch {
    // The blob is committed: a failure to clean up does not fail the push.
  }
}

/** Ends an upload with a blob; see {@link Uploads.commit}. */
export const commit = async (
  context: UploadContext,
  state: UploadState,
  digest: Digest,
  incoming: Incoming,
  origin?: Origin,
): Promise<void> => {
  checkRange(state, incoming)
  const { name } = state
  const recording = incoming.fetched ? undefined : context.events?.begin(name, origin)
  const record = async (size: number): Promise<void> =>
    recording?.write({
      action: 'push',
      target: { mediaType: OCTETS, digest, size },
      proof: { key: layerLinkKey(name, digest), fleeting: true },
    })
  let linking = false
  try {
    const verified = await commitWhole({ context, state, digest, incoming, record })
    const { target, size, look, staged } = verified
    linking = true
    await context.blobs.link(name, digest, target, size, look)
    recording?.done()
    await tidy(context, state, staged)
  } catch (error) {
    if (!linking) await recording?.withdraw()
    if (error instanceof RegistryError && error.code === 'DIGEST_INVALID') {
      const over = state.segments.every(isOwn) ? discard : end
      if (state.offset > 0 || state.parts) await over(context.store, state).catch(() => {})
    }
    if (!isStoreError(error, 'missing', 'multipart')) throw error
    // What was staged is gone: an earlier commit of this upload used it, or it was cancelled.
    const size = await context.blobs.stat(state.name, digest)
    if (size === undefined) throw uploadUnknown(state.uuid, error)
  }
}
