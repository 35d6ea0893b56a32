/**
 * Links as the clean-up reads and changes them: each change is on the version that was read.
 *
 * @module
 */

import { discard, readAll } from '../../storage/bytes.ts'
import { tookPlace } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { type LinkBody, MAX_LINK_BYTES, parseLink, writeLink } from '../links.ts'
import { newNonce } from './marker.ts'

/** A link's object. */
export interface LinkObject {
  readonly key: string
  readonly etag: string
  readonly modified: Date
  /** Bytes of what is linked, where the link records them. */
  readonly size: number | undefined
  /** Undefined when it is damaged: that is for `slipway check`, and left alone here. */
  readonly body: LinkBody | undefined
}

/** Reads a link, in one operation. */
export const readLinkObject = async (
  store: ObjectStore,
  key: string,
): Promise<LinkObject | undefined> => {
  const read = await store.get(key)
  if (read === undefined) return undefined
  const { etag, modified, metadata, size: bytes } = read.info
  const small = bytes <= MAX_LINK_BYTES
  if (!small) discard(read.body)
  const body = small ? parseLink(await readAll(read.body, MAX_LINK_BYTES)) : undefined
  const recorded = Number.parseInt(metadata.size ?? '', 10)
  const size = Number.isSafeInteger(recorded) ? recorded : undefined
  return { key, etag, modified, size, body }
}

/** Whether a link is neither condemned nor deleted. */
export const isPlain = ({ body }: LinkObject): boolean =>
  body !== undefined && body.condemned === undefined && body.deletedWithin === undefined

/** Writes a link over the version that was read. @returns false when it has another by now */
const rewrite = (
  store: ObjectStore,
  { key, etag, size, body }: LinkObject,
  condemned?: string,
): Promise<boolean> => {
  if (body === undefined) return Promise.resolve(false)
  return tookPlace(
    writeLink(store, key, body.target, {
      condition: { ifMatch: etag },
      ...(size === undefined ? {} : { size }),
      ...(condemned === undefined ? {} : { condemned }),
    }),
  )
}

/** Condemns a plain link. */
export const condemnLink = (store: ObjectStore, link: LinkObject): Promise<boolean> =>
  rewrite(store, link, newNonce())

/** Makes a condemned or deleted link plain. */
export const makePlain = (store: ObjectStore, link: LinkObject): Promise<boolean> =>
  rewrite(store, link)

/** Deletes a link. */
export const sweepLink = (store: ObjectStore, { key, etag }: LinkObject): Promise<boolean> =>
  tookPlace(store.deleteIf(key, etag))
