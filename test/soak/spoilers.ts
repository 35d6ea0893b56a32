/**
 * Rules of the protocol that a soak can break, to see that and when it finds that: in {@link RULE}.
 *
 * @module
 */
import type { ObjectStore } from '../../functions/storage/store.ts'

/** The environment variable that names the rule to be broken. */
export const RULE = 'SLIPWAY_SOAK_BREAK'

interface Spoiler {
  readonly around?: (store: ObjectStore) => ObjectStore
  /** Whether writers read markers. */
  readonly readsMarkers?: boolean
}

export const spoilers: Readonly<Record<string, Spoiler>> = {
  nothing: {},
  /** Sweeps delete whatever is there. */
  'sweep without If-Match': {
    around: (store) => ({ ...store, deleteIf: (key) => store.delete([key]) }),
  },
  'no marker read': { readsMarkers: false },
}
