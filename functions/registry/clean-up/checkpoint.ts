/**
 * How far a run is, for a later process to go on: one object, written anew as the run goes on. A dry run has
 * none.
 *
 * It is used only as it was written, by the same version of this format; anything else is as good as none, and
 * the run begins anew.
 *
 * @module
 */

import { discard, readAll } from '../../storage/bytes.ts'
import { tookPlace } from '../../storage/errors.ts'
import { putUnlessChanged } from '../../storage/read-or-create.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { cleanUpKey } from '../layout.ts'
import type { ActState } from './act.ts'
import type { SavedPlan } from './plan.ts'
import { isSealed, seal, unseal } from './sealed.ts'
import type { Totals } from './totals.ts'

/** Its key. */
export const CHECKPOINT_KEY = cleanUpKey('checkpoint')

/** Where the pieces of a run are. */
export const prefixOf = (run: string): string => cleanUpKey(`run-${run}/`)

/** Changes with the meaning of any part of {@link Checkpoint}. */
const FORMAT = 3

/** Most bytes of a checkpoint: some 100,000 pieces. */
const MAX_BYTES = 16 * 1024 * 1024

/** How far a run is. */
export interface Checkpoint {
  /** Name of the run: where its pieces are. */
  readonly run: string
  /** Its date, in milliseconds. */
  readonly date: number
  /** What it goes by beside the date: with another one it would decide otherwise. */
  readonly terms: string
  readonly plan: SavedPlan
  readonly acting: ActState
  readonly done: Totals
}

/** A checkpoint as it is in the store. */
export interface StoredCheckpoint {
  readonly etag: string
  /** Whether it is as it was written, of whatever version. */
  readonly whole: boolean
  /** Undefined: damaged, or of another version. */
  readonly checkpoint: Checkpoint | undefined
}

/** Reads the checkpoint; one operation. @returns undefined when there is none */
export const readCheckpoint = async (store: ObjectStore): Promise<StoredCheckpoint | undefined> => {
  const read = await store.get(CHECKPOINT_KEY)
  if (read === undefined) return undefined
  const { etag, size } = read.info
  if (size > MAX_BYTES) {
    discard(read.body)
    return { etag, whole: false, checkpoint: undefined }
  }
  const bytes = await readAll(read.body, MAX_BYTES)
  const checkpoint = unseal(FORMAT, bytes) as Checkpoint | undefined
  return { etag, whole: checkpoint !== undefined || isSealed(bytes), checkpoint }
}

/**
 * Writes the checkpoint; one operation.
 *
 * @param over the version that is there; undefined: none
 * @returns its version, or undefined when another process has written one meanwhile
 */
export const writeCheckpoint = async (
  store: ObjectStore,
  checkpoint: Checkpoint,
  over: string | undefined,
): Promise<string | undefined> => {
  const condition = over === undefined ? ({ ifNoneMatch: '*' } as const) : { ifMatch: over }
  return putUnlessChanged(store, CHECKPOINT_KEY, seal(FORMAT, checkpoint), condition)
}

/** Takes a checkpoint away, unless another process has written one meanwhile. */
export const removeCheckpoint = async (store: ObjectStore, etag: string): Promise<void> => {
  await tookPlace(store.deleteIf(CHECKPOINT_KEY, etag))
}

/** When the checkpoint was written of a run that has not ended; one operation. */
export const checkpointSince = async (store: ObjectStore): Promise<Date | undefined> =>
  (await store.head(CHECKPOINT_KEY))?.modified
