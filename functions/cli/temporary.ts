/**
 * Directories of commands that have to write out what they read.
 *
 * @module
 */

import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Io } from './io.ts'

/**
 * A directory for what is unpacked, which goes when the command ends, and when it is stopped.
 *
 * @param name how its name begins
 * @returns what removes it
 */
export const temporary = async (
  io: Io,
  name: string,
): Promise<{ readonly path: string; remove(): void }> => {
  const path = await mkdtemp(join(tmpdir(), name))
  // At once: whoever stops it may not wait.
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  io.onStop(() => {
    remove()
    io.exit(130)
  })
  return { path, remove }
}
