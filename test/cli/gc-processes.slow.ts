/**
 * `slipway gc` beside a server on the same directory, both as processes: the work is handed over, stopped by Ctrl-C,
 * survives a server that is killed, and is refused where the server has `gc` off.
 *
 * @module
 */
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, type TestContext, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { raiseFence } from '../../functions/registry/clean-up/fence.ts'
import { layerLinkKey } from '../../functions/registry/layout.ts'
import { blob } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce } from '../support/rig/push.ts'
import { until } from '../support/until.ts'
import { ended, type Serving, serving, startProgram } from './program.ts'

const DAY = 24 * 60 * 60
const GARBAGE = blob('garbage', 100)
/** So few that a run ends soon. */
const FEW = 200
/** So many that a run goes on for seconds after its first removal: a server looks once a second whether to stop. */
const MANY = 2000

const nameOf = (at: number): string => `team/app-${at}`
const linkIn = (path: string, at: number): string =>
  join(path, layerLinkKey(nameOf(at), GARBAGE.sha256))

/** A directory with a blob in many repositories, in none of which anything needs it, all some days old. */
const open = async (t: TestContext, repositories: number): Promise<string> => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  await pushAtOnce(await clientOf(store), nameOf(0), GARBAGE)
  await raiseFence(store)
  for (let at = 1; at < repositories; at++) {
    await mkdir(dirname(linkIn(path, at)), { recursive: true })
    await writeFile(linkIn(path, at), GARBAGE.sha256)
  }
  const old = Date.now() / 1000 - 3 * DAY
  for (const each of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (each.isFile()) await utimes(join(each.parentPath, each.name), old, old)
  }
  return path
}

const serve = async (t: TestContext, path: string, gc: 'on' | 'off'): Promise<Serving> => {
  const args = ['serve', `--store=file:${path}`, '--listen=127.0.0.1:0', `--gc=${gc}`]
  const server = await serving(startProgram(args))
  t.onTestFinished(async () => {
    server.program.kill('SIGKILL')
    await server.exit
  })
  return server
}

const startGc = (path: string) => startProgram(['gc', '--run', '--force', `--store=file:${path}`])

/** How many of the links are condemned. */
const condemned = async (path: string, repositories: number): Promise<number> => {
  let count = 0
  for (let at = 0; at < repositories; at++) {
    if ((await readFile(linkIn(path, at), 'utf8')).includes(' condemned ')) count += 1
  }
  return count
}

/** Starts the command, and does something once it has said that something was done. */
const interrupted = async (path: string, interrupt: (command: { kill(): void }) => void) => {
  const command = startGc(path)
  let heard = ''
  command.stdout.on('data', (chunk: Buffer) => {
    heard += chunk
  })
  const end = ended(command)
  await until(() => heard.includes('condemn-link'))
  interrupt({ kill: () => command.kill('SIGINT') })
  return end
}

test('the server does it, and the command says what it did', async (t) => {
  const path = await open(t, FEW)
  const server = await serve(t, path, 'on')
  const { code, stdout, stderr } = await ended(startGc(path))
  expect([code, stderr]).toEqual([0, expect.stringContaining(`condemn-link ${FEW}`)])
  expect(stdout.match(/^condemn-link\t/gm)).toHaveLength(FEW)
  expect(await condemned(path, FEW)).toBe(FEW)
  // It is the server that did it, and that goes on serving.
  await until(() => server.said.stdout.includes('"clean-up"'))
  expect((await fetch(`${server.url}/v2/`)).status).toBe(200)
}, 240_000)

test('Ctrl-C stops the run in the server; the next one goes on', async (t) => {
  const path = await open(t, MANY)
  const server = await serve(t, path, 'on')
  const { code, stderr } = await interrupted(path, (command) => command.kill())
  expect([code, stderr]).toEqual([130, expect.stringContaining('The next run goes on from here.')])
  const first = await condemned(path, MANY)
  expect(first).toBeGreaterThan(0)
  expect(first).toBeLessThan(MANY)
  expect((await fetch(`${server.url}/v2/`)).status).toBe(200)
  expect((await ended(startGc(path))).code).toBe(0)
  expect(await condemned(path, MANY)).toBe(MANY)
}, 240_000)

test('a server that is killed is noticed; the command by itself then goes on', async (t) => {
  const path = await open(t, MANY)
  const server = await serve(t, path, 'on')
  const { code, stderr } = await interrupted(path, () => server.program.kill('SIGKILL'))
  expect([code, stderr]).toEqual([2, expect.stringMatching(/has ended meanwhile; what was done/)])
  expect(await condemned(path, MANY)).toBeLessThan(MANY)
  // For a minute, the dead one is taken for alive.
  let again = await ended(startGc(path))
  while (again.code === 3) {
    await sleep(3000)
    again = await ended(startGc(path))
  }
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('Done: ')])
  expect(await condemned(path, MANY)).toBe(MANY)
}, 240_000)

test('a server with gc off refuses, and nothing is changed', async (t) => {
  const path = await open(t, FEW)
  await serve(t, path, 'off')
  const { code, stdout, stderr } = await ended(startGc(path))
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/runs with --gc off: start it with --gc on for a clean-up/)
  expect(await condemned(path, FEW)).toBe(0)
}, 240_000)
