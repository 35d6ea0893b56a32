/**
 * A server with workers, as processes: what they share, and how they end.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile, readlink, rename } from 'node:fs/promises'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { onTestFinished, test } from 'vitest'
import { MAX_AGE } from '../../../functions/registry/links.ts'
import { ended, type Serving, serving, startProgram } from '../../cli/program.ts'
import { blob } from '../../support/hosts/content.ts'
import type { Answer } from '../../support/hosts/host.ts'
import { temporaryDirectory } from '../../support/hosts/start.ts'
import { sendOver } from '../../support/hosts/wire.ts'
import { selfSigned } from '../../support/live/certificates.ts'
import { npmStart } from '../../support/live/npm-start.ts'
import { projectRoot } from '../../support/live/process.ts'
import { until } from '../../support/until.ts'

/** The program as it is installed. */
const BUILT = join(projectRoot, 'dist/slipway.mjs')

/** Process ids of the living children of a process. */
const childrenOf = async (pid: number): Promise<number[]> => {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.split(' ').filter(Boolean).map(Number)
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const start = async (...args: string[]): Promise<Serving & { readonly workers: number[] }> => {
  const { path, remove } = await temporaryDirectory()
  // Built, since each of three processes would compile the sources.
  await npmStart()
  const flags = ['--listen=127.0.0.1:0', `--store=file:${path}`, '--workers=2', ...args]
  const running = await serving(startProgram(['serve', ...flags], BUILT))
  onTestFinished(async () => {
    running.program.kill('SIGKILL')
    await running.exit
    await remove()
  })
  const workers = await childrenOf(running.program.pid!)
  assert.equal(workers.length, 2)
  return { ...running, workers }
}

/** A client with one connection, so of one worker; the next client has the other. */
const clientOf = (url: string) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return (line: string, body?: Uint8Array, headers = {}): Promise<Answer> => {
    const [method = '', target = ''] = line.split(' ')
    return sendOver(agent, url, {
      method,
      target,
      headers,
      ...(body === undefined ? {} : { body }),
    })
  }
}

const locationOf = (answer: Answer, query = ''): string => {
  const { pathname, search } = new URL(answer.headers.get('Location') ?? '', 'http://x')
  return pathname + search + query
}

test('what one worker is sent and deletes counts at the other at once', async () => {
  const { url } = await start('--log-level=info', '--undelete-days=0')
  const [one, two] = [clientOf(url), clientOf(url)]
  for (let n = 0; n < 20; n++) {
    const content = blob(`shared ${n}`, 10_000)
    const begun = await one('POST /v2/a/blobs/uploads/')
    const half = content.bytes.subarray(0, 6000)
    const patched = await two(`PATCH ${locationOf(begun)}`, half, { 'Content-Range': '0-5999' })
    assert.equal(patched.status, 202)
    const put = await one(
      `PUT ${locationOf(patched, `&digest=${content.sha256}`)}`,
      content.bytes.subarray(6000),
    )
    assert.equal(put.status, 201)
    const path = `/v2/a/blobs/${content.sha256}`
    for (const each of [one, two]) {
      const pulled = await each(`GET ${path}`)
      assert.equal(pulled.status, 200)
      assert.deepEqual(Buffer.from(pulled.body), Buffer.from(content.bytes))
    }
    assert.equal((await (n % 2 ? one : two)(`DELETE ${path}`)).status, 202)
    for (const each of [one, two]) assert.equal((await each(`GET ${path}`)).status, 404)
  }
})

