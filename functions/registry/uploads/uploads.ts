/**
 * Uploads of blobs: started, continued, checked, cancelled, committed.
 *
 * @module
 */

import { randomUUID } from 'node:crypto'
import { isStoreError } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Blobs } from '../blobs.ts'
import type { Presence } from '../clean-up/presence.ts'
import type { Origin, Recorder } from '../happened.ts'
import type { Holdings } from '../held.ts'
import { uploadCancelledKey, uploadDataKey } from '../layout.ts'
import type { Digest } from '../reference.ts'
import { append } from './append.ts'
import { commit } from './commit.ts'
import { end, uploadUnknown } from './ending.ts'
import { type Hashing, hashingHere } from './hash.ts'
import type { Incoming } from './incoming.ts'
import { createLatestStates } from './latest-state.ts'
import type { UploadLimits } from './limits.ts'
import type { UploadMemory } from './memory.ts'
import { type Declared, offerOf, type PartsOffer, type WantedPart } from './plan.ts'
import { deleteSegments, segmentKey } from './segments.ts'
import type { SendablePart } from './sent-parts.ts'
import { type Beginning, newUpload, type StateSealer, type UploadState } from './state.ts'

export interface UploadsOptions {
  readonly store: ObjectStore
  readonly blobs: Blobs
  readonly holdings: Holdings
  readonly presence: Presence
  /** Where events are recorded. Default: nowhere. */
  readonly events?: Recorder | undefined
  readonly sealer: StateSealer
  /** Bytes of a part; at least the store's minimum. */
  readonly partSize: number
  readonly memory: UploadMemory
  readonly limits?: UploadLimits | undefined
  /** Default: on this thread. */
  readonly hashing?: Hashing | undefined
  /** Clock in milliseconds. */
  readonly now: () => number
}

/** Operations on uploads. States are values: the response to each request carries the next one. */
export interface Uploads {
  /** Starts an upload; no store operation. */
  begin(name: string, beginning?: Beginning): UploadState
  /** A state's opaque form for the Location. */
  seal(state: UploadState): Promise<string>
  /** @throws RegistryError BLOB_UPLOAD_INVALID */
  open(token: string | undefined, name: string, uuid: string): Promise<UploadState>
  /** The latest known state of an upload in chunks; one operation. */
  latest(state: UploadState): Promise<UploadState>
  /**
   * Adds the request's bytes at the end; with a range, to the latest known state.
   *
   * @throws RegistryError RANGE_INVALID, SIZE_INVALID, BLOB_UPLOAD_UNKNOWN; the state stays valid
   */
  append(state: UploadState, incoming: Incoming): Promise<UploadState>
  /**
   * Adds the request's bytes, verifies the whole and makes it a blob of the repository. Repeating a
   * commit whose response was lost gives the same response.
   *
   * @throws RegistryError DIGEST_INVALID (the upload is over), RANGE_INVALID, SIZE_INVALID,
   *   BLOB_UPLOAD_UNKNOWN
   */
  commit(state: UploadState, digest: Digest, incoming: Incoming, origin?: Origin): Promise<void>
  /**
   * @returns numbers of the parts that the store has, of an upload whose client sends them itself
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN when it was cancelled or committed, or has expired
   */
  check(state: UploadState): Promise<readonly number[] | undefined>
  /**
   * How large blobs may be that clients send to the store in parts; undefined where the service does not
   * hold them to what was signed. No operation once that is known.
   */
  offer(): Promise<PartsOffer | undefined>
  /**
   * Lets the client send parts to the store itself, for {@link PART_LIFE} seconds; one operation at the
   * first time, then none.
   *
   * @throws RegistryError PARTS_INVALID, PARTS_UNSUPPORTED, DIGEST_INVALID, BLOB_UPLOAD_INVALID,
   *   BLOB_TOO_LARGE_HERE
   */
  presign(
    state: UploadState,
    declared: Declared,
    wanted: readonly WantedPart[],
  ): Promise<{ readonly state: UploadState; readonly parts: readonly SendablePart[] }>
  /** Ends an upload and deletes what it staged. @throws RegistryError BLOB_UPLOAD_UNKNOWN */
  cancel(state: UploadState): Promise<void>
}

