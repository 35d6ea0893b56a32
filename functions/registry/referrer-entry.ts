/**
 * Descriptors of referrers as they are stored, one object for each: confirmed, unconfirmed, or condemned by the
 * clean-up. See referrers.ts for what the first two mean.
 *
 * A condemned one is unconfirmed, and says that no manifest was there. Whoever is about to link the manifest
 * writes it anew, by a condition on what was read; so does nobody else. So one that is condemned still, longer
 * than a push can take, is relied on by none, and is removed by a condition on the same version.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { inOneTurn } from '../shared/turns.ts'
import { discard, readAll } from '../storage/bytes.ts'
import { putUnlessChanged } from '../storage/read-or-create.ts'
import type { ObjectStore, WriteCondition } from '../storage/store.ts'
import { referrerKey } from './layout.ts'
import type { Manifest } from './manifest.ts'
import type { Digest } from './reference.ts'

/** Most bytes of one: annotations can make it almost as large as its manifest of 4 MiB. */
export const MAX_DESCRIPTOR_BYTES = 5 * 1024 * 1024

/** A descriptor as the referrers API lists it. */
export interface Referrer {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** Lists a manifest that is linked by now. */
export type ConfirmReferrer = () => Promise<void>

/** The descriptor under which a manifest is listed as a referrer. */
export const referrerOf = (manifest: Manifest, digest: Digest, size: number): Referrer => ({
  mediaType: manifest.mediaType,
  digest,
  size,
  ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
  ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
})

/** A descriptor with this has to be looked for; its value makes each version another. */
const UNCONFIRMED = 'io.slipway.unconfirmed'

/** What the value of a condemned one begins with: earlier versions take it for unconfirmed. */
const CONDEMNED = 'condemned '

/** A descriptor as it is stored. */
export type StoredReferrer = Referrer & { readonly [UNCONFIRMED]?: string }

/** A descriptor's bytes; annotations make one as large as a manifest. */
const written = (referrer: StoredReferrer): Promise<Uint8Array> =>
  inOneTurn(() => Buffer.from(JSON.stringify(referrer)))

const newNonce = (): string => randomBytes(8).toString('hex')

/** The bytes of an unconfirmed descriptor. */
const unconfirmed = (referrer: Referrer, prefix = ''): Promise<Uint8Array> =>
  written({ ...referrer, [UNCONFIRMED]: prefix + newNonce() })

/** What is listed of a stored descriptor, and whether it is without a look at its manifest. */
export const listedOf = (
  stored: StoredReferrer,
): { readonly referrer: Referrer; readonly confirmed: boolean } => {
  const { [UNCONFIRMED]: nonce, ...referrer } = stored
  return { referrer, confirmed: nonce === undefined }
}

/** Whether a stored descriptor is listed without a look at its manifest. */
export const isConfirmed = (stored: StoredReferrer): boolean => stored[UNCONFIRMED] === undefined

/** Whether the clean-up has condemned it. */
export const isCondemnedReferrer = (stored: StoredReferrer): boolean =>
  String(stored[UNCONFIRMED]).startsWith(CONDEMNED)

/**
 * Has the list look each time whether the manifest of a descriptor is there.
 *
 * @param etag the version that was read
 * @returns false when it has another version
 */
export const doubtReferrer = async (
  store: ObjectStore,
  key: string,
  referrer: Referrer,
  etag: string,
): Promise<boolean> =>
  (await putUnlessChanged(store, key, await unconfirmed(referrer), { ifMatch: etag })) !== undefined

/**
 * Condemns a descriptor whose manifest is not there.
 *
 * @param etag the version that was read
 * @returns false when it has another version
 */
export const condemnReferrer = async (
  store: ObjectStore,
  key: string,
  referrer: Referrer,
  etag: string,
): Promise<boolean> => {
  const bytes = await unconfirmed(referrer, CONDEMNED)
  return (await putUnlessChanged(store, key, bytes, { ifMatch: etag })) !== undefined
}

/** Reads a stored descriptor. @returns undefined when it is none of this digest: it is damaged */
export const parseReferrer = (bytes: Uint8Array, digest: Digest): StoredReferrer | undefined => {
  try {
    const stored: StoredReferrer | null = JSON.parse(Buffer.from(bytes).toString())
    const sound =
      typeof stored?.mediaType === 'string' &&
      stored.digest === digest &&
      Number.isSafeInteger(stored.size)
    return sound ? stored : undefined
  } catch {
    return undefined
  }
}

/** A descriptor's bytes, none where they are more than one can have, its version, and when it was written. */
export interface ReadDescriptor {
  readonly bytes: Uint8Array
  readonly etag: string
  readonly modified: Date
}

/** Reads a descriptor's object, in one operation. */
export const readDescriptor = async (
  store: ObjectStore,
  key: string,
): Promise<ReadDescriptor | undefined> => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { size, etag, modified } = read.info
  if (size <= MAX_DESCRIPTOR_BYTES) {
    return { bytes: await readAll(read.body, MAX_DESCRIPTOR_BYTES), etag, modified }
  }
  discard(read.body)
  return { bytes: new Uint8Array(), etag, modified }
}

/** See `Referrers.prepare`. */
export const prepareReferrer = async (
  store: ObjectStore,
  name: string,
  subject: Digest,
  referrer: Referrer,
): Promise<ConfirmReferrer> => {
  const key = referrerKey(name, subject, referrer.digest)
  const write = async (condition: WriteCondition) =>
    putUnlessChanged(store, key, await unconfirmed(referrer), condition)
  const confirming = (etag: string) => async () => {
    await putUnlessChanged(store, key, await written(referrer), { ifMatch: etag })
  }
  for (;;) {
    const created = await write({ ifNoneMatch: '*' })
    if (created !== undefined) return confirming(created)
    const there = await readDescriptor(store, key)
    // The clean-up has removed it meanwhile.
    if (there === undefined) continue
    const stored = parseReferrer(there.bytes, referrer.digest)
    if (stored !== undefined && !isCondemnedReferrer(stored)) return async () => {}
    const replaced = await write({ ifMatch: there.etag })
    if (replaced !== undefined) return confirming(replaced)
  }
}

/** See `Referrers.doubt`. */
export const putDoubt = async (
  store: ObjectStore,
  name: string,
  subject: Digest,
  referrer: Referrer,
): Promise<void> => {
  await store.put(referrerKey(name, subject, referrer.digest), await unconfirmed(referrer))
}
