/**
 * Servers that start in one directory at the same moment: none sees the other yet, and all start.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readSettings } from '../../functions/compose/settings.ts'
import { requestsIn } from '../../functions/node/hand-over/messages.ts'
import { takeRequests } from '../../functions/node/hand-over/take.ts'
import { startServer } from '../../functions/node/server.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
beforeEach(async () => {
  directory = await temporaryDirectory()
})
afterEach(() => directory.remove())

test('six servers', async () => {
  const args = ['--listen=127.0.0.1:0', '--log-level=silent', `--store=file:${directory.path}`]
  const started = await Promise.allSettled(
    Array.from({ length: 6 }, () => startServer(readSettings(args, {}), {})),
  )
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    expect(started.filter(({ status }) => status === 'rejected')).toEqual([])
    for (const { url } of servers) assert.equal((await fetch(`${url}/v2/`)).status, 200)
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
})

test('fifty takers of requests, with old ones in their way', async () => {
  const place = requestsIn(directory.path)
  await mkdir(join(place, 'a directory'), { recursive: true })
  await writeFile(join(place, 'old.request'), '')
  const options = {
    logger: pino({ level: 'silent' }),
    work: async () => ({ refused: 'nothing is done here' }),
  }
  const ends = await Promise.all(
    Array.from({ length: 50 }, () => takeRequests(directory.path, options)),
  )
  assert.deepEqual(await readdir(place), [])
  await Promise.all(ends.map((end) => end()))
})
