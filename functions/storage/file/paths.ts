/**
 * Where a key's file lies below the root.
 *
 * Keys under {@link VERBATIM} are paths as they stand, since that tree is distribution's own layout
 * for its filesystem driver. There a key cannot be an object and a prefix at once. Any other key K
 * is the file `$` in the directory K, so that it can be both. The store's own files are under
 * {@link PRIVATE}, on the same file system, because rename and link cannot leave it.
 *
 * @module
 */

import { UPLOADS_PREFIX } from '../../registry/layout.ts'

/** The prefix of the keys that are paths as they stand. */
export const VERBATIM = 'docker/registry/v2/'
/** The directory under the root that holds no keys. */
export const PRIVATE = '.slipway'
/** The name of the file that is an object, in the directory named as its key. */
export const OBJECT_FILE = '$'

const MAX_KEY_BYTES = 1024
const MAX_SEGMENT_BYTES = 255

/** Whether no key can have this segment: it would name another place than it says. */
const isForbidden = (segment: string): boolean =>
  segment === '' ||
  segment === '.' ||
  segment === '..' ||
  segment === OBJECT_FILE ||
  segment.includes('\0') ||
  !segment.isWellFormed() ||
  Buffer.byteLength(segment) > MAX_SEGMENT_BYTES

/** Whether a key, or the whole segments of a prefix without its last `/`, can name a path. */
export const isUsable = (key: string): boolean =>
  Buffer.byteLength(key) <= MAX_KEY_BYTES &&
  !key.split('/').some(isForbidden) &&
  key !== PRIVATE &&
  !key.startsWith(`${PRIVATE}/`)

/**
 * The file of a key.
 *
 * @param root absolute path of the store
 * @throws RangeError when the key is longer than 1024 bytes, lies under `.slipway`, or has a segment
 * that is empty, `.`, `..`, `$`, longer than 255 bytes, or holds NUL or half a surrogate pair. Such
 * a key is the caller's mistake, so it is refused before any path is built of it.
 */
export const pathOf = (root: string, key: string): string => {
  if (!isUsable(key)) {
    throw new RangeError(`the file store cannot hold the key ${JSON.stringify(key)}`)
  }
  return key.startsWith(VERBATIM) ? `${root}/${key}` : `${root}/${key}/${OBJECT_FILE}`
}

/**
 * Whether a path is the directory of staged bytes or in it. Who stages them begins anew where they
 * are gone, so a power failure may take their entries, or bring them back: most flushes of a push
 * would be theirs.
 */
export const isStaged = (root: string, path: string): boolean =>
  `${path}/`.startsWith(`${root}/${UPLOADS_PREFIX}`)

/** The directory of files on their way to a key. */
export const temporaryDirectory = (root: string): string => `${root}/${PRIVATE}/tmp`

/** The directory that holds one directory for each multipart upload. */
export const uploadsDirectory = (root: string): string => `${root}/${PRIVATE}/uploads`
