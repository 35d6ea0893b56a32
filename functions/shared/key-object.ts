/**
 * Secret keys as Node's crypto takes them fastest: given bytes, it finds out at each use, by an exception, that they are no
 * KeyObject, which costs 12 µs, more than a signature or an encrypted value of some hundred bytes.
 *
 * @module
 */

import { createSecretKey, type KeyObject } from 'node:crypto'

const known = new WeakMap<Uint8Array, KeyObject>()

/** The key with these bytes, which never change. */
export const keyObjectOf = (bytes: Uint8Array): KeyObject => {
  const before = known.get(bytes)
  if (before !== undefined) return before
  const key = createSecretKey(bytes)
  known.set(bytes, key)
  return key
}
