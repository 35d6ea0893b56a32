/**
 * The note of a repository's deletes as a whole: one object, which is all that a delete has to write.
 *
 * The last delete may be pending: all that was there before its date is yet to go, whoever does that. The date is
 * that of the object itself, by the clock of the store, as are those of links. So the object is written anew only by
 * a further delete, and by what ends the pending one; each on the version that was read.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { discard, readAll } from '../../storage/bytes.ts'
import { tookPlace } from '../../storage/errors.ts'
import type { ObjectStore, WriteCondition } from '../../storage/store.ts'
import { deletedRepositoryKey } from '../layout.ts'

/** Most bytes of a note that is read. */
const MAX_BYTES = 64 * 1024

/** Most deletes in a note; earlier ones can no longer be undone as a whole. */
const MAX_DELETES = 64

/** How a delete stands; `done` also if somebody has undone it before it was. */
export type WholeState = 'pending' | 'done'

/** A delete of a whole repository. */
export interface WholeDelete {
  /** What went by it is on record with this id: `Note.id`. */
  readonly id: string
  /** Milliseconds, by the clock of the store. */
  readonly at: number
  /** Who asked for it, as the audit trail names them. */
  readonly by: string | undefined
  /** Whether immutable tags go, too. */
  readonly override: boolean
  readonly state: WholeState
}

/** A note as it is in the store. */
export interface WholeNote {
  /** Version; undefined: there is none. */
  readonly etag: string | undefined
  /** The last one is the latest; at most that is pending. Undefined: the note is damaged. */
  readonly deletes: readonly WholeDelete[] | undefined
}

const STATES: readonly unknown[] = ['pending', 'done']

/** A delete as it is written: a pending one is dated by its object. */
const parseOne = (given: unknown, modified: number): WholeDelete | undefined => {
  if (typeof given !== 'object' || given === null) return undefined
  const { id, at = modified, by, override, state } = given as Readonly<Record<string, unknown>>
  if (typeof id !== 'string' || typeof at !== 'number' || !STATES.includes(state)) return undefined
  return {
    id,
    at,
    by: typeof by === 'string' ? by : undefined,
    override: override === true,
    state: state as WholeState,
  }
}

const parse = (bytes: Uint8Array, modified: number): readonly WholeDelete[] | undefined => {
  let document: unknown
  try {
    document = JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
  if (typeof document !== 'object' || document === null) return undefined
  const { deletes } = document as { readonly deletes?: unknown }
  if (!Array.isArray(deletes)) return undefined
  const all = deletes.map((each) => parseOne(each, modified))
  return all.some((each) => each === undefined)
    ? undefined
    : all.filter((each) => each !== undefined)
}

/** Reads a repository's note. One operation. */
export const readNote = async (store: ObjectStore, name: string): Promise<WholeNote> => {
  const read = await store.get(deletedRepositoryKey(name))
  if (read === undefined) return { etag: undefined, deletes: [] }
  const { etag, modified, size } = read.info
  if (size > MAX_BYTES) {
    discard(read.body)
    return { etag, deletes: undefined }
  }
  return { etag, deletes: parse(await readAll(read.body, MAX_BYTES), modified.getTime()) }
}

/** The delete that is not done yet. */
export const pendingOf = ({ deletes = [] }: WholeNote): WholeDelete | undefined => {
  const last = deletes.at(-1)
  return last?.state === 'pending' ? last : undefined
}

/**
 * Writes a note over the version that was read. One operation.
 *
 * @returns false when it has another by now
 */
export const writeNote = (
  store: ObjectStore,
  name: string,
  { etag }: Pick<WholeNote, 'etag'>,
  deletes: readonly WholeDelete[],
): Promise<boolean> => {
  const written = deletes
    .slice(-MAX_DELETES)
    .map(({ at, ...each }) => (each.state === 'pending' ? each : { at, ...each }))
  // Where versions are sums of the bytes, no two writes may have the same ones.
  const nonce = randomBytes(8).toString('hex')
  const condition: WriteCondition = etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag }
  const body = Buffer.from(JSON.stringify({ deletes: written, nonce }))
  return tookPlace(store.put(deletedRepositoryKey(name), body, { condition }))
}

/**
 * Ends the pending delete, if the note is still as it was read. One operation.
 *
 * @returns false when it is not
 */
export const endPending = (store: ObjectStore, name: string, note: WholeNote): Promise<boolean> => {
  const { deletes = [] } = note
  return writeNote(
    store,
    name,
    note,
    deletes.map((each) => ({ ...each, state: 'done' })),
  )
}

/** S3 dates objects by whole seconds; files have milliseconds, and clocks that tick every few. */
const SECOND = 1000
const TICK = 20

/** How exactly a date tells when something was written, in milliseconds. */
export const grainOf = (at: number): number => (at % SECOND === 0 ? SECOND : TICK)

/**
 * What has a date before this one goes by a delete. What was there when it was noted has; what is written after the
 * delete was acknowledged has not: that waits for {@link settleTime}.
 */
export const cutoffOf = ({ at }: WholeDelete): number => at + grainOf(at)

/** Milliseconds from the note to the answer: what follows that has a later date, also by a clock that is a bit slow. */
export const settleTime = ({ at }: WholeDelete): number => 2 * grainOf(at)
