/**
 * The signing keys in the store, which all instances over it share. The first instance makes them.
 *
 * @module
 */

import { SIGNING_KEYS_KEY } from '../../registry/layout.ts'
import { cached } from '../../shared/cached.ts'
import { readAll } from '../../storage/bytes.ts'
import { isStoreError } from '../../storage/errors.ts'
import type { ObjectStore, WriteCondition } from '../../storage/store.ts'
import { MAX_DOCUMENT_SIZE } from '../document.ts'
import {
  type KeyDocument,
  newKeyDocument,
  parseKeyDocument,
  privateKey,
  publishedKeys,
  type RotateOptions,
  signingKey,
  withNewKey,
} from './key-document.ts'
import { localSigner, type Signer, type SigningKeys } from './signer.ts'

/** Milliseconds until an instance looks whether keys were rotated. */
const MAX_AGE = 60_000
/** Milliseconds between two looks because a token named an unknown key: anyone can send those. */
const COOLDOWN = 5_000
/** Milliseconds the keys serve while the store does not answer. */
const STALE = 60 * 60_000

interface Versioned {
  readonly document: KeyDocument
  readonly etag: string
}

const read = async (store: ObjectStore): Promise<Versioned | undefined> => {
  const object = await store.get(SIGNING_KEYS_KEY)
  if (object === undefined) return undefined
  const bytes = await readAll(object.body, MAX_DOCUMENT_SIZE)
  return { document: parseKeyDocument(bytes), etag: object.info.etag }
}

/** Writes unless another instance was faster. */
const write = async (
  store: ObjectStore,
  document: KeyDocument,
  condition: WriteCondition,
): Promise<boolean> => {
  try {
    const bytes = new TextEncoder().encode(JSON.stringify(document))
    await store.put(SIGNING_KEYS_KEY, bytes, { condition })
    return true
  } catch (error) {
    if (isStoreError(error, 'precondition')) return false
    throw error
  }
}

const readOrCreate = async (store: ObjectStore, now: number): Promise<Versioned> => {
  const existing = await read(store)
  if (existing !== undefined) return existing
  await write(store, newKeyDocument(now), { ifNoneMatch: '*' })
  // Read back even what was just written: whoever lost the race needs it, and it costs once.
  const stored = await read(store)
  if (stored === undefined) throw new Error(`${SIGNING_KEYS_KEY} was deleted while it was read`)
  return stored
}

/**
 * The keys of a store, made on first use. Rotations by others are seen within a minute.
 *
 * The returned functions throw StoreError when the store fails and nothing is remembered, and Error
 * when the document is damaged.
 *
 * @param now clock in milliseconds
 */
export const storedSigningKeys = (store: ObjectStore, now: () => number): SigningKeys => {
  const load = async () => {
    const { document } = await readOrCreate(store, now())
    const signers = new Map<unknown, Signer>(
      document.keys.map((key) => [key, localSigner(privateKey(key))]),
    )
    return { document, signers }
  }
  const remembered = cached(load, { now, maxAge: MAX_AGE, cooldown: COOLDOWN, stale: STALE })
  return {
    async signer() {
      const { document, signers } = await remembered.get()
      return signers.get(signingKey(document, now()))!
    },
    async published(reload) {
      const { document, signers } = await (reload ? remembered.reload() : remembered.get())
      return publishedKeys(document, now()).map((key) => signers.get(key)!.publicJwk)
    },
  }
}

/**
 * All keys of a store that are published now, oldest first, each able to sign; made if there are none.
 *
 * @param now milliseconds since 1970
 * @throws StoreError when the store fails, Error when the document is damaged
 */
export const storedSigners = async (store: ObjectStore, now: number): Promise<Signer[]> => {
  const { document } = await readOrCreate(store, now)
  return publishedKeys(document, now).map((key) => localSigner(privateKey(key)))
}

/**
 * Adds a key to the store's, or with `revoke` replaces them all. Running instances follow within a
 * minute; a rotated-in key signs ten minutes later.
 *
 * @returns the new key's `kid`
 * @throws StoreError when the store fails
 */
export const rotateSigningKeys = async (
  store: ObjectStore,
  options: RotateOptions,
): Promise<string> => {
  for (;;) {
    const { document, etag } = await readOrCreate(store, options.now)
    const next = withNewKey(document, options)
    if (await write(store, next, { ifMatch: etag })) {
      return localSigner(privateKey(next.keys.at(-1)!)).kid
    }
  }
}
