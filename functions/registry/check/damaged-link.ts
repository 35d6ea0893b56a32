/**
 * Mends objects under a link's key that are no link.
 *
 * Readers take such an object for none; a clean-up takes it for a link of which nobody knows what it needs, and
 * leaves it alone. Where the key says which digest it is and the data is there, the link is written again, so that
 * what was there is whole: plain, or deleted where the object still says so. Otherwise the object goes, so that its
 * place is free.
 *
 * Each write and delete is on the version that was read: what a push, a delete or a run has written since has another
 * one, and stays. Whoever links data looks at its marker first; so does this, within the time that all have.
 *
 * @module
 */

import { settled } from '../../shared/parallel.ts'
import { discard, readAll } from '../../storage/bytes.ts'
import { tookPlace } from '../../storage/errors.ts'
import { newNonce } from '../clean-up/marker.ts'
import { dataKey } from '../layout.ts'
import { deletedLinkBody, writeLink } from '../links.ts'
import { CANONICAL, type Digest } from '../reference.ts'
import type { Found } from './finding.ts'
import type { View } from './view.ts'

/** Links whose key says under which digest the data is. */
const KEY = /\/(_layers|_manifests\/revisions)\/sha256\/([0-9a-f]{64})\/link$/

/** Most bytes read of a damaged link. */
const MAX_BYTES = 256

/** Bytes of the data, if it is there; of a manifest, if it has its digest. */
const sizeOf = async (view: View, digest: Digest, kind: string): Promise<number | undefined> =>
  kind === '_layers'
    ? (await view.store.head(dataKey(digest)))?.size
    : (await view.again().manifest(digest))?.byteLength

/** Whether what is left of a link says that it was deleted, be it in words. */
const saysDeleted = (text: string, hex: string): boolean =>
  text.startsWith(`sha384:${hex}`) || text.startsWith(`${CANONICAL}:${hex} deleted`)

/** Writes a link again. @returns what was done, or undefined when it cannot be written, or has changed */
const rewrite = async (view: View, key: string, etag: string): Promise<string | undefined> => {
  const [, kind, hex = ''] = KEY.exec(key) ?? []
  if (kind === undefined) return undefined
  const digest: Digest = `${CANONICAL}:${hex}`
  const read = await view.store.get(key)
  if (read === undefined) return undefined
  const small = read.info.size <= MAX_BYTES
  if (!small) discard(read.body)
  const text = small ? (await readAll(read.body, MAX_BYTES)).toString('latin1') : ''
  if (read.info.etag !== etag) return undefined
  const condition = { ifMatch: etag } as const
  if (saysDeleted(text, hex)) {
    // Since when, nobody knows: any tag that says it keeps it.
    const body = deletedLinkBody(digest, newNonce(), { since: 0 })
    return (await view.write(key, body, condition)) ? 'wrote it again, as deleted' : undefined
  }
  const { standing, inTime } = view.standings.look(digest)
  const [size, stands] = await settled([sizeOf(view, digest, kind), standing])
  if (size === undefined || stands !== 'clear') return undefined
  const written = await tookPlace(writeLink(view.store, key, digest, { size, condition, inTime }))
  return written ? 'wrote it again, since its data is there' : undefined
}

/** A damaged link. */
export const damagedLink = (
  view: View,
  key: string,
  etag: string,
  damage: string,
  repository?: string,
): Found => ({
  kind: 'damaged-link',
  key,
  repository,
  text: `the link ${damage}`,
  mend: async () => {
    const written = await rewrite(view, key, etag)
    if (written !== undefined) return written
    return (await view.remove(key, etag)) ? 'removed it: a push writes it again' : undefined
  },
})
