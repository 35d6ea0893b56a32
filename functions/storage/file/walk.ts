/**
 * Walking the tree of files in the order of keys.
 *
 * A directory has two places in that order: `a` as an object and `a/` as a prefix, and `a-b` comes
 * between them. Directories that cannot hold keys within the bounds are not entered, and nothing is
 * read before it is needed.
 *
 * @module
 */
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { compareUtf8 } from './order.ts'
import { isVerbatim, OBJECT_FILE, PRIVATE, type Tree } from './paths.ts'
import { isAbsent } from './system-errors.ts'

/** The keys to find: those that begin with `prefix` and come after `startAfter`. */
export interface Bounds {
  readonly prefix: string
  readonly startAfter: string
}

const isAfter = (key: string, { startAfter }: Bounds): boolean =>
  startAfter === '' || compareUtf8(key, startAfter) > 0

const isKeyWithin = (key: string, bounds: Bounds): boolean =>
  key.startsWith(bounds.prefix) && isAfter(key, bounds)

/** Whether keys that begin with `prefix`, which ends with `/`, can be within the bounds. */
const isPrefixWithin = (prefix: string, bounds: Bounds): boolean =>
  (prefix.startsWith(bounds.prefix) || bounds.prefix.startsWith(prefix)) &&
  (isAfter(prefix, bounds) || bounds.startAfter.startsWith(prefix))

const entriesOf = async (path: string): Promise<Dirent[]> => {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    // Pruned during the walk, or never there.
    if (isAbsent(error)) return []
    throw error
  }
}

/**
 * The keys that may be objects and, where they are rolled up, the prefixes that may hold some, in
 * the order of keys. A prefix ends with `/`. The caller checks whether there is an object.
 *
 * @param directory where to walk: the empty string or a prefix that ends with `/`
 * @param rollUp whether to return the prefixes in `directory` instead of entering them
 */
export async function* walk(
  tree: Tree,
  directory: string,
  bounds: Bounds,
  rollUp: boolean,
): AsyncGenerator<string, void, undefined> {
  const verbatim = isVerbatim(tree, directory)
  const places: string[] = []
  for (const entry of await entriesOf(`${tree.root}/${directory}`)) {
    const place = directory + entry.name
    if (entry.name === OBJECT_FILE || place === PRIVATE) continue
    // A directory may also be an object, except in a verbatim tree, where files are objects.
    const mayBeObject = verbatim ? entry.isFile() : entry.isDirectory()
    if (mayBeObject && isKeyWithin(place, bounds)) places.push(place)
    if (entry.isDirectory() && isPrefixWithin(`${place}/`, bounds)) places.push(`${place}/`)
  }
  for (const place of places.sort(compareUtf8)) {
    if (place.endsWith('/') && !rollUp) yield* walk(tree, place, bounds, false)
    else yield place
  }
}
