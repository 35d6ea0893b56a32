/**
 * How many files and connections a process may have open.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { run } from '../test/support/live/process.ts'

/** The limits of open files in /proc/<pid>/limits. @throws Error when they are not there */
export const openFilesOf = (limits: string): { readonly soft: number; readonly hard: number } => {
  const found = limits.match(/^Max open files +(\S+) +(\S+)/m)
  if (found === null) throw new Error('no limit of open files')
  const [soft = 0, hard = 0] = found.slice(1).map((it) => (it === 'unlimited' ? Infinity : +it))
  return { soft, hard }
}

const limitOf = (pid: number) => openFilesOf(readFileSync(`/proc/${pid}/limits`, 'utf8'))

/**
 * Lets a process open so many files, or as many as this user may let it. Only root may go beyond what is
 * set as the hard limit.
 *
 * @returns how many it may open
 */
export const allowOpenFiles = async (pid: number, wanted: number): Promise<number> => {
  const { soft, hard } = limitOf(pid)
  if (soft >= wanted) return soft
  for (const limit of [wanted, Math.min(wanted, hard)]) {
    try {
      await run('prlimit', ['--pid', `${pid}`, `--nofile=${limit}:${Math.max(limit, hard)}`])
      break
    } catch {
      // The caller is told what it may have.
    }
  }
  return limitOf(pid).soft
}
