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

/** What a claim's file says of it. */
type Standing = 'mine' | 'held' | 'dead'

/** Claims by creating a file, which succeeds for one process only. */
const tryClaim = async (path: string): Promise<Standing> => {
  try {
    const { result: file } = await withParents(path, () => open(path, 'wx', 0o600))
    await file.close()
    return 'mine'
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error
    const other = await stat(path).catch(unlessAbsent)
    return other !== undefined && Date.now() - other.mtimeMs > LIFE ? 'dead' : 'held'
  }
}

/**
 * Runs `work` while no other process holds this version of the key. `work` has to check that the
 * key still has this version: a version that was replaced can be claimed again.
 *
 * The claim of a process that died stays, and the next one is beside it: were it removed, two processes that
 * wait for its end could each remove the other's. A sweep takes it.
 *
 * @param work is given whether the claim still holds: not in a process that has slept
 * @returns false if another process holds it
 */
export const withClaim = async (
  tree: Tree,
  key: string,
  version: string,
  work: (holds: () => boolean) => Promise<void>,
): Promise<boolean> => {
  const name = hash('sha256', JSON.stringify([key, version]), 'hex')
  for (let died = 0; ; died++) {
    const began = performance.now()
    const path = `${temporaryDirectory(tree)}/${name}${died === 0 ? '' : `.${died}`}`
    const standing = await tryClaim(path)
    if (standing === 'held') return false
    if (standing === 'dead') continue
    try {
      await work(() => performance.now() - began < LIFE / 2)
      return true
    } finally {
      await unlink(path).catch(unlessAbsent)
    }
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
    let [held, late] = [false, false]
    const mine = await withClaim(tree, key, version, async (holds) => {
      held = (await currentEtag(path)) === version
      late = held && !holds()
      if (held && !late) await work()
    })
    if (mine && !late) return held
    if ((await currentEtag(path)) !== version) return false
    await delay(POLL)
  }
}
