/**
 * A directory that version 1.0.0 has written, after the upgrade; and 1.0.0 itself on what this version has
 * written, except in a shallow clone, which does not have it.
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { projectRoot, run, scratch } from '../../support/live/process.ts'
import { CLI, type Serving, serving } from '../program.ts'
import { check, push } from './exercise.ts'

/** The commit of 1.0.0. */
const BEFORE = '4f7fbe658df0388d890e1ff10e28c39f4b7de912'

const git = (...args: string[]) => spawnSync('git', args, { cwd: projectRoot, encoding: 'utf8' })
/** Without its history, a clone has no earlier version to roll back to. */
const isShallow = git('rev-parse', '--is-shallow-repository').stdout.trim() === 'true'

/** Lays the recorded directory out. */
const restore = (directory: string): void => {
  const text = readFileSync(join(import.meta.dirname, 'store-1.0.0.json'), 'utf8')
  const files: Record<string, string> = JSON.parse(text)
  for (const [path, base64] of Object.entries(files)) {
    const file = join(directory, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, Buffer.from(base64, 'base64'))
  }
}

/** Runs work on a server of some version over a directory. */
const on = async (program: string, directory: string, work: (url: string) => Promise<void>) => {
  const flags = ['serve', `--store=file:${directory}`, '--listen=127.0.0.1:0', '--auth=basic']
  const server: Serving = await serving(
    spawn(process.execPath, [program, ...flags, '--log-level=warn'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  try {
    await work(server.url)
  } finally {
    server.program.kill('SIGTERM')
    expect(await server.exit).toBe(0)
  }
}

describe('a directory of 1.0.0', () => {
  test('is served by this version, which takes pushes there', async (t) => {
    const { path, remove } = scratch('upgrade')
    t.onTestFinished(remove)
    restore(path)
    await on(CLI, path, async (url) => {
      await check(url, 'team/app', 'v1', true)
      await push(url, 'team/app', 'v2')
      await check(url, 'team/app', 'v1', false)
      await check(url, 'team/app', 'v2', true)
    })
  })

  test.skipIf(isShallow)(
    'is served by 1.0.0 again after that, and by this one once more',
    async (t) => {
      const { path, remove } = scratch('rollback')
      t.onTestFinished(remove)
      const old = join(path, 'old')
      mkdirSync(old)
      await run('sh', ['-c', `git archive ${BEFORE} functions package.json | tar -x -C ${old}`], {
        cwd: projectRoot,
      })
      symlinkSync(join(projectRoot, 'node_modules'), join(old, 'node_modules'))
      const before = join(old, 'functions/handlers/cli.ts')
      const store = join(path, 'store')
      restore(store)
      await on(CLI, store, (url) => push(url, 'team/app', 'v2'))
      await on(before, store, async (url) => {
        await check(url, 'team/app', 'v1', false)
        await check(url, 'team/app', 'v2', true)
        await push(url, 'team/other', 'v3')
      })
      await on(CLI, store, async (url) => {
        await check(url, 'team/app', 'v2', true)
        await check(url, 'team/other', 'v3', true)
      })
    },
  )
})
