/**
 * The data of one digest (protocol C3 to C5): condemned when no repository links it, and deleted when,
 * a grace later, that is still so.
 *
 * Whoever links data reads its marker first, and turns a condemned one into `rescued` by a condition on
 * what was read. The delete is announced by a claim, which has the same condition: of a rescue and a claim
 * one is refused. Whoever finds the claim waits, or goes on if the claim names another version than what
 * is there. After the delete the marker says `gone` for a grace, so that whoever has seen the data before
 * looks at it again.
 *
 * @module
 */

import { isStoreError, tookPlace } from '../../storage/errors.ts'
import type { ObjectInfo, ObjectStore } from '../../storage/store.ts'
import { unreported } from '../damage.ts'
import { dataKey, markerKey } from '../layout.ts'
import type { Digest } from '../reference.ts'
import { newNonce, readMarker, type StoredMarker, writeMarker } from './marker.ts'
import { isOld, isOlder, type Terms } from './terms.ts'
import type { Planned, Step } from './thing.ts'

/** What is known of a digest when the run comes to it. */
export interface DataState {
  readonly digest: Digest
  /** Its data as listed; undefined when it was not. */
  readonly data: { readonly size: number; readonly modified: Date } | undefined
  /** Whether any repository has a link to it, however it stands, in the walk of this run. */
  readonly linked: boolean
  /** Its marker, read after the date of the run. */
  readonly stored: StoredMarker | undefined
}

const ifMatch = ({ etag }: StoredMarker) => ({ ifMatch: etag })

/** The version that a marker names, where there are such. */
const named = (version: string | undefined) => (version === undefined ? {} : { version })

/** Says that data was deleted, over the version of a claim. @returns false when it has another by now */
const sayGone = async (store: ObjectStore, digest: Digest, etag: string): Promise<boolean> => {
  const gone = { state: 'gone', nonce: newNonce() } as const
  return (await writeMarker(store, digest, gone, { ifMatch: etag })) !== undefined
}

/** Marks data that is there, and has no marker or one that was rescued. */
const condemn = async (
  store: ObjectStore,
  digest: Digest,
  stored: StoredMarker | undefined,
): Promise<boolean> => {
  const info = await store.head(dataKey(digest))
  if (info === undefined) return false
  const marker = { state: 'condemned', nonce: newNonce(), ...named(info.version) } as const
  const condition = stored === undefined ? ({ ifNoneMatch: '*' } as const) : ifMatch(stored)
  return (await writeMarker(store, digest, marker, condition)) !== undefined
}

/** Takes a marker away that has served its purpose. */
const clear = (store: ObjectStore, digest: Digest, stored: StoredMarker): Promise<boolean> =>
  tookPlace(store.deleteIf(markerKey(digest), stored.etag))

/** Whether data is what was condemned; where there are no versions, by its age. */
const isCondemned = (info: ObjectInfo, condemned: Date): boolean =>
  info.modified.getTime() + 1000 < condemned.getTime()

/**
 * What became of a delete:
 * - `removed`: it took place.
 * - `kept`: what was condemned is there no more, be it gone or written again.
 * - `open`: it was not sent, or may take place yet.
 */
type Deleted = 'removed' | 'kept' | 'open'

/** Sends the delete of data without versions, once and in time. */
const deleteOnce = async (
  store: ObjectStore,
  terms: Terms,
  digest: Digest,
  condemned: Date,
  claimed: number,
  monotonic: () => number,
): Promise<Deleted> => {
  const info = await store.head(dataKey(digest))
  // What was written since is another's: it is condemned anew, or linked.
  if (info === undefined || !isCondemned(info, condemned)) return 'kept'
  if (monotonic() - claimed > terms.send) return 'open'
  try {
    await store.deleteOnce(dataKey(digest))
    return 'removed'
  } catch (error) {
    if (!isStoreError(error, 'unavailable')) throw error
    // It may land yet: the claim stays, and ends by itself.
    return 'open'
  }
}

/** Deletes the version of data that was condemned. */
const deleteVersion = async (
  store: ObjectStore,
  digest: Digest,
  version: string,
  again: boolean,
): Promise<Deleted> => {
  const key = dataKey(digest)
  // Whoever claimed it before may have deleted it, which not all services tell.
  const there = !again || (await store.head(key))?.version === version
  return (await store.deleteVersion(key, version)) && there ? 'removed' : 'kept'
}

/**
 * Claims condemned data, deletes it, and says that it may be gone.
 *
 * @returns whether it was there, and was deleted
 */
const remove = async (
  store: ObjectStore,
  terms: Terms,
  digest: Digest,
  stored: StoredMarker,
  monotonic: () => number,
): Promise<boolean> => {
  const { version, state } = stored.marker ?? {}
  const claim = { state: 'claimed', nonce: newNonce(), ...named(version) } as const
  const since = monotonic()
  const etag = await writeMarker(store, digest, claim, ifMatch(stored))
  if (etag === undefined) return false
  const deleted =
    version === undefined
      ? await deleteOnce(store, terms, digest, stored.modified, since, monotonic)
      : await deleteVersion(store, digest, version, state === 'claimed')
  // Also where it was kept: whoever has seen what was condemned looks again.
  if (deleted !== 'open') await sayGone(store, digest, etag)
  return deleted === 'removed'
}

/**
 * What is to be done about the data of a digest, if anything is.
 *
 * @param monotonic clock in milliseconds that only goes forward
 */
export const planData = (
  store: ObjectStore,
  terms: Terms,
  { digest, data, linked, stored }: DataState,
  monotonic: () => number,
): Planned | undefined => {
  const plan = (
    step: Step,
    why: string,
    carryOut: () => Promise<boolean>,
    key = markerKey(digest),
  ): Planned => ({ thing: { step, key, digest, size: data?.size, why }, carryOut })

  const condemnable = !linked && data !== undefined && isOld(terms, data.modified)
  const toCondemn = () =>
    plan('condemn-data', 'no repository links it', () => condemn(store, digest, stored))
  if (stored === undefined) return condemnable ? toCondemn() : undefined
  const { marker, modified } = stored
  const toClear = (why: string) => plan('clear-marker', why, () => clear(store, digest, stored))
  switch (marker?.state) {
    case 'gone':
      return isOld(terms, modified) ? toClear('it is gone, and long enough') : undefined
    case 'claimed': {
      if (marker.version !== undefined) {
        const why = 'a run that ended early has claimed it'
        const again = () => remove(store, terms, digest, stored, monotonic)
        return plan('remove-data', why, again, dataKey(digest))
      }
      if (!isOlder(terms, modified, terms.claim)) return undefined
      const why = 'a run that ended early has claimed it, and its claim is over'
      // What is there is condemned anew.
      return plan('give-up-claim', why, () => sayGone(store, digest, stored.etag))
    }
    case 'rescued':
      if (linked || data === undefined) return toClear('a repository links it')
      return condemnable ? toCondemn() : undefined
    case 'condemned':
      if (linked) return toClear('a repository links it')
      if (!isOld(terms, modified)) return undefined
      return plan(
        'remove-data',
        `condemned ${modified.toISOString()}, and no repository has linked it since`,
        () => remove(store, terms, digest, stored, monotonic),
        dataKey(digest),
      )
    default:
      // Damaged: nobody goes on with it, neither writers nor the clean-up.
      return undefined
  }
}

/** Reads a marker for {@link planData}. */
export const readStoredMarker = (
  store: ObjectStore,
  digest: Digest,
): Promise<StoredMarker | undefined> => readMarker(store, digest, unreported)
