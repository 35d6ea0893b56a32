/**
 * Places that one process writes to at a time: a file beside them says which. It is touched as long as that process runs, so
 * that what a process on another machine, or in another container, has left behind is not in the way for ever.
 *
 * @module
 */

import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { TransferError } from '../errors.ts'

/** Milliseconds between two touches. */
const TOUCH = 15_000
/** Milliseconds after which a file that nobody touches was left behind. */
const LEFT = 4 * TOUCH

/** Of this process, which may be asked twice. */
const held = new Set<string>()

/** Whether it has ended, and nobody has asked how: a container may have no process that does. Linux alone says so. */
const isZombie = (pid: number): boolean => {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** Whether there is a process of this number on this machine. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    // It is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Whether whoever made this file is gone. */
const isLeft = (path: string): boolean => {
  try {
    const [host, pid] = readFileSync(path, 'utf8').split(' ')
    if (held.has(path)) return false
    // Another process had the number of this one before.
    if (host === hostname() && (Number(pid) === process.pid || !isRunning(Number(pid)))) return true
    return Date.now() - statSync(path).mtimeMs > LEFT
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
}

/** Takes a place. @returns what gives it back, at once; undefined where another has it */
const take = (path: string): (() => void) | undefined => {
  try {
    writeFileSync(path, `${hostname()} ${process.pid}`, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw error
  }
  held.add(path)
  const touching = setInterval(() => {
    const now = new Date()
    // Without it others may come sooner: not worth failing for.
    try {
      utimesSync(path, now, now)
    } catch {}
  }, TOUCH).unref()
  return () => {
    clearInterval(touching)
    if (held.delete(path)) rmSync(path, { force: true })
  }
}

/**
 * Takes a place alone.
 *
 * @param path of the file that says so
 * @param called what messages call the place
 * @param patience milliseconds for which another one is waited for
 * @returns what gives it back, at once
 * @throws TransferError where another process has it
 */
export const alone = async (
  path: string,
  called: string,
  patience: number,
): Promise<() => void> => {
  const until = Date.now() + patience
  for (;;) {
    const release = take(path)
    if (release !== undefined) return release
    if (isLeft(path)) rmSync(path, { force: true })
    else if (Date.now() >= until) {
      throw new TransferError(`${called} is being written by another process: wait until it ends`)
    } else await sleep(50)
  }
}
