/**
 * The scripts of npm as people call them: flags that npm takes for itself, and signals.
 *
 * @module
 */

import { once } from 'node:events'
import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, projectRoot, responds, scratch, startDaemon } from '../support/live/process.ts'
import { eventually } from '../support/until.ts'
import { copyCheckout, npm, PATH } from './packing.ts'

const directory = scratch('npm')
const clone = join(directory.path, 'clone')
beforeAll(async () => {
  await copyCheckout(clone)
  symlinkSync(join(projectRoot, 'node_modules'), join(clone, 'node_modules'))
})
afterAll(() => directory.remove())

/** What npm says where it fails. */
const failure = (args: readonly string[]): Promise<{ code: number; stderr: string }> =>
  npm('npm', args, clone).then(
    () => Promise.reject(new Error(`npm ${args.join(' ')} did not fail`)),
    ({ cause }) => cause,
  )

describe('flags without -- are refused:', () => {
  const ROWS: readonly (readonly [args: readonly string[], right: string])[] = [
    [['start', '--listen=127.0.0.1:0'], 'npm took --listen for itself: put -- before it'],
    [['start', '--store', 'file:./elsewhere'], 'as in npm start -- --store …'],
    [['start', '--read-only', 'on', '--', '--listen', '127.0.0.1:0'], 'npm took --read-only'],
    [['run', 'slipway', 'user', 'list', '--store=file:./x'], 'npm run slipway -- --store …'],
    [['run', 'slipway', 'keys', 'rotate', '--revoke'], 'npm run slipway -- --revoke …'],
    [['run', 'smoke', 'http://127.0.0.1:1', '--user=alice'], 'npm run smoke -- --user …'],
  ]
  for (const [args, right] of ROWS) {
    test(`npm ${args.join(' ')}`, async () => {
      const { code, stderr } = await failure(args)
      expect(code).toBe(2)
      expect(stderr).toContain(right)
      expect(existsSync(join(clone, 'data'))).toBe(false)
    })
  }
})

/** Starts a script of npm that serves. @param group whether signals go to npm's children, too */
const start = async (args: readonly string[], signal: NodeJS.Signals, group: boolean) => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const store = `file:${join(directory.path, `data-${port}`)}`
  const server = await startDaemon({
    name: 'npm-scripts',
    command: 'npm',
    args: [...args, '--listen', `127.0.0.1:${port}`, '--store', store],
    cwd: clone,
    env: { PATH },
    stopSignal: signal,
    group,
    ready: () => responds(`${url}/v2/`),
  })
  return { url, server }
}

/** An upload of which the last byte is missing. */
const slowUpload = async (url: string) => {
  const begun = await fetch(`${url}/v2/slow/blobs/uploads/`, { method: 'POST' })
  const target = new URL(begun.headers.get('Location') ?? '', url)
  const headers = { 'Content-Length': 2, Expect: '100-continue' }
  const sending = request(target, { method: 'PATCH', agent: false, headers })
  sending.flushHeaders()
  await once(sending, 'continue')
  sending.write('a')
  return sending
}

describe('signals', () => {
  const SCRIPTS = [
    ['start', '--'],
    ['run', 'slipway', '--', 'serve'],
  ] as const
  const WAYS = [
    ["SIGTERM to npm's process alone", 'SIGTERM', false],
    ['Ctrl-C, which the terminal sends to both', 'SIGINT', true],
  ] as const
  for (const script of SCRIPTS) {
    for (const [way, signal, group] of WAYS) {
      test(`npm ${script.join(' ')}: ${way} lets the server finish and end`, async () => {
        const { url, server } = await start(script, signal, group)
        const sending = await slowUpload(url)
        const stopped = server.stop()
        await eventually(() => expect(server.output()).toContain('Stopping'))
        sending.end('b')
        const [answer] = (await once(sending, 'response')) as [IncomingMessage]
        expect(answer.resume().statusCode).toBe(202)
        await stopped
        // npm's process ends with the server's, or the server is an orphan that still responds.
        expect(await responds(url).catch(() => false)).toBe(false)
      })
    }
  }

  test("a setting in the project's .npmrc is no flag", async () => {
    const file = join(clone, '.npmrc')
    writeFileSync(file, 'listen=1.2.3.4:5\n')
    const { server } = await start(SCRIPTS[0], 'SIGTERM', false)
    await server.stop()
    expect(server.output()).toContain('Stopping')
  })
})
