/**
 * Rules of the protocol that a soak can break, to see that and when it finds that: in {@link RULE}.
 *
 * @module
 */
import { CONDEMNED_PREFIX } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'

/** The environment variable that names the rule to be broken. */
export const RULE = 'SLIPWAY_SOAK_BREAK'

interface Spoiler {
  /** The store of a collector that breaks a rule. */
  readonly around?: (store: ObjectStore) => ObjectStore
  /** Whether writers read markers. */
  readonly readsMarkers?: boolean
}

/** Whether a write announces that data is about to be deleted. */
export const isClaim = (key: string, body: Uint8Array): boolean =>
  key.startsWith(CONDEMNED_PREFIX) && Buffer.from(body).toString().startsWith('claimed')

export const spoilers: Readonly<Record<string, Spoiler>> = {
  nothing: {},
  /** Sweeps delete whatever is there. */
  'sweep without If-Match': {
    around: (store) => ({ ...store, deleteIf: (key) => store.delete([key]) }),
  },
  /** Claims overwrite what a writer has said meanwhile. */
  'claim without If-Match': {
    around: (store) => ({
      ...store,
      put: (key, body, { condition, ...options } = {}) =>
        store.put(key, body, {
          ...options,
          ...(condition && !isClaim(key, body) ? { condition } : {}),
        }),
    }),
  },
  'no marker read': { readsMarkers: false },
}
