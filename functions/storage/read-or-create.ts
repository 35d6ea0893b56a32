/**
 * Objects that all instances over a store share, such as secrets, and that any of them may create.
 *
 * @module
 */

import { readAll } from './bytes.ts'
import { isStoreError, StoreError } from './errors.ts'
import type { ObjectStore, WriteCondition } from './store.ts'

/** Reads of an object that others keep creating and deleting. */
const ATTEMPTS = 4

/** A whole object and the version it was read at. */
export interface Versioned {
  readonly bytes: Uint8Array
  /** For a conditional write. */
  readonly etag: string
}

/**
 * Reads an object, or creates it when there is none. Callers that create it at the same time, in
 * this process or in others, all get the same bytes: those of whoever was first. One operation if
 * it exists, two for the one that creates it, three for those that lose to it.
 *
 * @param create gives the bytes; called only when there is no object
 * @param limit most bytes to read; a larger object throws RangeError
 * @throws StoreError when the store fails, Error when the object keeps being deleted
 */
export const readOrCreate = async (
  store: ObjectStore,
  key: string,
  create: () => Uint8Array,
  limit: number,
): Promise<Versioned> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const object = await store.get(key)
    if (object !== undefined) {
      return { bytes: await readAll(object.body, limit), etag: object.info.etag }
    }
    const bytes = create()
    const etag = await putUnlessChanged(store, key, bytes, { ifNoneMatch: '*' }).catch(
      (cause: unknown) => {
        if (!isStoreError(cause, 'unavailable')) throw cause
        const message = `${key} is not there and could not be created: ${cause.message}`
        throw new StoreError('unavailable', message, { cause })
      },
    )
    if (etag !== undefined) return { bytes, etag }
  }
  throw new Error(`${key} was deleted each time it was created`)
}

/**
 * Writes an object under a condition.
 *
 * @returns the new version, or undefined when the condition does not hold: another write was faster
 * @throws StoreError when the store fails
 */
export const putUnlessChanged = async (
  store: ObjectStore,
  key: string,
  bytes: Uint8Array,
  condition: WriteCondition,
): Promise<string | undefined> => {
  try {
    return (await store.put(key, bytes, { condition })).etag
  } catch (error) {
    if (isStoreError(error, 'precondition')) return undefined
    throw error
  }
}
