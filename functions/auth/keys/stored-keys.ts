/**
 * The signing keys in the store, which all instances over it share. The first instance makes them.
 *
 * @module
 */

import { SIGNING_KEYS_KEY } from '../../registry/layout.ts'
import { cached } from '../../shared/cached.ts'
import { putUnlessChanged, readOrCreate } from '../../storage/read-or-create.ts'
import type { ObjectStore } from '../../storage/store.ts'
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

const encode = (document: KeyDocument): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(document))

const readDocument = async (
  store: ObjectStore,
  now: number,
): Promise<{ readonly document: KeyDocument; readonly etag: string }> => {
  const create = () => encode(newKeyDocument(now))
  const { bytes, etag } = await readOrCreate(store, SIGNING_KEYS_KEY, create, MAX_DOCUMENT_SIZE)
  return { document: parseKeyDocument(bytes), etag }
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
    const { document } = await readDocument(store, now())
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
  const { document } = await readDocument(store, now)
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
    const { document, etag } = await readDocument(store, options.now)
    const next = withNewKey(document, options)
    if (await putUnlessChanged(store, SIGNING_KEYS_KEY, encode(next), { ifMatch: etag })) {
      return localSigner(privateKey(next.keys.at(-1)!)).kid
    }
  }
}
