/**
 * A server that is killed while it fetches: nothing wrong is left, and the next one fetches again.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { checkStore } from '../../functions/registry/check/check.ts'
import { dataKey, UPSTREAMS_KEY } from '../../functions/registry/layout.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { freePort, projectRoot, responds, startDaemon } from '../support/live/process.ts'
import { until } from '../support/until.ts'
import { serve, sha256 } from './upstream.ts'

const BLOB = randomBytes(30_000_000)
const DIGEST = sha256(BLOB)

test('what is left of a fetch is nothing', async () => {
  const halves = [15_000_000, BLOB.length]
  const upstream = await serve((request, response) => {
    if (request.url === '/v2/') return void response.end('{}')
    response.writeHead(200, { 'content-length': BLOB.length })
    const bytes = BLOB.subarray(0, halves.shift() ?? BLOB.length)
    if (bytes.length < BLOB.length) response.write(bytes)
    else response.end(bytes)
  })
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const store = openFileStore(path)
  const entry = { name: 'up', host: 'up.example', prefix: 'up', url: upstream.origin }
  const upstreams = [{ ...entry, private: ['127.0.0.1'] }]
  await store.put(UPSTREAMS_KEY, Buffer.from(JSON.stringify({ version: 1, upstreams })))
  const start = async () => {
    const address = `127.0.0.1:${await freePort()}`
    const daemon = await startDaemon({
      name: 'killed-fetch',
      command: process.execPath,
      args: [
        ...['functions/handlers/server.ts', '--store', `file:${path}`, '--listen', address],
        ...['--auth', 'off'],
      ],
      cwd: projectRoot,
      stopSignal: 'SIGKILL',
      ready: () => responds(`http://${address}/v2/`),
    })
    onTestFinished(daemon.stop)
    return { ...daemon, pull: () => fetch(`http://${address}/v2/up/app/blobs/${DIGEST}`) }
  }
  const first = await start()
  const broken = (await first.pull()).body!.getReader()
  let got = 0
  while (got < 14_000_000) got += (await broken.read()).value!.byteLength
  await first.stop()
  const rest = async (): Promise<void> => {
    while (!(await broken.read()).done);
  }
  await expect(rest()).rejects.toThrow()
  expect(await store.head(dataKey(DIGEST))).toBeUndefined()
  expect((await readdir(tmpdir())).filter((name) => name.startsWith('slipway-fetch-'))).toEqual([])

  const second = await start()
  const whole = Buffer.from(await (await second.pull()).arrayBuffer())
  expect(whole.equals(BLOB)).toBe(true)
  await until(async () => (await store.head(dataKey(DIGEST)))?.size === BLOB.length)
  await second.stop()
  const findings: string[] = []
  await checkStore(store, {
    repair: false,
    verify: true,
    now: Date.now,
    wait: async () => {},
    report: ({ kind, key }) => findings.push(`${kind} ${key}`),
    progress: () => false,
  })
  expect(findings).toEqual([])
})
