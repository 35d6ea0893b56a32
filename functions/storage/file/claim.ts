/**
 * Claims on versions: which of several processes may replace a version of an object.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { open, stat, unlink } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { currentEtag } from './condition.ts'
import { withParents } from './disk.ts'
import { pathOf, type Tree, temporaryDirectory } from './paths.ts'
import { hasErrno, isAbsent } from './system-errors.ts'

/** Milliseconds after which whoever claimed a version is considered dead. */
const LIFE = 30_000

/** Milliseconds between looks at a version that another process holds. */
const POLL = 5

const unlessAbsent = (error: unknown): undefined => {
  if (!isAbsent(error)) throw error
}

/**
 * Runs `work` while no other process holds this version of the key. `work` has to check that the
 * key still has this version: a version that was replaced can be claimed again.
 *
 * @returns false if another process holds it
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

/**
 * Runs `work`, which replaces or removes the file, while the key has this version. Whatever writes or
 * deletes an object that is there does it through this, so that none comes between another's look at
 * the version and its write. Waits for a process that holds the version; if that has died, until the
 * claim has ended.
 *
 * @returns false if the key has another version by now
 */
export const whileVersion = async (
  tree: Tree,
  key: string,
  version: string,
  work: () => Promise<void>,
): Promise<boolean> => {
  const path = pathOf(tree, key)
  for (;;) {
    let held = false
    const mine = await withClaim(tree, key, version, async () => {
      held = (await currentEtag(path)) === version
      if (held) await work()
    })
    if (mine) return held
    if ((await currentEtag(path)) !== version) return false
    await delay(POLL)
  }
}
