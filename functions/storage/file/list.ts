/**
 * Pages of keys.
 *
 * @module
 */
import type { ListedObject, ListOptions, ListPage } from '../store.ts'
import { isUsable, type Tree } from './paths.ts'
import { head } from './read.ts'
import { type Bounds, walk } from './walk.ts'

const MAX_LIMIT = 1000

type Entry = ListedObject | { readonly prefix: string }

const objectAt = async (tree: Tree, key: string): Promise<ListedObject | undefined> => {
  const info = await head(tree, key)
  return info && { key, size: info.size, etag: info.etag, modified: info.modified }
}

/** Whether there is an object below a prefix and within the bounds. */
const holdsObject = async (tree: Tree, prefix: string, bounds: Bounds): Promise<boolean> => {
  for await (const key of walk(tree, prefix, bounds, false)) {
    if ((await head(tree, key)) !== undefined) return true
  }
  return false
}

const entryAt = async (tree: Tree, place: string, bounds: Bounds): Promise<Entry | undefined> => {
  if (!place.endsWith('/')) return objectAt(tree, place)
  return (await holdsObject(tree, place, bounds)) ? { prefix: place } : undefined
}

/**
 * One page of keys; see the port. Only the directories that the page reaches into are read, and a
 * prefix is included only if there is an object below it.
 *
 * @throws RangeError for a limit that is not 1 to 1000
 */
export const list = async (
  tree: Tree,
  prefix: string,
  { delimiter, startAfter = '', limit = MAX_LIMIT }: ListOptions = {},
): Promise<ListPage> => {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new RangeError(`limit ${limit} is not 1 to ${MAX_LIMIT}`)
  }
  const directory = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  // No key begins like this, and a path built from it could lead out of the root.
  if (directory !== '' && !isUsable(directory.slice(0, -1))) return page([], limit)

  const bounds = { prefix, startAfter }
  const places = walk(tree, directory, bounds, delimiter !== undefined)
  const entries: Entry[] = []
  for (let ended = false; !ended && entries.length <= limit; ) {
    const batch: string[] = []
    while (!ended && entries.length + batch.length <= limit) {
      const next = await places.next()
      if (next.done) ended = true
      else batch.push(next.value)
    }
    // What is not an object, or was deleted in the meantime, is dropped, and later ones fill the
    // page.
    const found = await Promise.all(batch.map((place) => entryAt(tree, place, bounds)))
    entries.push(...found.filter((entry) => entry !== undefined))
  }
  return page(entries, limit)
}

const page = (entries: readonly Entry[], limit: number): ListPage => {
  const shown = entries.slice(0, limit)
  return {
    objects: shown.filter((entry) => 'key' in entry),
    prefixes: shown.flatMap((entry) => ('prefix' in entry ? [entry.prefix] : [])),
    truncated: entries.length > limit,
  }
}
