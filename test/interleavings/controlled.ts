/**
 * A store whose operations are the points of a run.
 *
 * @module
 */
import { StoreError } from '../../functions/storage/errors.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { intercept, type StoreCall } from '../support/rig/intercept.ts'
import { accessOf } from './access.ts'
import type { Service } from './model.ts'
import type { Reach } from './run.ts'

const SHOWN = 90

const titleOf = ({ operation, args }: StoreCall): string => {
  const [key] = args as [unknown]
  return `${operation} ${typeof key === 'string' ? key : JSON.stringify(key)}`.slice(0, SHOWN)
}

/** The store as a service has it: one that has no conditional deletes looks first. Batches are many. */
export const controlled = (store: ObjectStore, service: Service, reach: Reach): ObjectStore => {
  const points = intercept(store, (call, proceed) =>
    call.operation === 'deletesExactly'
      ? proceed()
      : reach({ title: titleOf(call), access: accessOf(call) }, proceed),
  )
  return {
    ...bound(points, store),
    async delete(keys) {
      await Promise.all(keys.map((key) => points.delete([key])))
    },
    async deleteIf(key, etag) {
      if (service.conditionalDeletes) return points.deleteIf(key, etag)
      if ((await points.head(key))?.etag !== etag) throw new StoreError('precondition', key)
      await points.delete([key])
    },
  }
}

/** The methods of a proxy, which has none of its own to spread. */
const bound = (proxy: ObjectStore, of: ObjectStore): ObjectStore => {
  const names = Object.keys(of) as (keyof ObjectStore)[]
  return Object.fromEntries(names.map((name) => [name, proxy[name]])) as unknown as ObjectStore
}
