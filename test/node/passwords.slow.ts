/**
 * Log-ins in a thread of their own: however many there are, others are answered.
 *
 * @module
 */

import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, test } from 'vitest'
import { hashPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createPasswordThread } from '../../functions/node/passwords.ts'
import { startServer } from '../../functions/node/server.ts'
import { HTPASSWD_KEY } from '../../functions/registry/layout.ts'
import { bundleCommand } from '../../packaging/bundle.ts'
import { serving, startProgram } from '../cli/program.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

describe('the thread', () => {
  const thread = createPasswordThread()
  afterAll(thread.close)

  test('compares as bcrypt does, in any order and at once', async () => {
    const hash = await hashPassword('right', 4)
    const passwords = ['right', 'wrong', '', 'right\0', 'right']
    const results = await Promise.all(passwords.map((each) => thread.verify(each, hash)))
    expect(results).toEqual([true, false, false, false, true])
  })

  test('leaves this one free', async () => {
    const hash = await hashPassword('right', 12)
    let turns = 0
    let done = false
    const compared = thread.verify('right', hash).finally(() => {
      done = true
    })
    for (; !done; turns += 1) await nextTurn()
    expect(await compared).toBe(true)
    // On this thread, there would be a turn or two.
    expect(turns).toBeGreaterThan(20)
  })

  test('a hash that is none fails by itself', async () => {
    await expect(thread.verify('right', 'no hash')).rejects.toThrow()
    expect(await thread.verify('right', await hashPassword('right', 4))).toBe(true)
  })
})

test('a thread that has ended is started again', async (t) => {
  const broken = () => new Worker('process.exit(1)', { eval: true })
  let starts = 0
  const thread = createPasswordThread(() => {
    starts += 1
    return broken()
  })
  t.onTestFinished(thread.close)
  for (const expected of [1, 2]) {
    await expect(thread.verify('a', 'b')).rejects.toThrow('has ended')
    expect(starts).toBe(expected)
  }
})

const basic = (name: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
})

/** A directory with an account, of which a server lets nobody else in. */
const withAccount = async (cost: number) => {
  const directory = await temporaryDirectory()
  const hash = await hashPassword('secret', cost)
  await openFileStore(directory.path).put(HTPASSWD_KEY, Buffer.from(`alice:${hash}\n`))
  return { ...directory, args: [`--store=file:${directory.path}`, '--log-level=silent'] }
}

test('a hundred wrong log-ins keep nobody waiting, and more are refused at once', async (t) => {
  const { args, remove } = await withAccount(7)
  // Each comes from an address of its own: those of one are refused for another reason.
  const proxied = ['--trust-proxy=127.0.0.1/32', '--auth=token', '--listen=127.0.0.1:0']
  const server = await startServer(readSettings([...args, ...proxied], {}), {})
  t.onTestFinished(async () => {
    await server.stop()
    await remove()
  })
  const ask = (headers: Record<string, string>) => fetch(`${server.url}/token`, { headers })
  expect((await ask(basic('alice', 'secret'))).status).toBe(200)

  const LOG_INS = 250
  let done = 0
  const logIns = Array.from({ length: LOG_INS }, async (_, at) => {
    const from = { 'X-Forwarded-For': `10.0.0.${at}` }
    const answer = await ask({ ...basic(`user${at}`, 'wrong'), ...from })
    await answer.arrayBuffer()
    done += 1
    return answer
  })
  // Once one is refused, a hundred wait.
  const refused = await Promise.any(
    logIns.map(async (logIn) => {
      const answer = await logIn
      return answer.status === 429 ? answer : Promise.reject(answer)
    }),
  )
  expect(refused.headers.get('Retry-After')).toBe('5')
  for (let count = 0; count < 20; count += 1) {
    const other = await fetch(`${server.url}/v2/`)
    expect(other.status).toBe(401)
    await other.arrayBuffer()
  }
  expect(done).toBeLessThan(LOG_INS)
  const statuses = (await Promise.all(logIns)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(100)
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0)
})

test('the bundle is one file, which brings the thread with it', async (t) => {
  const { path, args, remove } = await withAccount(4)
  t.onTestFinished(remove)
  const bundle = join(path, 'command.mjs')
  bundleCommand(bundle)
  const program = startProgram(['serve', '--listen=127.0.0.1:0', '--auth=token', ...args], bundle)
  const { url, exit } = await serving(program)
  const status = async (password: string) =>
    (await fetch(`${url}/token`, { headers: basic('alice', password) })).status
  expect([await status('wrong'), await status('secret')]).toEqual([401, 200])
  program.kill('SIGTERM')
  expect(await exit).toBe(0)
})
