/**
 * Whether a server notices that another one uses its directory.
 *
 * @module
 */

import { once } from 'node:events'
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { announce } from '../../functions/node/presence.ts'
import { ended, type Serving, serve, startProgram } from '../cli/program.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

const openDirectory = async (t: TestContext) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const file = join(path, '.slipway/server')
  /** Writes what a server elsewhere would have written some milliseconds ago. */
  const write = async (text: string, age: number): Promise<void> => {
    await mkdir(join(path, '.slipway'), { recursive: true })
    await writeFile(file, text)
    const time = (Date.now() - age) / 1000
    await utimes(file, time, time)
  }
  return { path, file, write }
}

const ELSEWHERE = { host: 'other', pid: 1, space: 'another boot', started: '1' }

describe('a server notices', () => {
  const ROWS: readonly (readonly [what: string, text: string, age: number, other: boolean])[] = [
    ['one elsewhere that was alive a moment ago', JSON.stringify(ELSEWHERE), 1000, true],
    ['not one that has long been silent', JSON.stringify(ELSEWHERE), 60_000, false],
    ['not a file that is half-written', '{"host":', 0, false],
    ['not a file of something else', '[]', 0, false],
  ]
  for (const [what, text, age, other] of ROWS) {
    test(what, async (t) => {
      const { path, file, write } = await openDirectory(t)
      await write(text, age)
      const presence = await announce(path)
      expect(presence.other?.name).toBe(other ? 'process 1 on other' : undefined)
      // The living one keeps its file; what is left of a dead one is taken over.
      expect((await readFile(file, 'utf8')) === text).toBe(other)
      await presence.end()
      expect(await readFile(file, 'utf8').catch(() => 'gone')).toBe(other ? text : 'gone')
    })
  }

  test('an earlier process with the same id is not this one', async (t) => {
    const { path, file, write } = await openDirectory(t)
    const first = await announce(path)
    const me = JSON.parse(await readFile(file, 'utf8'))
    await first.end()
    await write(JSON.stringify({ ...me, started: '1' }), 0)
    const second = await announce(path)
    expect(second.other).toBeUndefined()
    await second.end()
  })
})

test('a second server says so, until the first is gone, however it went', async (t) => {
  const { path } = await openDirectory(t)
  const args = [`--store=file:${path}`, '--log-level=silent']
  const NOTE = /Another server uses .*: process \d+ on .*\. Stop one/
  const stop = async ({ program, exit }: Serving) => {
    program.kill('SIGTERM')
    expect(await exit).toBe(0)
  }
  /** What it says; the notes come after the banner, at once. */
  const all = async (serving: Serving): Promise<string> => {
    await stop(serving)
    return serving.said.stderr
  }
  const first = await serve(args)
  expect(await all(await serve(args))).toMatch(NOTE)
  // Neither readers nor commands are concerned.
  expect(await all(await serve([...args, '--read-only=on']))).not.toMatch(NOTE)
  const listed = await ended(startProgram(['user', 'list', `--store=file:${path}`]))
  expect(listed).toEqual({ code: 0, stdout: '', stderr: '' })

  first.program.kill('SIGKILL')
  await once(first.program, 'close')
  expect(await all(await serve(args))).not.toMatch(NOTE)
  expect(first.said.stderr).not.toMatch(NOTE)
})
