/**
 * Where the file of a key is below the root.
 *
 * A verbatim key is a path as it stands, so that another program can use the same tree; there a key
 * cannot be an object and a prefix at once. Any other key K is the file `$` in the directory K, so
 * that it can be both. The store's own files are under {@link PRIVATE}, on the same file system,
 * because rename and link cannot leave it.
 *
 * @module
 */

/** Where a store is, and how it treats which keys. */
export interface Tree {
  /** Absolute path. */
  readonly root: string
  /** Prefixes, each ending with `/`, of the keys that are paths as they stand. */
  readonly verbatim: readonly string[]
  /** Prefixes, each ending with `/`, of the keys whose directories are not flushed. */
  readonly staged: readonly string[]
}

/** The directory under the root that holds no keys. */
export const PRIVATE = '.slipway'
/** The name of the file that is an object, in the directory named as its key. */
export const OBJECT_FILE = '$'

const MAX_KEY_BYTES = 1024
const MAX_SEGMENT_BYTES = 255

/** Whether no key may have this segment: its path would be another place, or none. */
const isForbidden = (segment: string): boolean =>
  segment === '' ||
  segment === '.' ||
  segment === '..' ||
  segment === OBJECT_FILE ||
  segment.includes('\0') ||
  !segment.isWellFormed() ||
  Buffer.byteLength(segment) > MAX_SEGMENT_BYTES

/** Whether a key, or a prefix up to but without its last `/`, can be a path. */
export const isUsable = (key: string): boolean =>
  Buffer.byteLength(key) <= MAX_KEY_BYTES &&
  !key.split('/').some(isForbidden) &&
  key !== PRIVATE &&
  !key.startsWith(`${PRIVATE}/`)

/** Whether a key, or all keys below a prefix that ends with `/`, are paths as they stand. */
export const isVerbatim = ({ verbatim }: Tree, key: string): boolean =>
  verbatim.some((prefix) => key.startsWith(prefix))

/**
 * The file of a key.
 *
 * @throws RangeError if the key is longer than 1024 bytes, is under `.slipway`, or has a segment
 * that is empty, `.`, `..`, `$`, longer than 255 bytes, or contains NUL or half a surrogate pair.
 * Such a key is the caller's mistake, so it is refused before a path is built from it.
 */
export const pathOf = (tree: Tree, key: string): string => {
  if (!isUsable(key)) {
    throw new RangeError(`the file store cannot hold the key ${JSON.stringify(key)}`)
  }
  return isVerbatim(tree, key) ? `${tree.root}/${key}` : `${tree.root}/${key}/${OBJECT_FILE}`
}

/**
 * Whether a path is a directory of staged files or in one. Whoever stages files starts over if they
 * are gone, so a power failure may remove them or bring them back. Flushing their directories would
 * be most of the flushes of a push.
 */
export const isStaged = ({ root, staged }: Tree, path: string): boolean =>
  staged.some((prefix) => `${path}/`.startsWith(`${root}/${prefix}`))

/** The directory of files that do not have the path of a key yet. */
export const temporaryDirectory = ({ root }: Tree): string => `${root}/${PRIVATE}/tmp`

/** The directory that holds one directory for each multipart upload. */
export const uploadsDirectory = ({ root }: Tree): string => `${root}/${PRIVATE}/uploads`
