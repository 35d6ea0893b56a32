/**
 * Deleting objects, and the directories they leave empty: distribution takes directories as tags
 * and repositories.
 *
 * @module
 */
import { rmdir, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { withClaim } from './claim.ts'
import { checkCondition, refused } from './condition.ts'
import { syncDirectory } from './disk.ts'
import { withLock } from './lock.ts'
import { isStaged, pathOf, type Tree } from './paths.ts'
import { hasErrno, isAbsent } from './system-errors.ts'

/**
 * Keys deleted at a time, so that other file operations do not wait long for Node's few threads.
 */
const BATCH = 500

/**
 * Deletes keys; see the port. Flushes each directory that lost an entry once, except those of
 * staged files.
 */
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

/**
 * Deletes a version of an object; see the port. As for a write with `ifMatch`, a claim on the
 * version decides between processes.
 */
export const removeIf = async (tree: Tree, key: string, etag: string): Promise<void> => {
  const path = pathOf(tree, key)
  const condition = { ifMatch: etag }
  await withLock(path, async () => {
    const mine = await withClaim(tree, key, etag, async () => {
      await checkCondition(key, path, condition)
      await unlink(path)
    })
    if (!mine) throw refused(key, condition)
  })
  const { directory } = await prune(tree, dirname(path))
  if (!isStaged(tree, path)) await syncDirectory(directory)
}

/** Removes one file and prunes. @returns the directory that lost an entry, if one did */
const removeFile = async (tree: Tree, path: string): Promise<string | undefined> => {
  const removed = await withLock(path, async () => {
    try {
      await unlink(path)
      return true
    } catch (error) {
      if (isAbsent(error) || hasErrno(error, 'EISDIR')) return false
      // Other systems report EPERM for a directory, that is, a key that is only a prefix.
      if (hasErrno(error, 'EPERM') && (await stat(path)).isDirectory()) return false
      throw error
    }
  })
  const { directory, pruned } = await prune(tree, dirname(path))
  return removed || pruned ? directory : undefined
}

/**
 * Removes a directory if it is empty, then its parents, up to the root. Missing ones are skipped,
 * so that deleting a key again finishes what a killed delete left. A writer that loses its
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
