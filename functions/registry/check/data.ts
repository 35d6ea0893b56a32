/**
 * Checks bytes: reads data and compares it with the digest that it is under.
 *
 * @module
 */

import { BLOBS_PREFIX, damagedKey } from '../layout.ts'
import { CANONICAL, type Digest, isDigest } from '../reference.ts'
import { hashAll } from '../uploads/hash.ts'
import type { Found } from './finding.ts'
import type { View } from './view.ts'

const DATA = /^(sha256|sha512)\/[0-9a-f]{2}\/([0-9a-f]+)\/data$/

/** The digest that a key of data has, if it is one. */
export const digestOfKey = (key: string): Digest | undefined => {
  const [, algorithm, hex] = DATA.exec(key.slice(BLOBS_PREFIX.length)) ?? []
  const digest = `${algorithm}:${hex}`
  return isDigest(digest) ? digest : undefined
}

/** Reads data, and notes in the view if it is wrong. Mended, it is out of the way of a push. */
export const inspectData = async (view: View, key: string): Promise<Found | undefined> => {
  const digest = digestOfKey(key)
  const read = digest && (await view.store.get(key))
  if (digest === undefined || read === undefined) return undefined
  const algorithm = digest.startsWith(CANONICAL) ? CANONICAL : 'sha512'
  const hashes = await hashAll(read.body, [algorithm])
  const { size, etag } = read.info
  if (`${algorithm}:${hashes[algorithm]}` === digest) return undefined
  view.wrong.add(digest)
  return {
    kind: 'wrong-data',
    key,
    digest,
    text: `${size} bytes are there that have the ${algorithm} ${hashes[algorithm]}`,
    mend: async () => {
      const place = damagedKey(digest)
      await view.store.copy(key, place, size)
      // What a push has written meanwhile has another version.
      if (!(await view.remove(key, etag))) return undefined
      view.wrong.delete(digest)
      return `moved them to ${place}`
    },
  }
}