test('a worker that is killed is started again, and the port and the counts stay', async () => {
  const { url, program, workers, said } = await start('--metrics=127.0.0.1:0')
  const [one] = [clientOf(url)]
  await one('GET /v2/')
  const first = workers[0]!
  process.kill(first, 'SIGKILL')
  await until(() => said.stdout.includes('"msg":"a worker listens again"'))
  assert.match(said.stdout, /"worker":\d,"code":null,"signal":"SIGKILL","milliseconds":100/)
  const now = await childrenOf(program.pid!)
  assert.equal(now.length, 2)
  assert.ok(!now.includes(first))
  for (let n = 0; n < 4; n++) assert.equal((await clientOf(url)('GET /v2/')).status, 200)
  // Also when nobody is left who has the port.
  for (const pid of now) process.kill(pid, 'SIGKILL')
  await until(() => said.stdout.match(/"a worker listens again"/g)?.length === 3)
  for (let n = 0; n < 4; n++) assert.equal((await clientOf(url)('GET /v2/')).status, 200)
})

test('workers end with the main process, however that ends', async () => {
  const { program, workers, exit } = await start('--log-level=silent')
  program.kill('SIGKILL')
  await exit
  await until(() => !workers.some(isAlive))
})

test('a stop lets uploads under way at workers finish, also where all processes are signalled', async () => {
  const { url, program, workers, said, exit } = await start('--log-level=silent')
  const sendings = await Promise.all(
    [1, 2].map(async (n) => {
      const content = blob(`slow ${n}`, 1000)
      const begun = await clientOf(url)('POST /v2/slow/blobs/uploads/')
      const target = new URL(locationOf(begun, `&digest=${content.sha256}`), url)
      const headers = { 'Transfer-Encoding': 'chunked', Expect: '100-continue' }
      const sending = request(target, { method: 'PUT', agent: false, headers })
      sending.on('error', () => {})
      sending.flushHeaders()
      await once(sending, 'continue')
      sending.write(content.bytes.subarray(0, 400))
      return { content, sending }
    }),
  )
  for (const pid of [program.pid!, ...workers]) process.kill(pid, 'SIGTERM')
  await until(() => said.stderr.includes('Stopping'))
  await until(() =>
    fetch(`${url}/v2/`).then(
      () => false,
      () => true,
    ),
  )
  for (const { content, sending } of sendings) {
    sending.end(content.bytes.subarray(400))
    const [answer] = (await once(sending, 'response')) as [IncomingMessage]
    answer.resume()
    assert.equal(answer.statusCode, 201)
  }
  assert.equal(await exit, 0)
  await until(() => !workers.some(isAlive))
})

test('a stop has its deadline, and a second signal needs none', async () => {
  for (const again of [false, true]) {
    const { url, program, workers, said, exit } = await start(
      '--log-level=silent',
      again ? '--stop-timeout=1h' : '--stop-timeout=1',
    )
    const begun = await clientOf(url)('POST /v2/slow/blobs/uploads/')
    const sending = request(new URL(locationOf(begun), url), {
      method: 'PATCH',
      agent: false,
      headers: { 'Transfer-Encoding': 'chunked', Expect: '100-continue' },
    })
    sending.on('error', () => {})
    sending.flushHeaders()
    await once(sending, 'continue')
    program.kill('SIGTERM')
    await until(() => said.stderr.includes('Stopping'))
    while (again && program.exitCode === null) {
      program.kill('SIGTERM')
      await sleep(200)
    }
    assert.equal(await exit, again ? 1 : 0)
    await until(() => !workers.some(isAlive))
  }
})

test('metrics and health are those of the server', async () => {
  const { url, program, workers, said } = await start('--metrics=127.0.0.1:0', '--stop-delay=1h')
  // The listener's port is not said; it is the one that answers.
  const ports = await listeningPorts(program.pid!)
  const metricsUrl = `http://127.0.0.1:${ports.find((port) => !url.endsWith(`:${port}`))}`
  const ask = async (path: string) => (await fetch(metricsUrl + path)).text()
  const count = async () =>
    Number(
      /requests_total\{code="200",handler="base",method="get"\} (\d+)/.exec(
        await ask('/metrics'),
      )?.[1],
    )
  for (let n = 0; n < 6; n++) await clientOf(url)('GET /v2/')
  assert.equal(await count(), 6)
  assert.match(await ask('/metrics'), /\nslipway_ready 1\n/)
  assert.equal(await ask('/debug/health'), '{"store":"ok"}\n')
  process.kill(workers[0]!, 'SIGKILL')
  await until(() => said.stdout.includes('"a worker listens again"'))
  for (let n = 0; n < 4; n++) await clientOf(url)('GET /v2/')
  assert.equal(await count(), 10)
  assert.equal(await ask('/readyz'), 'ok\n')
  program.kill('SIGTERM')
  await until(async () => (await ask('/readyz')) === 'not ready\n')
  for (let n = 0; n < 2; n++) {
    const client = clientOf(url)
    await until(async () => (await client('GET /readyz')).status === 503)
    assert.equal((await client('GET /v2/')).status, 200)
  }
})

