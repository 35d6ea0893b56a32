/**
 * A store whose calls are counted and timed. Actions have distribution's names where it has the same.
 *
 * @module
 */

import { aroundCalls, type Operation } from '../../storage/around.ts'
import { outcomeOf } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Table } from './table.ts'

const ACTIONS: Readonly<Record<Operation, string>> = {
  get: 'GetContent',
  head: 'Stat',
  put: 'PutContent',
  copy: 'Copy',
  delete: 'Delete',
  deleteIf: 'Delete',
  deleteVersion: 'Delete',
  deleteOnce: 'Delete',
  list: 'List',
  listParts: 'List',
  listMultiparts: 'List',
  uploadPart: 'UploadPart',
  createMultipart: 'Multipart',
  completeMultipart: 'Multipart',
  abortMultipart: 'Multipart',
}

/** The same store. What sends nothing, such as presigning, is not counted. @param driver as distribution calls it */
export const countCalls = (
  store: ObjectStore,
  driver: 's3aws' | 'filesystem',
  { action: seconds, calls }: Table,
): ObjectStore =>
  aroundCalls(store, async (operation, _, call) => {
    const action = ACTIONS[operation]
    const start = performance.now()
    let outcome = 'ok'
    try {
      return await call()
    } catch (error) {
      outcome = outcomeOf(error)
      throw error
    } finally {
      seconds.observe({ action, driver }, (performance.now() - start) / 1000)
      calls.inc({ action, outcome })
    }
  })
