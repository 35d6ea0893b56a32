/**
 * Writing whole objects: put and copy.
 *
 * Each is one moment, also between processes: link(2) decides who creates an object, a claim on the
 * version who replaces it.
 *
 * @module
 */
import { hash } from 'node:crypto'
import { copyFile, link, open, rename } from 'node:fs/promises'
import { StoreError } from '../errors.ts'
import type { PutOptions, WriteCondition } from '../store.ts'
import { whileVersion } from './claim.ts'
import { checkCondition, currentEtag, isDirectory, refused } from './condition.ts'
import {
  type NewFiles,
  newFiles,
  stamp,
  withDurableParents,
  withParents,
  withTemporary,
} from './disk.ts'
import { withLock } from './lock.ts'
import { isVerbatim, pathOf, type Tree } from './paths.ts'
import { head } from './read.ts'
import { hasErrno, isAbsent } from './system-errors.ts'

/** How a file gets its final path. */
export interface PublishOptions {
  readonly condition?: WriteCondition | undefined
  /** See `PutOptions`. */
  readonly inTime?: (() => boolean) | undefined
  readonly files?: NewFiles
}

/**
 * Gives a flushed file its final path, replacing the object there.
 *
 * @param tree where the store is and how it lays out keys
 * @param from the file, on the same file system; afterwards it may or may not still have this name
 * @returns whether it has it no longer
 * @throws StoreError `precondition`, `late`
 */
export const publish = async (
  tree: Tree,
  from: string,
  key: string,
  { condition, inTime = () => true, files = newFiles }: PublishOptions = {},
): Promise<boolean> => {
  const path = pathOf(tree, key)
  const checkTime = (): void => {
    if (!inTime()) throw new StoreError('late', `put ${key}: its time is over`)
  }
  let isGone = false
  const replace = () =>
    withDurableParents(tree, path, async () => {
      checkTime()
      await rename(from, path)
      isGone = true
    })
  const create = async () => {
    isGone = await files.place(tree, from, path, checkTime)
  }
  await withLock(path, async () => {
    if (condition === undefined) return createOrReplace(tree, key, create, replace)
    if ('ifMatch' in condition) {
      if (!(await whileVersion(tree, key, condition.ifMatch, replace)))
        throw refused(key, condition)
      return
    }
    if (!(await unlessThere(create))) throw refused(key, condition)
  })
  return isGone
}

/** @returns false if there is something at the path */
const unlessThere = async (create: () => Promise<void>): Promise<boolean> => {
  try {
    await create()
    return true
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false
    throw error
  }
}

const createOrReplace = async (
  tree: Tree,
  key: string,
  create: () => Promise<void>,
  replace: () => Promise<void>,
): Promise<void> => {
  const path = pathOf(tree, key)
  while (!(await unlessThere(create))) {
    const version = await currentEtag(path)
    if (version !== undefined && (await whileVersion(tree, key, version, replace))) return
    // A directory is refused by the system; what is gone again is created.
    if (version === undefined && (await isDirectory(path))) return replace()
  }
}

/**
 * Mode of a key's file. Verbatim keys are as readable as other programs make theirs; all others,
 * secrets among them, are readable only by the owner.
 */
const modeOf = (tree: Tree, key: string): number => (isVerbatim(tree, key) ? 0o644 : 0o600)

/** Writes a whole object; see the port. Throws `precondition`, `checksum`, `late`, `full`. */
type Put = (
  tree: Tree,
  key: string,
  body: Uint8Array,
  options?: PutOptions,
) => Promise<{ etag: string }>

/** @param files how new files come to be */
export const putWith =
  (files: NewFiles): Put =>
  async (tree, key, body, { condition, sha256, computedHere, inTime } = {}) => {
    const path = pathOf(tree, key)
    if (sha256 !== undefined && computedHere !== true) {
      const actual = hash('sha256', body, 'hex')
      if (actual !== sha256.toLowerCase()) {
        throw new StoreError('checksum', `put ${key}: SHA-256 is ${actual}, not ${sha256}`)
      }
    }
    // If the condition is already false, a flush is saved; it is decided again at the write.
    if (condition !== undefined) await checkCondition(key, path, condition)
    return withTemporary(tree, async (temporary, gone) => {
      const etag = await files.write(temporary, body, modeOf(tree, key))
      if (await publish(tree, temporary, key, { condition, inTime, files })) gone()
      return { etag }
    })
  }

/**
 * Copies an object; see the port. The copy is another link to the same file, since a file is never
 * changed once it has its path. Where the file system refuses that, as Linux does for files of
 * another user, the bytes are copied.
 */
export const copy = async (
  tree: Tree,
  from: string,
  to: string,
  size: number,
  etag?: string,
): Promise<void> => {
  const source = pathOf(tree, from)
  pathOf(tree, to)
  // Of another size it is damaged: the caller knows which bytes it wants to copy.
  const info = await head(tree, from)
  if (info?.size !== size) throw missing(from)
  await withTemporary(tree, async (temporary) => {
    try {
      const { result: copied } = await withParents(temporary, () => linkOrCopy(source, temporary))
      if (etag !== undefined && copied !== etag) throw missing(from)
    } catch (error) {
      if (isAbsent(error) && (await currentEtag(source)) === undefined) throw missing(from)
      throw error
    }
    await publish(tree, temporary, to)
  })
}

const missing = (key: string): StoreError =>
  new StoreError('missing', `copy ${key}: no such object of that size and version`)

/** @returns the version that was copied; undefined if the file was changed meanwhile */
const linkOrCopy = async (source: string, target: string): Promise<string | undefined> => {
  try {
    await link(source, target)
    return await currentEtag(target)
  } catch (error) {
    if (!hasErrno(error, 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP')) throw error
    const before = await currentEtag(source)
    await copyFile(source, target)
    const unchanged = (await currentEtag(source)) === before
    const file = await open(target, 'r+')
    try {
      await stamp(file)
      await file.datasync()
    } finally {
      await file.close()
    }
    return unchanged ? before : undefined
  }
}
