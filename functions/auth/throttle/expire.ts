/**
 * Deletes what is kept of failed log-ins. On AWS a lifecycle rule does this; elsewhere the server.
 *
 * @module
 */

import { FAILED_LOG_INS_PREFIX } from '../../registry/layout.ts'
import { deleteOlder } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'

/** Milliseconds after which all of an object is forgiven, and nobody in it is known any more. */
export const FAILURE_LIFE = 24 * 60 * 60 * 1000

/**
 * Deletes the objects that nothing was added to for {@link FAILURE_LIFE}. A failure that is counted
 * meanwhile may be lost.
 *
 * @param now milliseconds
 * @returns how many there were
 */
export const expireFailures = (store: ObjectStore, now: number): Promise<number> =>
  deleteOlder(store, FAILED_LOG_INS_PREFIX, new Date(now - FAILURE_LIFE))
