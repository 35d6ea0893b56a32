/**
 * Deleting objects, and the directories they leave empty: distribution takes directories for tags
 * and repositories.
 *
 * @module
 */
import { rmdir, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectory } from './disk.ts'
import { withLock } from './lock.ts'
import { isStaged, pathOf, type Tree } from './paths.ts'
import { hasErrno, isAbsent } from './system-errors.ts'

/** Keys deleted at a time, to bound what waits for the few threads that do file operations. */
const BATCH = 500

/** Deletes keys; see the port. Flushes each directory that lost an entry once,
 * but for staged bytes. */
export const remove = async (tree: Tree, keys: readonly string[]): Promise<void> => {
  const paths = keys.map((key) => pathOf(tree, key))
  const changed = new Set<string>()
  for (let at = 0; at < paths.length; at += BATCH) {
    const batch = paths.slice(at, at + BATCH)
    const directories = await Promise.all(batch.map((path) => removeFile(tree, path)))
    for (const [index, directory] of directories.entries()) {
      if (directory !== undefined && !isStaged(tree, batch[index]!)) changed.add(directory)
    }
  }
  for (const directory of changed) await syncDirectory(directory)
}

/** Removes one file and prunes. Answers the directory that lost an entry, if one did. */
const removeFile = async (tree: Tree, path: string): Promise<string | undefined> => {
  const removed = await withLock(path, async () => {
    try {
      await unlink(path)
      return true
    } catch (error) {
      if (isAbsent(error) || hasErrno(error, 'EISDIR')) return false
      // Systems other than Linux say EPERM of a directory too: a key that is only a prefix.
      if (hasErrno(error, 'EPERM') && (await stat(path)).isDirectory()) return false
      throw error
    }
  })
  const { directory, pruned } = await prune(tree, dirname(path))
  return removed || pruned ? directory : undefined
}

/**
 * Removes a directory if it is empty, then its parents, up to the root. A missing one is passed
 * over, so that deleting a key again ends what a killed delete left. A writer that loses its
 * directory here makes it again.
 */
const prune = async (tree: Tree, from: string): Promise<{ directory: string; pruned: boolean }> => {
  let pruned = false
  let directory = from
  for (; directory !== tree.root; directory = dirname(directory)) {
    try {
      await rmdir(directory)
      pruned = true
    } catch (error) {
      if (hasErrno(error, 'ENOTEMPTY', 'EEXIST', 'EBUSY')) break
      if (!isAbsent(error)) throw error
    }
  }
  return { directory, pruned }
}
