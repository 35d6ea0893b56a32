/**
 * Removes what killed processes have left under `.slipway`: temporary files, directories that were
 * being deleted, claims, and uploads that were never begun in full.
 *
 * @module
 */

import { lstat, opendir, rm } from 'node:fs/promises'
import { type Tree, temporaryDirectory, uploadsDirectory } from './paths.ts'
import { isAbsent } from './system-errors.ts'
import { discard, isBegun } from './uploads.ts'

/** The paths in a directory, one by one: there may be very many. */
async function* entriesOf(directory: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(directory)) yield `${directory}/${name}`
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

/**
 * Whether nobody has touched a file or directory since. Its time of change is looked at, not that of
 * modification: a temporary link to an old object has the object's, and writers set their own.
 */
const isOlder = async (path: string, before: Date): Promise<boolean> => {
  try {
    return (await lstat(path)).ctimeMs < before.getTime()
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

/** Paths of leftovers, and what removes each. */
async function* found(
  tree: Tree,
  before: Date,
): AsyncGenerator<{ readonly path: string; readonly remove: () => Promise<unknown> }> {
  for await (const path of entriesOf(temporaryDirectory(tree))) {
    if (!(await isOlder(path, before))) continue
    yield { path, remove: () => rm(path, { recursive: true, force: true }) }
  }
  for await (const path of entriesOf(uploadsDirectory(tree))) {
    if ((await isBegun(path)) || !(await isOlder(path, before))) continue
    yield { path, remove: () => discard(tree, path) }
  }
}

/** Removes leftovers; see the port. Those of other processes, too: what they still use is younger. */
export const sweep = async (tree: Tree, before: Date): Promise<number> => {
  let removed = 0
  for await (const { remove } of found(tree, before)) {
    await remove()
    removed += 1
  }
  return removed
}

/** What a sweep would remove; see the port. */
export const leftovers = async (tree: Tree, before: Date): Promise<readonly string[]> => {
  const paths: string[] = []
  for await (const { path } of found(tree, before)) paths.push(path.slice(tree.root.length + 1))
  return paths
}
