/**
 * Stands between a registry and its store.
 *
 * @module
 */

import type { ObjectStore } from '../../../functions/storage/store.ts'

/** A call on its way to a store. */
export interface StoreCall {
  readonly operation: Exclude<keyof ObjectStore, 'lastCalls'>
  readonly args: readonly unknown[]
}

/** Does a call, later, or not; or throws. */
export type Around = (call: StoreCall, proceed: () => Promise<unknown>) => Promise<unknown>

/** The store, with every call handed to `around`. */
export const intercept = (store: ObjectStore, around: Around): ObjectStore =>
  new Proxy(store, {
    get(target, operation: StoreCall['operation']) {
      const method: unknown = Reflect.get(target, operation)
      if (typeof method !== 'function') return method
      return (...args: readonly unknown[]) =>
        around({ operation, args }, () => Reflect.apply(method, target, args))
    },
  })
