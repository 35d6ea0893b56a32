/**
 * The directory in which a run of the quick tests has its temporary ones.
 *
 * @module
 */

import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestProject } from 'vitest/node'

/** What its name begins with; the rest is the process that made it. */
export const PREFIX = 'slipway-run-'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Removes what runs have left that were killed. */
const removeLeft = (parent: string): void => {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length)) : Number.NaN
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true })
  }
}

/** Makes it, once for all projects that want one. @returns what removes it */
export const setup = (project: TestProject): (() => void) | undefined => {
  const path = project.config.env.TMPDIR
  if (path === undefined) return undefined
  removeLeft(dirname(path))
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return () => rmSync(path, { recursive: true, force: true, maxRetries: 10 })
}
