/**
 * Links as the clean-up changes them: each change is on the version that was read. Damaged ones are for
 * `slipway check`, and left alone here.
 *
 * @module
 */

import { tookPlace } from '../../storage/errors.ts'
import type { ObjectStore } from '../../storage/store.ts'
import { type ByRule, deletedLinkBody, type LinkObject, writeLink } from '../links.ts'
import { newNonce } from './marker.ts'

/** Whether a link is neither condemned nor deleted. */
export const isPlain = ({ body }: LinkObject): boolean =>
  body !== undefined && body.condemned === undefined && body.deletedWithin === undefined

/** Writes a link over the version that was read. @returns false when it has another by now */
const rewrite = (
  store: ObjectStore,
  { key, etag, size, by, body }: LinkObject,
  condemned?: string,
  byRule?: ByRule,
): Promise<boolean> => {
  if (body === undefined) return Promise.resolve(false)
  return tookPlace(
    writeLink(store, key, body.target, {
      condition: { ifMatch: etag },
      size: size ?? 'unknown',
      by,
      ...(condemned === undefined ? {} : { condemned, byRule }),
    }),
  )
}

/** Condemns a plain link. @param byRule where a rule does */
export const condemnLink = (
  store: ObjectStore,
  link: LinkObject,
  byRule?: ByRule,
): Promise<boolean> => rewrite(store, link, newNonce(), byRule)

/**
 * Turns the condemned link of a manifest into a deleted one, as a rule does.
 *
 * @param since the date of the run
 */
export const deleteLink = async (
  store: ObjectStore,
  { key, etag, size, body }: LinkObject,
  since: number,
): Promise<boolean> => {
  if (body === undefined) return false
  const metadata = size === undefined ? {} : { metadata: { size: String(size) } }
  const written = deletedLinkBody(body.target, newNonce(), { since })
  return tookPlace(store.put(key, written, { ...metadata, condition: { ifMatch: etag } }))
}

/** Makes a condemned or deleted link plain. */
export const makePlain = (store: ObjectStore, link: LinkObject): Promise<boolean> =>
  rewrite(store, link)

/** Deletes a link. */
export const sweepLink = (store: ObjectStore, { key, etag }: LinkObject): Promise<boolean> =>
  tookPlace(store.deleteIf(key, etag))
