/**
 * The signing keys in the store, shared by all instances on it. The first instance creates them.
 *
 * @module
 */

import { SIGNING_KEYS_KEY } from '../../registry/layout.ts'
import { cached } from '../../shared/cached.ts'
import { DocumentError } from '../../shared/errors.ts'
import { tookPlace } from '../../storage/errors.ts'
import { putUnlessChanged, readOrCreate } from '../../storage/read-or-create.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { MAX_DOCUMENT_SIZE } from '../document.ts'
import { AccessError } from '../errors.ts'
import {
  type KeyDocument,
  newKeyDocument,
  parseKeyDocument,
  privateKey,
  type RotateOptions,
  withNewKey,
} from './key-document.ts'
import {
  followingKeys,
  localSigner,
  publishedAt,
  type Signer,
  type SigningKeys,
} from './signing-keys.ts'

/** Milliseconds until an instance checks whether keys have been rotated or revoked. */
const MAX_AGE = 20_000
/** Milliseconds between two checks because a token names an unknown key: anyone can send those. */
const COOLDOWN = 5_000
/** Milliseconds for which the keys are used while the store does not respond. */
const STALE = 60 * 60_000

const encode = (document: KeyDocument): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(document))

const readDocument = async (
  store: ObjectStore,
  now: number,
): Promise<{ readonly document: KeyDocument; readonly etag: string }> => {
  const create = () => encode(newKeyDocument(now))
  const read = readOrCreate(store, SIGNING_KEYS_KEY, create, MAX_DOCUMENT_SIZE)
  const { bytes, etag } = await read.catch((cause: unknown) => {
    if (!(cause instanceof RangeError)) throw cause
    throw new DocumentError(`${SIGNING_KEYS_KEY} has ${cause.message}`, { cause })
  })
  return { document: parseKeyDocument(bytes), etag }
}

/**
 * Reads the keys in a store, if there are any.
 *
 * @throws StoreError when the store fails, DocumentError when the document is damaged
 */
export const checkStoredKeys = async (store: ObjectStore, now: number): Promise<void> => {
  if ((await store.head(SIGNING_KEYS_KEY)) !== undefined) await readDocument(store, now)
}

/**
 * The keys in a store, created on first use. Rotations by others are seen within 30 seconds.
 *
 * The returned functions throw, when nothing is remembered, StoreError when the store fails, and
 * AccessError UNAVAILABLE when the document is damaged.
 *
 * @param now clock in milliseconds
 */
export const storedSigningKeys = (store: ObjectStore, now: () => number): SigningKeys => {
  const load = async () => {
    const { document } = await readDocument(store, now()).catch((cause: unknown) => {
      if (!(cause instanceof DocumentError)) throw cause
      const message = 'the keys that tokens are signed with cannot be read at the moment'
      throw new AccessError('UNAVAILABLE', message, { cause })
    })
    return document.keys.map((key) => ({ ...key, signer: localSigner(privateKey(key)) }))
  }
  const options = { now, maxAge: MAX_AGE, cooldown: COOLDOWN, stale: STALE }
  return followingKeys(cached(load, options), now)
}

/**
 * All keys in a store that are published now, oldest first, each able to sign; created if there are
 * none.
 *
 * @param now milliseconds since 1970
 * @throws StoreError when the store fails, Error when the document is damaged
 */
export const storedSigners = async (store: ObjectStore, now: number): Promise<Signer[]> => {
  const { document } = await readDocument(store, now)
  return publishedAt(document.keys, now).map((key) => localSigner(privateKey(key)))
}

/**
 * Creates the keys in a store, unless there are some. Nothing is read, so that it works with credentials
 * that may write the keys and not read them.
 *
 * @param now milliseconds since 1970
 * @returns whether there were none
 * @throws StoreError when the store fails
 */
export const createStoredKeys = (store: ObjectStore, now: number): Promise<boolean> =>
  tookPlace(
    store.put(SIGNING_KEYS_KEY, encode(newKeyDocument(now)), { condition: { ifNoneMatch: '*' } }),
  )

/**
 * Adds a key to those in the store, or with `revoke` replaces them all, whatever they are. Running
 * instances see it within 30 seconds; the added key signs ten minutes later.
 *
 * @returns the new key's `kid`
 * @throws StoreError when the store fails
 */
export const rotateSigningKeys = async (
  store: ObjectStore,
  options: RotateOptions,
): Promise<string> => {
  if (options.revoke) {
    const fresh = newKeyDocument(options.now)
    await store.put(SIGNING_KEYS_KEY, encode(fresh))
    return localSigner(privateKey(fresh.keys[0]!)).kid
  }
  for (;;) {
    const { document, etag } = await readDocument(store, options.now)
    const next = withNewKey(document, options)
    if (await putUnlessChanged(store, SIGNING_KEYS_KEY, encode(next), { ifMatch: etag })) {
      return localSigner(privateKey(next.keys.at(-1)!)).kid
    }
  }
}