/** Ports that a process listens on. */
const listeningPorts = async (pid: number): Promise<number[]> => {
  const tcp = await readFile(`/proc/${pid}/net/tcp`, 'utf8')
  const own = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) =>
      readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''),
    ),
  )
  return tcp
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && own.includes(`socket:[${inode}]`))
    .map(([, address = '']) => Number.parseInt(address.split(':')[1] ?? '', 16))
}

test('a certificate is renewed at all workers', async () => {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  await selfSigned(path, 'first')
  await selfSigned(path, 'second')
  const file = (name: string) => join(path, name)
  const { url, program } = await start(
    '--log-level=silent',
    `--tls-cert=${file('first.crt')}`,
    `--tls-key=${file('first.key')}`,
  )
  const shown = async (): Promise<string> => {
    const port = Number(new URL(url).port)
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const { subject } = socket.getPeerCertificate()
    socket.destroy()
    return String(subject.CN)
  }
  assert.deepEqual([await shown(), await shown()], ['first', 'first'])
  await rename(file('second.key'), file('first.key'))
  await rename(file('second.crt'), file('first.crt'))
  program.kill('SIGHUP')
  await until(async () => (await shown()) === 'second' && (await shown()) === 'second')
})

test('failed log-ins count together', async () => {
  const { url } = await start('--log-level=silent', '--auth=basic')
  const statuses: number[] = []
  for (let n = 0; n < 12; n++) {
    const basic = Buffer.from(`alice:wrong ${n}`).toString('base64')
    const answer = await clientOf(url)('GET /v2/', undefined, { Authorization: `Basic ${basic}` })
    statuses.push(answer.status)
    if (answer.status === 429) break
  }
  // Five are free, and the sixth has to wait after it.
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 401, 429])
})

test('a worker that stands still holds up a delete for a second only, and finds out within five', async () => {
  const { url, workers, said } = await start('--undelete-days=0')
  const content = blob('still', 1000)
  const [one, two] = [clientOf(url), clientOf(url)]
  await one(`POST /v2/a/blobs/uploads/?digest=${content.sha256}`, content.bytes)
  const path = `/v2/a/blobs/${content.sha256}`
  for (const each of [one, two]) assert.equal((await each(`GET ${path}`)).status, 200)
  await two('GET /v2/two/tags/list')
  const number = await until(
    () => /"worker":(\d)[^\n]*"path":"\/v2\/two\/tags\/list"/.exec(said.stdout)?.[1],
  )
  // They are numbered in the order of their start.
  const still = workers[Number(number) - 1]!
  process.kill(still, 'SIGSTOP')
  assert.equal((await one(`DELETE ${path}`)).status, 202)
  process.kill(still, 'SIGCONT')
  await sleep(MAX_AGE)
  assert.equal((await two(`GET ${path}`)).status, 404)
})

test('a port that is in use is said in a line, and nothing goes on', async () => {
  const { url } = await start('--log-level=silent')
  const { host } = new URL(url)
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  const flags = [`--listen=${host}`, '--workers=2', `--store=file:${path}`]
  const program = startProgram(['serve', ...flags], BUILT)
  const { code, stderr } = await ended(program)
  assert.equal(code, 1)
  assert.match(stderr, /^slipway: port \d+ of 127\.0\.0\.1 is in use: choose another/)
})
