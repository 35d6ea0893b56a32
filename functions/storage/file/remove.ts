/**
 * Deleting objects, and the directories they leave empty: distribution takes directories as tags
 * and repositories.
 *
 * @module
 */
import { rmdir, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { tookPlace } from '../errors.ts'
import { whileVersion } from './claim.ts'
import { currentEtag, isDirectory, refused } from './condition.ts'
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
  const changed = new Set<string>()
  for (const key of keys) pathOf(tree, key)
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH)
    const directories = await Promise.all(batch.map((key) => removeFile(tree, key)))
    for (const [index, directory] of directories.entries()) {
      if (directory !== undefined && !isStaged(tree, pathOf(tree, batch[index]!)))
        changed.add(directory)
    }
  }
  for (const directory of changed) await syncDirectory(directory)
}

/** Deletes a version of an object; see the port. Throws `precondition`. */
export const removeIf = async (tree: Tree, key: string, etag: string): Promise<void> => {
  const path = pathOf(tree, key)
  const removed = await withLock(path, () => whileVersion(tree, key, etag, () => unlink(path)))
  if (!removed) throw refused(key, { ifMatch: etag })
  const { directory } = await prune(tree, dirname(path))
  if (!isStaged(tree, path)) await syncDirectory(directory)
}

/** Deletes one write of an object; see the port. A version of a file names its write. */
export const removeVersion = async (tree: Tree, key: string, version: string): Promise<boolean> =>
  tookPlace(removeIf(tree, key, version))

/** Removes whatever version there is. @returns whether there was one */
const removeAny = async (tree: Tree, key: string, path: string): Promise<boolean> => {
  for (;;) {
    const version = await currentEtag(path)
    if (version === undefined) return false
    if (await whileVersion(tree, key, version, () => unlink(path))) return true
  }
}

/** Staged files have one writer. A key that is only a prefix is a directory. */
const removeStaged = async (path: string): Promise<boolean> => {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (isAbsent(error) || hasErrno(error, 'EISDIR')) return false
    // Other systems report EPERM for a directory.
    if (hasErrno(error, 'EPERM') && (await isDirectory(path))) return false
    throw error
  }
}

/** Removes one file and prunes. @returns the directory that lost an entry, if one did */
const removeFile = async (tree: Tree, key: string): Promise<string | undefined> => {
  const path = pathOf(tree, key)
  const removed = await withLock(path, () =>
    isStaged(tree, path) ? removeStaged(path) : removeAny(tree, key, path),
  )
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