/** Loaded where a client sends parts itself: few do. */
const sentParts = () => import('./sent-parts.ts')

/** Uploads to a store. */
export const createUploads = (options: UploadsOptions): Uploads => {
  const { store, blobs, holdings, presence, sealer, partSize } = options
  const context = {
    store,
    blobs,
    holdings,
    presence,
    events: options.events,
    partSize,
    limits: options.limits,
    memory: options.memory,
    hashing: options.hashing ?? hashingHere,
  }

  /** Whatever keeps the store from being tried, pushes go on without. It is tried again next time. */
  const provesParts = async (): Promise<boolean> => {
    const proves = store.provesParts?.() ?? Promise.resolve(false)
    return proves.catch(() => false)
  }

  const latestStates = createLatestStates(store, sealer)

  const check = async (state: UploadState): Promise<readonly number[] | undefined> => {
    const { uuid, multipart, segments, parts } = state
    const last = segments.at(-1)
    const key = last ? segmentKey(uuid, last) : undefined
    try {
      const [cancelled, staged, , received] = await Promise.all([
        store.head(uploadCancelledKey(uuid)),
        key && store.head(key),
        multipart &&
          !key &&
          store.listParts({ key: uploadDataKey(uuid, multipart.nonce), id: multipart.id }),
        parts && sentParts().then(({ receivedParts }) => receivedParts(store, uuid, parts)),
      ])
      if (cancelled !== undefined || (key && staged === undefined)) throw uploadUnknown(uuid)
      return received
    } catch (error) {
      throw isStoreError(error, 'multipart') ? uploadUnknown(uuid, error) : error
    }
  }

  /**
   * Whether the upload was cancelled after it had bytes. One operation, none before the first bytes: an
   * upload without any may go on.
   */
  const isCancelled = async ({ uuid, offset }: UploadState): Promise<boolean> =>
    offset > 0 && (await store.head(uploadCancelledKey(uuid))) !== undefined

  /** Appends, and looks meanwhile whether the upload was cancelled, so that it takes no longer. */
  const appendUnlessCancelled = async (
    state: UploadState,
    incoming: Incoming,
  ): Promise<UploadState> => {
    const looking = isCancelled(state)
    // Its failure counts where it is awaited, unless appending has failed before.
    looking.catch(() => {})
    const next = await append(context, state, incoming)
    if (!(await looking)) return next
    const added = next.segments.filter((segment) => !state.segments.includes(segment))
    await deleteSegments(store, state.uuid, added)
    throw uploadUnknown(state.uuid)
  }

  return {
    begin: (name, beginning) => newUpload(name, randomUUID(), options.now(), beginning),
    seal: (state) => sealer.seal(state),
    open: (token, name, uuid) => sealer.open(token, name, uuid),
    latest: latestStates.latest,
    async append(state, incoming) {
      if (state.parts !== undefined) {
        await (await sentParts()).refuseBytes(state, incoming)
        return state
      }
      if (incoming.range === undefined) return appendUnlessCancelled(state, incoming)
      const [latest, cancelled] = await Promise.all([
        latestStates.latest(state),
        isCancelled(state),
      ])
      if (cancelled) throw uploadUnknown(state.uuid)
      const next = await append(context, latest, incoming)
      const kept = { ...next, orphans: true }
      await latestStates.record(kept)
      return kept
    },
    async commit(state, digest, incoming, origin) {
      const current = incoming.range === undefined ? state : await latestStates.latest(state)
      await commit(context, current, digest, incoming, origin)
    },
    check,
    offer: async () => ((await provesParts()) ? offerOf(options.limits) : undefined),
    async presign(state, declared, wanted) {
      const { presignParts } = await sentParts()
      return presignParts(context, state, declared, wanted)
    },
    async cancel(state) {
      await check(state)
      await end(store, state)
    },
  }
}
