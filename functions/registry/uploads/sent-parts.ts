/**
 * Parts that clients send to the store themselves, by presigned requests. The registry sees none of their
 * bytes, and believes nothing that it is told of them:
 *
 * - Of one part the store proves the whole: it takes no bytes but those whose SHA-256 is the digest.
 * - Of several, hashes of the parts prove nothing: a client may send true parts of another blob. They are
 *   completed on a staging key, read back and hashed; what was read is copied, by its version.
 *
 * @module
 */

import { settled } from '../../shared/parallel.ts'
import { isStoreError } from '../../storage/errors.ts'
import {
  MIN_PART_SIZE,
  type ObjectStore,
  type Part,
  type PresignedPart,
} from '../../storage/store.ts'
import { RegistryError } from '../errors.ts'
import { dataKey } from '../layout.ts'
import { type Digest, hexOf } from '../reference.ts'
import type { UploadContext } from './append.ts'
import { type Commit, copyStaged, type Verified } from './complete.ts'
import { algorithmsFor } from './hash.ts'
import type { Incoming } from './incoming.ts'
import {
  checkDeclared,
  checkSeveral,
  checkWanted,
  countOf,
  type Declared,
  keyOf,
  nonceFor,
  type Plan,
  sizeOf,
  type WantedPart,
} from './plan.ts'
import { readBack } from './read-back.ts'
import type { UploadState } from './state.ts'
import { verify } from './verify.ts'

/** Seconds for which a part may be sent; it can be asked for again. */
export const PART_LIFE = 15 * 60

/** A part that the client may send. */
export type SendablePart = PresignedPart & { readonly number: number }

/** The refusal of bytes that are sent another way than the upload has begun. */
const otherWay = (uuid: string, how: string): RegistryError =>
  new RegistryError('BLOB_UPLOAD_INVALID', `the upload ${uuid} ${how}: start a new upload`, {
    detail: { uuid },
  })

/** Refuses bytes in the body where the upload takes parts. @throws RegistryError BLOB_UPLOAD_INVALID */
export const refuseBytes = async (state: UploadState, { source }: Incoming): Promise<void> => {
  for await (const chunk of source) {
    if (chunk.byteLength > 0) throw otherWay(state.uuid, 'takes its bytes as parts, at their URLs')
  }
}

const isSame = (plan: Plan, { digest, size, partSize }: Declared): boolean =>
  plan.digest === digest && plan.size === size && plan.partSize === partSize

/** The upload's plan, begun now if there is none: one operation. */
const planFor = async (
  store: ObjectStore,
  state: UploadState,
  declared: Declared,
): Promise<Plan> => {
  if (state.parts !== undefined) {
    if (isSame(state.parts, declared)) return state.parts
    throw otherWay(state.uuid, 'was begun with another digest, size or partSize')
  }
  if (state.offset > 0) throw otherWay(state.uuid, 'has received bytes without parts')
  const nonce = nonceFor(declared)
  const key = keyOf(state.uuid, { digest: declared.digest, nonce })
  const { id } = await store.createMultipart(key, Math.max(declared.partSize, MIN_PART_SIZE), true)
  return { ...declared, id, nonce }
}

/**
 * Lets the client send parts; at most one operation.
 *
 * @throws RegistryError PARTS_INVALID, DIGEST_INVALID, BLOB_UPLOAD_INVALID, BLOB_TOO_LARGE_HERE
 */
export const presignParts = async (
  { store, limits }: Pick<UploadContext, 'store' | 'limits'>,
  state: UploadState,
  declared: Declared,
  wanted: readonly WantedPart[],
): Promise<{ readonly state: UploadState; readonly parts: readonly SendablePart[] }> => {
  const { presignPart } = store
  if (presignPart === undefined || !(await store.provesParts?.())) {
    throw new RegistryError(
      'PARTS_UNSUPPORTED',
      'this registry takes no parts beside it, and did not offer to: send the bytes to the Location',
    )
  }
  checkDeclared(limits, declared)
  checkWanted(declared, wanted)
  const plan = await planFor(store, state, declared)
  const upload = { key: keyOf(state.uuid, plan), id: plan.id }
  const parts = await Promise.all(
    wanted.map(async ({ number, sha256 }) => ({
      number,
      ...(await presignPart(upload, number, {
        size: sizeOf(declared, number),
        sha256,
        expiresIn: PART_LIFE,
      })),
    })),
  )
  return { state: { ...state, parts: plan }, parts }
}

