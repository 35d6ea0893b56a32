/**
 * `npm start` from a release: a clone with all dependencies, one without those for development, and the
 * unpacked package.
 *
 * @module
 */

import { existsSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, projectRoot, run, scratch } from '../support/live/process.ts'
import { oldNode } from './old-node.ts'
import { copyCheckout, npm, packInto, serve } from './packing.ts'

const directory = scratch('release')
afterAll(() => directory.remove())

/** Without the dependencies that only development needs. */
const CI = ['ci', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund']

/** Runs `npm start` until it answers, and gives the bytes of what it ran. */
const start = async (checkout: string): Promise<number> => {
  const server = await serve('npm', ['start', '--'], checkout, await freePort())
  await server.stop()
  expect(server.output()).toContain('Stopping')
  return statSync(join(checkout, 'dist/command.mjs')).size
}

test('a clone with all dependencies runs a bundle', async () => {
  const clone = join(directory.path, 'all')
  await copyCheckout(clone)
  symlinkSync(join(projectRoot, 'node_modules'), join(clone, 'node_modules'))
  expect(await start(clone)).toBeGreaterThan(1_000_000)
})

test('the package runs where it was unpacked', async () => {
  const { tarball } = await packInto(directory.path)
  const unpacked = join(directory.path, 'unpacked')
  await mkdir(unpacked)
  await run('tar', ['--extract', '--file', tarball, '--directory', unpacked])
  await npm('npm', [...CI, '--offline'], join(unpacked, 'package'))
  expect(await start(join(unpacked, 'package'))).toBeGreaterThan(1_000_000)
})

describe('a clone without the dependencies for development', () => {
  const clone = join(directory.path, 'runtime')
  const command = join(clone, 'dist/command.mjs')
  beforeAll(async () => {
    await copyCheckout(clone)
    await npm('npm', CI, clone)
  })

  test('runs the sources', async () => {
    expect(existsSync(join(clone, 'node_modules/esbuild'))).toBe(false)
    expect(await start(clone)).toBeLessThan(100)
  })

  test.each([
    { age: 'newer', seconds: 60, fate: 'kept' },
    { age: 'older', seconds: -1e6, fate: 'replaced' },
  ])('a bundle that is $age than the sources is $fate', async ({ seconds, fate }) => {
    writeFileSync(command, '// built before\n')
    const time = Date.now() / 1000 + seconds
    utimesSync(command, time, time)
    await run(process.execPath, ['packaging/prestart.mjs'], { cwd: clone })
    const kept = readFileSync(command, 'utf8') === '// built before\n'
    expect(kept ? 'kept' : 'replaced').toBe(fate)
  })

  test('an old Node is told so in one line', async () => {
    const node = await oldNode(join(directory.path, 'old'))
    const failure = await run('npm', ['start'], {
      cwd: clone,
      env: { PATH: `${dirname(node)}:${process.env.PATH}` },
    }).then(
      () => undefined,
      ({ cause }) => cause,
    )
    expect(failure.code).toBe(1)
    expect(failure.stderr).toMatch(/^slipway needs Node 24 or later; this is \d+\.\d+\.\d+\.$/m)
    expect(failure.stderr).not.toMatch(/^\s+at /m)
  })
})
