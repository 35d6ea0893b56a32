/**
 * What a key of the store is for, in a word or two: names of repositories and digests stay out of traces' attributes.
 *
 * @module
 */

import { BLOBS_PREFIX, OWN_PREFIX, REPOSITORIES_PREFIX } from '../registry/layout.ts'

const OF_REPOSITORY: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['layer link', /\/_layers\//],
  ['manifest link', /\/_manifests\/revisions\//],
  ['tag', /\/_manifests\/tags\//],
]

/** @param key a key, or the prefix of a listing */
export const keyKind = (key: string): string => {
  if (key.startsWith(BLOBS_PREFIX)) return 'blob'
  if (key.startsWith(REPOSITORIES_PREFIX)) {
    return OF_REPOSITORY.find(([, pattern]) => pattern.test(key))?.[0] ?? 'repository'
  }
  if (!key.startsWith(OWN_PREFIX)) return 'other'
  // Rooms have fixed names, as `catalog` or `uploads`.
  const [room = ''] = key.slice(OWN_PREFIX.length).split('/')
  return /^[a-z-]{1,32}$/.test(room) ? room : 'other'
}
