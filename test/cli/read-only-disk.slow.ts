/**
 * A store on a disk that cannot be written to, in a mount namespace of its own: it takes root.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { CLI } from './program.ts'

const ROWS = [
  ['where a registry is to be made', 'new'],
  ['at its root', ''],
] as const
for (const [what, below] of ROWS) {
  test(`a read-only file system, ${what}, is said to be one`, async (t) => {
    const { path, remove } = await temporaryDirectory()
    t.onTestFinished(remove)
    const disk = join(path, 'disk')
    await mkdir(disk)
    const script = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"'
    const command = [process.execPath, CLI, 'serve', '--listen=127.0.0.1:0']
    const failed = await promisify(execFile)('unshare', [
      ...['--mount', 'sh', '-c', script, disk, ...command],
      `--store=file:${join(disk, below)}`,
    ]).catch((error: { code: number; stderr: string }) => error)
    expect(failed).toMatchObject({ code: 1 })
    expect(failed.stderr).toMatch(
      /^slipway: slipway\/v1\/config\/upload-secret is not there and could not be created: put \S+: the file system is read-only \(EROFS\)\n$/,
    )
  })
}
