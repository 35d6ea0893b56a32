/**
 * Files that appear whole and last: temporary files, how they get their final path, and versions.
 *
 * A file is written under a temporary name, flushed, and only then renamed or linked to its final
 * path; that directory is flushed before the write completes. So a reader never sees half a file,
 * and a crash never loses a completed write but keeps a later one; only staged files may be lost,
 * as a whole. A file is never changed once it has its final path.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isStaged, type Tree, temporaryDirectory } from './paths.ts'
import { etagOf } from './read.ts'
import { hasErrno, isAbsent } from './system-errors.ts'
import { type Files, type OpenFile, turns } from './thread/files.ts'

/**
 * Bytes written by one system call. For larger writes Linux uses huge pages of 2 MiB, which the
 * host of a virtual machine may have reclaimed: each then costs a fault there, ten times the copy
 * itself.
 */
const PIECE_BYTES = 1024 * 1024
/** How often a parent directory may vanish under a writer before that counts as a failure. */
const MAX_ATTEMPTS = 100

/** Microseconds since 1970. */
let lastStamp = 0

/** Which stamps are this process's: those that leave this remainder. */
let share = { remainder: 0, of: 1 }

/**
 * Divides stamps among processes that use a store at the same time, so that no two of them give the same.
 *
 * @param remainder of this process, less than `of`
 * @param of how many processes there are
 */
export const divideStamps = (remainder: number, of: number): void => {
  share = { remainder, of }
}

/** A modification time that no other file of this process has, and none of those that it shares stamps with; seconds. */
export const nextStamp = (): number => {
  const { remainder, of } = share
  const least = Math.max(lastStamp + 1, Date.now() * 1000)
  lastStamp = least + ((remainder - (least % of) + of) % of)
  return lastStamp / 1e6
}

/**
 * Gives an open file a modification time of its own, and returns its version. The kernel's clock ticks every few
 * milliseconds and a freed inode number is reused at once, so without this two writes of one key could have the same
 * version.
 */
export const stamp = async (file: OpenFile, seconds = nextStamp()): Promise<string> => {
  await file.utimes(seconds, seconds)
  return etagOf(await file.stat({ bigint: true }))
}

/** Writes all bytes at a position. */
export const writeAll = async (
  file: OpenFile,
  bytes: Uint8Array,
  position: number,
): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(bytes.length - done, PIECE_BYTES)
    done += (await file.write(bytes, done, length, position + done)).bytesWritten
  }
}

/** Flushes the entries of a directory; a directory that is gone has nothing left to lose. */
export const syncDirectory = async (path: string, files: Files = turns): Promise<void> => {
  try {
    const directory = await files.open(path, 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
  } catch (error) {
    if (!isAbsent(error)) throw error
  }
}

/**
 * Makes a directory and those above it. Node's own way reports ENOENT on a file system that is read-only,
 * and does not end at all below a directory in which nothing can be made, such as /proc.
 *
 * @param onMade is called with each that was made
 */
const makeDirectory = async (
  path: string,
  onMade: (path: string) => void,
  files: Files,
): Promise<void> => {
  const make = async (): Promise<void> => {
    try {
      await files.mkdir(path)
      onMade(path)
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error
    }
  }
  try {
    await make()
  } catch (error) {
    if (!hasErrno(error, 'ENOENT') || dirname(path) === path) throw error
    await makeDirectory(dirname(path), onMade, files)
    await make()
  }
}

/**
 * Runs a write that needs the parent directories of `path`. Makes them if they are missing, and
 * again if a delete prunes them in between.
 *
 * @returns the result, and the topmost directory that was made, if any
 */
export const withParents = async <T>(
  path: string,
  write: () => Promise<T>,
  files: Files = turns,
): Promise<{ result: T; made: string | undefined }> => {
  let made: string | undefined
  for (let attempt = 1; ; attempt++) {
    try {
      return { result: await write(), made }
    } catch (error) {
      if (!hasErrno(error, 'ENOENT') || attempt === MAX_ATTEMPTS) throw error
    }
    try {
      await makeDirectory(
        dirname(path),
        (each) => {
          if (made === undefined || made.length > each.length) made = each
        },
        files,
      )
    } catch (error) {
      // One that vanished meanwhile is made again. If a parent is a file, the write itself fails.
      if (!hasErrno(error, 'ENOENT', 'ENOTDIR')) throw error
    }
  }
}

/**
 * Like {@link withParents}, and flushes the path's directory and those made for it, all at the same
 * time, so that the write waits for the slowest only. Staged files are not flushed.
 */
export const withDurableParents = async (
  tree: Tree,
  path: string,
  write: () => Promise<unknown>,
  files: Files = turns,
): Promise<void> => {
  const { made } = await withParents(path, write, files)
  const entries = [path]
  while (made !== undefined && entries.at(-1) !== made) entries.push(dirname(entries.at(-1)!))
  const kept = entries.filter((entry) => !isStaged(tree, entry))
  await Promise.all(kept.map((entry) => syncDirectory(dirname(entry), files)))
}

/** A new path in the store's directory for temporary files. */
export const temporaryPath = (tree: Tree): string => `${temporaryDirectory(tree)}/${randomUUID()}`

/**
 * Runs `work` with a new temporary path, and removes what is there afterwards, unless `work` says that it is gone.
 */
export const withTemporary = async <T>(
  tree: Tree,
  work: (path: string, gone: () => void) => Promise<T>,
): Promise<T> => {
  const path = temporaryPath(tree)
  let isGone = false
  try {
    return await work(path, () => {
      isGone = true
    })
  } finally {
    if (!isGone) {
      await unlink(path).catch((error: unknown) => {
        if (!isAbsent(error)) throw error
      })
    }
  }
}

/** Writes a new file with this mode and flushes it. @returns its version */
export const writeFlushed = async (
  path: string,
  bytes: Uint8Array,
  mode: number,
  seconds = nextStamp(),
  files: Files = turns,
): Promise<string> => {
  const { result: file } = await withParents(path, () => files.open(path, 'wx', mode), files)
  try {
    await writeAll(file, bytes, 0)
    const etag = await stamp(file, seconds)
    await file.datasync()
    return etag
  } finally {
    await file.close()
  }
}

/** Gives a flushed file its final path, where there must be none, for good. */
export const place = (tree: Tree, from: string, to: string, files: Files = turns): Promise<void> =>
  withDurableParents(tree, to, () => files.link(from, to), files)

/** How new files come to be. */
export interface NewFiles {
  /** As {@link writeFlushed}. */
  write(path: string, bytes: Uint8Array, mode: number): Promise<string>
  /**
   * As {@link place}. @param inTime throws where it is too late for that @returns whether the first name of the file is
   *   gone
   */
  place(tree: Tree, from: string, to: string, inTime: () => void): Promise<boolean>
}

/** New files in the turns of whoever asks. */
export const newFiles: NewFiles = {
  write: writeFlushed,
  async place(tree, from, to, inTime) {
    const inTurns = {
      ...turns,
      link: async (...names: Parameters<Files['link']>) => {
        inTime()
        await turns.link(...names)
      },
    }
    await place(tree, from, to, inTurns)
    return false
  },
}
