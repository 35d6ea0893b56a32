/**
 * A store whose calls are counted and timed. Actions have distribution's names where it has the same.
 *
 * @module
 */

import { isStoreError, StoreError } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { Table } from './table.ts'

const outcomeOf = (error: unknown): string => {
  if (isStoreError(error, 'unavailable', 'full')) return error.failure
  return error instanceof StoreError ? 'refused' : 'failed'
}

/** The same store. What sends nothing, such as presigning, is not counted. @param driver as distribution calls it */
export const countCalls = (
  store: ObjectStore,
  driver: 's3aws' | 'filesystem',
  { action: seconds, calls }: Table,
): ObjectStore => {
  const counted =
    <A extends readonly unknown[], R>(action: string, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const start = performance.now()
      let outcome = 'ok'
      try {
        return await call(...args)
      } catch (error) {
        outcome = outcomeOf(error)
        throw error
      } finally {
        seconds.observe({ action, driver }, (performance.now() - start) / 1000)
        calls.inc({ action, outcome })
      }
    }
  return {
    ...store,
    get: counted('GetContent', store.get),
    head: counted('Stat', store.head),
    put: counted('PutContent', store.put),
    copy: counted('Copy', store.copy),
    delete: counted('Delete', store.delete),
    deleteIf: counted('Delete', store.deleteIf),
    deleteVersion: counted('Delete', store.deleteVersion),
    deleteOnce: counted('Delete', store.deleteOnce),
    list: counted('List', store.list),
    listParts: counted('List', store.listParts),
    listMultiparts: counted('List', store.listMultiparts),
    uploadPart: counted('UploadPart', store.uploadPart),
    createMultipart: counted('Multipart', store.createMultipart),
    completeMultipart: counted('Multipart', store.completeMultipart),
    abortMultipart: counted('Multipart', store.abortMultipart),
  }
}
