/**
 * Claims on versions: which of several processes may replace a version of an object.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { open, stat, unlink } from 'node:fs/promises'
import { withParents } from './disk.ts'
import { type Tree, temporaryDirectory } from './paths.ts'
import { hasErrno, isAbsent } from './system-errors.ts'

/** Milliseconds after which whoever claimed a version is considered dead. */
const LIFE = 30_000

const unlessAbsent = (error: unknown): undefined => {
  if (!isAbsent(error)) throw error
}

/**
 * Runs `work` while no other process holds this version of the key. `work` has to check that the
 * key still has this version: a version that was replaced can be claimed again.
 *
 * @returns false if another process holds it: the version is being replaced
 */
export const withClaim = async (
  tree: Tree,
  key: string,
  version: string,
  work: () => Promise<void>,
): Promise<boolean> => {
  const name = hash('sha256', JSON.stringify([key, version]), 'hex')
  const path = `${temporaryDirectory(tree)}/${name}`
  try {
    const { result: file } = await withParents(path, () => open(path, 'wx', 0o600))
    await file.close()
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error
    const other = await stat(path).catch(unlessAbsent)
    if (other !== undefined && Date.now() - other.mtimeMs > LIFE) {
      await unlink(path).catch(unlessAbsent)
    }
    return false
  }
  try {
    await work()
    return true
  } finally {
    await unlink(path).catch(unlessAbsent)
  }
}