/** Numbers of the parts that the store has; one operation. Throws StoreError `multipart` if it is gone. */
export const receivedParts = async (
  store: ObjectStore,
  uuid: string,
  plan: Plan,
): Promise<readonly number[]> => {
  const there = await store.listParts({ key: keyOf(uuid, plan), id: plan.id })
  return there.map(({ number }) => number)
}

/** The parts that are there, which must be all, and of their sizes. @throws RegistryError SIZE_INVALID */
const allParts = (plan: Plan, declared: Declared, listed: readonly Part[]): readonly Part[] => {
  const sizes = new Map(listed.map(({ number, size }) => [number, size]))
  const numbers = Array.from({ length: countOf(plan) }, (_, at) => at + 1)
  const missing = numbers.filter((number) => sizes.get(number) !== sizeOf(declared, number))
  if (missing.length === 0 && listed.length === numbers.length) return listed
  throw new RegistryError(
    'SIZE_INVALID',
    `${missing.length} of ${numbers.length} parts are missing: send them, and repeat this request`,
    { detail: { missing: missing.slice(0, 100) } },
  )
}

/**
 * The only part is the blob. The URL was signed for bytes whose SHA-256 is the digest, and the listing says
 * that the store has computed just that.
 *
 * If the upload is gone, the blob's data proves nothing of this client: it may be another's, and a link
 * would give it away. Only a link that is there already is a repeated commit.
 */
const commitOne = async (
  { context, state, digest, record }: Commit,
  plan: Plan,
  declared: Declared,
): Promise<Verified> => {
  const upload = { key: dataKey(digest), id: plan.id }
  const parts = allParts(plan, declared, await context.store.listParts(upload))
  const [only] = parts
  if (only?.sha256 !== hexOf(digest)) {
    throw new RegistryError(
      'DIGEST_INVALID',
      `the store has computed sha256:${only?.sha256} of the only part, not ${digest}`,
      { detail: { digest, uuid: state.uuid } },
    )
  }
  const look = context.presence.look(digest)
  const bring = context.presence.bring(digest, plan.size, look, () =>
    context.store.completeMultipart(upload, parts),
  )
  await settled([bring, record(plan.size)])
  return { target: digest, size: plan.size, look }
}

/** Several parts are completed where nobody else can write, read whole, and copied as they were read. */
const commitSeveral = async (commit: Commit, plan: Plan, declared: Declared): Promise<Verified> => {
  const { context, state, digest } = commit
  const { store, limits } = context
  const { size } = plan
  checkSeveral(limits, size)
  const staged = keyOf(state.uuid, plan)
  const upload = { key: staged, id: plan.id }
  try {
    const parts = allParts(plan, declared, await store.listParts(upload))
    await store.completeMultipart(upload, parts)
  } catch (error) {
    // Another commit of this upload may have completed it and died, or be about to copy it.
    if (!isStoreError(error, 'multipart')) throw error
    if ((await store.head(staged))?.size !== size) throw error
  }
  const { hashes, etag } = await readBack(context, staged, size, algorithmsFor('sha256'))
  return copyStaged(commit, { staged, etag, target: verify(digest, hashes), size })
}

/**
 * Makes a blob of the parts that the client has sent; see {@link Uploads.commit}.
 *
 * @throws RegistryError SIZE_INVALID where parts are missing, DIGEST_INVALID, BLOB_TOO_LARGE_HERE
 */
export const commitParts = async (commit: Commit, plan: Plan): Promise<Verified> => {
  const { state, digest, incoming } = commit
  await refuseBytes(state, incoming)
  if (digest !== plan.digest) {
    throw new RegistryError(
      'DIGEST_INVALID',
      `the digest is ${digest}, but the parts were declared to be ${plan.digest}`,
      { detail: { digest, declared: plan.digest } },
    )
  }
  const declared: Declared = { ...plan, digest: plan.digest as Digest }
  return plan.nonce === undefined
    ? commitOne(commit, plan, declared)
    : commitSeveral(commit, plan, declared)
}
