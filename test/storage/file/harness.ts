/**
 * A file store in a directory of its own, and processes that use it.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { openFileStore } from '../../../functions/compose/file-store.ts'
import type { ObjectStore } from '../../../functions/storage/store.ts'

/** Opens a store at `outside/root`; both are removed after the test. */
export const openStore = async (
  t: TestContext,
): Promise<{ store: ObjectStore; root: string; outside: string }> => {
  const outside = await mkdtemp(join(tmpdir(), 'slipway-file-'))
  t.onTestFinished(() => rm(outside, { recursive: true, force: true }))
  const root = join(outside, 'root')
  await mkdir(root)
  return { store: openFileStore(root), root, outside }
}

/** Paths of all files below a directory. */
export const filesBelow = async (path: string): Promise<string[]> => {
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(path.length + 1))
    .toSorted()
}

const STORE = new URL('../../../functions/compose/file-store.ts', import.meta.url)

/**
 * Runs a script in a process of its own, in which `store` is the store at `root`.
 *
 * @param shell what the shell does before
 * @param first what the process does before it loads the store
 */
export const spawnWriter = (root: string, script: string, shell = '', first = ''): ChildProcess => {
  const source = `
    ${first}
    const { openFileStore } = await import(${JSON.stringify(STORE.href)})
    const store = openFileStore(${JSON.stringify(root)})
    ${script}`
  return spawn(
    'sh',
    ['-c', `${shell} exec "$0" "$@"`, process.execPath, '--input-type=module', '-e', source],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
}

/** All that a process prints until it exits. */
export const outputOf = async (child: ChildProcess): Promise<string> => {
  let text = ''
  for await (const chunk of child.stdout!) text += chunk
  return text
}
