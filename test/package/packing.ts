/**
 * Copies of this checkout, the package made of one, and npm to install it with.
 *
 * @module
 */

import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Daemon, projectRoot, responds, run, startDaemon } from '../support/live/process.ts'

/** Finds the Node that runs this test first, whatever the machine has. */
export const PATH = `${dirname(process.execPath)}:${process.env.PATH}`

/** Runs npm or npx in a directory, and gives what it printed to standard output. */
export const npm = (program: 'npm' | 'npx', args: readonly string[], cwd: string) =>
  run(program, args, { cwd, env: { PATH } })

/** Copies what git would have in a clone, and what it would have after the next commit. */
export const copyCheckout = async (to: string): Promise<void> => {
  const listed = await run(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: projectRoot,
    },
  )
  for (const path of new Set(listed.split('\0'))) {
    const from = join(projectRoot, path)
    if (path !== '' && existsSync(from)) cpSync(from, join(to, path))
  }
}

/** A package that `npm pack` made. */
export interface Packed {
  readonly tarball: string
  /** Bytes. */
  readonly size: number
  /** Paths in it. */
  readonly files: readonly string[]
  /** What git has to say of the checkout after packing: nothing. */
  readonly changes: string
}

/** Packs a copy of this checkout, which itself is left alone. */
export const packInto = async (directory: string): Promise<Packed> => {
  const checkout = join(directory, 'checkout')
  await copyCheckout(checkout)
  symlinkSync(join(projectRoot, 'node_modules'), join(checkout, 'node_modules'))
  const git = (...args: string[]) => run('git', args, { cwd: checkout })
  await git('init', '--quiet')
  await git('add', '--all')
  const printed = await npm('npm', ['pack', '--json', '--pack-destination', directory], checkout)
  const [{ filename, size, files }] = JSON.parse(printed.slice(printed.indexOf('[')))
  return {
    tarball: join(directory, filename),
    size,
    files: files.map(({ path }: { path: string }) => path),
    changes: await git('diff'),
  }
}

/** A new folder with the package in it, and nothing else; the network is not needed for that. */
export const install = async ({ tarball }: Packed, folder: string): Promise<void> => {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  await npm('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], folder)
}

/** Starts `npm start` or `npx … slipway serve`, and waits until it serves. It is stopped as by Ctrl-C. */
export const serve = (
  program: 'npm' | 'npx',
  args: readonly string[],
  cwd: string,
  port: number,
): Promise<Daemon> =>
  startDaemon({
    name: `package-${program}`,
    command: program,
    args: [...args, '--listen', `127.0.0.1:${port}`],
    cwd,
    env: { PATH },
    stopSignal: 'SIGINT',
    group: true,
    ready: () => responds(`http://127.0.0.1:${port}/v2/`),
  })
