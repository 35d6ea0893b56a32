/**
 * A server records pulls beside its requests: every minute, and at its end.
 *
 * @module
 */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { startWritingPulls } from '../../functions/node/pulls.ts'
import { startServer } from '../../functions/node/server.ts'
import { HTPASSWD_KEY, POLICY_KEY } from '../../functions/registry/layout.ts'
import { createPullReader } from '../../functions/registry/pulls/read.ts'
import { basic, fill, policyText } from '../access/rig.ts'
import { userLine, write } from '../auth/harness.ts'
import { imageOf } from '../support/hosts/content.ts'
import { silent, temporaryDirectory } from '../support/hosts/start.ts'
import { openFiles } from '../support/rig/stores.ts'
import { eventually } from '../support/until.ts'

const MINUTE = 60_000

test('who may pull, and is not left out', async (t) => {
  const { path, remove } = await temporaryDirectory()
  t.onTestFinished(remove)
  const store = openFileStore(path)
  const names = ['alice', 'scanner', 'stranger']
  const users = await Promise.all(names.map((name) => userLine(name, name)))
  await write(store, HTPASSWD_KEY, users.join(''))
  const rule = { who: ['user:alice', 'user:scanner'], repositories: ['**'], actions: ['pull'] }
  await write(store, POLICY_KEY, policyText([rule]))
  await fill(store, ['by/alice', 'by/scanner', 'by/stranger', 'by/nobody'])
  const flags = ['--listen=127.0.0.1:0', '--log-level=silent', '--auth=basic']
  const pulls = ['--pulls=on', '--pulls-except=user:scanner', `--store=file:${path}`]
  const { url, stop } = await startServer(readSettings([...flags, ...pulls], {}), {})
  const statuses: number[] = []
  for (const name of [...names, 'nobody']) {
    const headers: Record<string, string> =
      name === 'nobody' ? {} : { Authorization: basic(name, name) }
    const answer = await fetch(`${url}/v2/by/${name}/manifests/v1`, { headers })
    await answer.arrayBuffer()
    statuses.push(answer.status)
  }
  await stop()
  expect(statuses).toEqual([200, 200, 403, 401])
  const read = createPullReader(store, Date.now())
  const recorded = await Promise.all(
    [...names, 'nobody'].map(async (name) => [...(await read(`by/${name}`)).last.keys()]),
  )
  expect(recorded).toEqual([[imageOf().sha256], [], [], []])
})

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

test('at once, every minute, at the end; and again after a failure', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  let writes = 0
  const recorder = {
    async write() {
      writes += 1
      if (writes === 2) throw new Error('down')
    },
  }
  const warnings: string[] = []
  const logger = { ...silent, warn: (_: object, message: string) => void warnings.push(message) }
  const end = startWritingPulls(recorder, store, logger)
  expect(writes).toBe(1)
  for (const minute of [1, 2, 3]) {
    await eventually(async () => {
      await vi.advanceTimersByTimeAsync(writes === minute ? MINUTE : 0)
      expect(writes).toBe(minute + 1)
    })
  }
  expect(warnings).toEqual(['pulls not recorded yet'])
  await end()
  expect(writes).toBe(5)
  await vi.advanceTimersByTimeAsync(5 * MINUTE)
  expect(writes).toBe(5)
})

test('the end does not wait for a store that does not answer', async (t) => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  const end = startWritingPulls({ write: () => new Promise(() => {}) }, store, silent)
  const ended = end()
  await vi.advanceTimersByTimeAsync(6000)
  await ended
})
