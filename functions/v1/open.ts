/**
 * The first API over a registry, without HTTP. Nothing behind it is loaded where it is off.
 *
 * @module
 */

import type { Registry } from '../registry/registry.ts'
import type { ObjectStore } from '../storage/store.ts'
import { createPushes, type Pushes } from './push.ts'
import { createRemembered, type Remembered } from './remembered.ts'
import { createTokens, type Tokens } from './token.ts'
import { createUnfinished } from './unfinished.ts'

export interface V1Parts {
  readonly store: ObjectStore
  readonly registry: Registry
  /** What seals tokens; all servers of a store have the same. */
  readonly secret: () => Promise<Uint8Array>
  /** Whether nothing may be written. */
  readonly readOnly: boolean
  /** Milliseconds. */
  readonly now: () => number
}

export interface V1 {
  readonly tokens: Tokens
  readonly remembered: Remembered
  readonly pushes: Pushes
}

/** Opens it. Nothing is read from the store yet. */
export const openV1 = ({ store, registry, secret, readOnly, now }: V1Parts): V1 => {
  const remembered = createRemembered(store, registry, readOnly)
  const unfinished = createUnfinished(store)
  return {
    tokens: createTokens(secret, now),
    remembered,
    pushes: createPushes({ registry, remembered, unfinished }),
  }
}
