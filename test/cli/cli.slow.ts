/**
 * The command line: help, mistakes, log lines, and a graceful stop.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { blob, type Content } from '../support/hosts/content.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { clientOf } from '../support/rig/client.ts'
import {
  ended,
  SERVER,
  type Serving,
  serve,
  serving as servingOf,
  startProgram,
  told,
} from './program.ts'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
beforeAll(async () => {
  directory = await temporaryDirectory()
})
afterAll(() => directory.remove())
const store = (): string => `--store=file:${directory.path}`

test('help goes to standard output', async () => {
  const { code, stdout, stderr } = await ended(startProgram(['--help']))
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^Slipway, a container registry\.\n/)
})

const MISTAKES: readonly (readonly [args: readonly string[], code: number, stderr: RegExp])[] = [
  [['ship'], 2, /^slipway: there is no command "ship": see slipway --help\n$/],
  [['serve', '--lisen=x'], 2, /^slipway: slipway serve has no flag --lisen: did you mean .*\n$/],
  [['serve', '--listen=x'], 2, /^slipway: --listen is "x": expected .*\n$/],
  [['serve', '--tls-cert=/no/cert', '--tls-key=/no/key'], 1, /^slipway: ENOENT.*'\/no\/cert'\n$/],
  [
    ['smoke', 'http://127.0.0.1:1'],
    1,
    /^slipway: http:\/\/127\.0\.0\.1:1 cannot be reached: nothing listens there \(ECONNREFUSED\)\n$/,
  ],
  [
    ['smoke', 'https://nowhere.invalid'],
    1,
    /^slipway: https:\/\/nowhere\.invalid cannot be reached: .* \((?:ENOTFOUND|EAI_AGAIN)\)\n$/,
  ],
  [['serve', '--version'], 2, /^slipway: slipway serve has no flag --version: .*\n$/],
  [['reindex', '--store=x'], 2, /^slipway: --store is "x": expected .*\n$/],
]
describe('mistakes are said in a line', () => {
  for (const [args, expectedCode, expected] of MISTAKES) {
    test(`slipway ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await told(args)
      assert.deepEqual([code, stdout], [expectedCode, ''])
      assert.match(stderr, expected)
    })
  }

  test('which a process says on standard error, and exits with the code', async () => {
    const args = ['reindex', '--store=x']
    const said = await told(args)
    assert.equal(said.code, 2)
    assert.deepEqual(await ended(startProgram(args)), said)
  })

  test('a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const args = ['serve', store(), `--listen=127.0.0.1:${port}`]
    const { code, stderr } = await ended(startProgram(args))
    other.close()
    assert.equal(code, 1)
    assert.match(
      stderr,
      new RegExp(
        `^slipway: port ${port} of 127.0.0.1 is in use: choose another, as in --listen .*\n$`,
      ),
    )
  })
})

/** The lines of a log, once there are as many. */
const linesOf = async ({ said }: Serving, count: number): Promise<Record<string, unknown>[]> => {
  while (said.stdout.split('\n').length <= count) await sleep(20)
  return said.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

for (const words of [['--version'], ['version']]) {
  test(`slipway ${words} prints the version`, async () => {
    const root = new URL('../../package.json', import.meta.url)
    const { version } = JSON.parse(await readFile(root, 'utf8'))
    const { code, stdout, stderr } = await ended(startProgram(words))
    assert.deepEqual([code, stdout, stderr], [0, `slipway ${version}\n`, ''])
  })
}

test('serve says where it listens and logs a line a request, without queries', async () => {
  const serving = await serve([store(), '--log-level=info'])
  const { url, program, said, exit } = serving
  const { host } = new URL(url)
  assert.match(
    said.stderr,
    new RegExp(`docker push ${host}/alpine\n {2}docker pull ${host}/alpine`),
  )
  const begun = await fetch(`${url}/v2/a/b/blobs/uploads/`, { method: 'POST' })
  const status = await fetch(new URL(begun.headers.get('Location') ?? '', url))
  assert.equal(status.status, 204)
  const lines = await linesOf(serving, 2)
  program.kill('SIGINT')
  assert.equal(await exit, 0)

  const requests = lines.filter(({ msg }) => msg === 'request')
  assert.deepEqual(
    requests.map(({ level, method, path, status, requestId }) => ({
      level,
      method,
      path,
      status,
      requestId,
    })),
    [
      {
        level: 'info',
        method: 'POST',
        path: '/v2/a/b/blobs/uploads/',
        status: 202,
        requestId: begun.headers.get('X-Request-Id'),
      },
      {
        level: 'info',
        method: 'GET',
        path: `/v2/a/b/blobs/uploads/${begun.headers.get('Docker-Upload-UUID')}`,
        status: 204,
        requestId: status.headers.get('X-Request-Id'),
      },
    ],
  )
  for (const { time, milliseconds } of requests) {
    assert.ok(!Number.isNaN(Date.parse(String(time))))
    assert.equal(typeof milliseconds, 'number')
  }
  assert.doesNotMatch(said.stdout, /_state/)
})

test('the server by itself takes flags of serve, and stops as serve does', async () => {
  const program = startProgram(['--listen=127.0.0.1:0', store(), '--log-level=silent'], SERVER)
  const { url, said, exit } = await servingOf(program)
  assert.equal((await fetch(`${url}/v2/`)).status, 200)
  program.kill('SIGTERM')
  assert.equal(await exit, 0)
  assert.match(said.stderr, /Stopping: requests under way have 30 s to finish\.\n$/)
})

test('the server by itself takes nothing else', async () => {
  const { code, stderr } = await ended(startProgram(['user', 'list'], SERVER))
  assert.equal(code, 2)
  assert.match(stderr, /^slipway: too many arguments: usage: slipway serve \[flags\]\n$/)
})

/** An upload whose body is on its way. */
const slowUpload = async ({ url }: Serving, seed: string) => {
  const content = blob(seed, 1000)
  const begun = await fetch(`${url}/v2/slow/blobs/uploads/`, { method: 'POST' })
  const target = new URL(`${begun.headers.get('Location')}&digest=${content.sha256}`, url)
  const headers = { 'Transfer-Encoding': 'chunked', Expect: '100-continue' }
  const sending = request(target, { method: 'PUT', agent: false, headers })
  sending.on('error', () => {})
  sending.flushHeaders()
  // The server has the request when it says so.
  await once(sending, 'continue')
  sending.write(content.bytes.subarray(0, 400))
  return { content, sending }
}

/** What the store has under an upload's digest. */
const stored = async ({ sha256 }: Content) => {
  const client = await clientOf(openFileStore(directory.path))
  const { status, body } = await client(`GET /v2/slow/blobs/${sha256}`)
  return status === 200 ? body : status
}

test('a stop lets an upload under way finish, and takes no new requests', async () => {
  const serving = await serve([store(), '--log-level=silent'])
  const { url, program, said, exit } = serving
  const { content, sending } = await slowUpload(serving, 'finished')
  program.kill('SIGTERM')
  program.kill('SIGINT')
  while (!said.stderr.includes('Stopping')) await sleep(10)
  await assert.rejects(fetch(`${url}/v2/`))
  sending.write(content.bytes.subarray(400, 700))
  await sleep(300)
  assert.equal(program.exitCode, null)
  sending.end(content.bytes.subarray(700))
  const [answer] = (await once(sending, 'response')) as [IncomingMessage]
  answer.resume()
  assert.equal(answer.statusCode, 201)
  assert.equal(await exit, 0)
  assert.match(said.stderr, /Stopping: requests under way have 30 s to finish\.\n$/)
  assert.deepEqual(await stored(content), content.bytes)
})

test('a stop does not wait for a silent upload without end', async () => {
  const serving = await serve([store(), '--log-level=info', '--stop-timeout=1'])
  const { content } = await slowUpload(serving, 'silent')
  serving.program.kill('SIGTERM')
  assert.equal(await serving.exit, 0)
  assert.match(serving.said.stdout, /"status":503,.*"reason":"closed: the server was asked to stop/)
  assert.doesNotMatch(serving.said.stdout, /"level":"error"/)

  assert.equal(await stored(content), 404)
})

test('with a delay a server that stops goes on for that time, but says that it is not ready', async () => {
  const { url, program, said, exit } = await serve([store(), '--stop-delay=1h', '--stop-timeout=1'])
  program.kill('SIGTERM')
  while (!said.stderr.includes('Stopping')) await sleep(10)
  const statusOf = async (path: string) => (await fetch(url + path)).status
  assert.deepEqual(await Promise.all(['/livez', '/readyz', '/v2/'].map(statusOf)), [200, 503, 200])
  program.kill('SIGKILL')
  await exit
})

test('it stops once that time is over', async () => {
  const { program, said, exit } = await serve([store(), '--stop-delay=1s', '--log-level=silent'])
  const asked = performance.now()
  program.kill('SIGTERM')
  assert.equal(await exit, 0)
  // The clock of its timers may be a little ahead of this one.
  assert.ok(performance.now() - asked > 990)
  assert.match(said.stderr, /Stopping in 1 s: requests under way have 30 s to finish\.\n$/)
})

test('a second signal drops what is under way, and nothing of it can be read', async () => {
  const serving = await serve([store(), '--log-level=silent'])
  const { content } = await slowUpload(serving, 'dropped')
  serving.program.kill('SIGTERM')
  while (!serving.said.stderr.includes('Stopping')) await sleep(10)
  assert.equal(serving.program.exitCode, null)
  // One that follows at once is the same: npm passes on the Ctrl-C that the terminal sent, too.
  while (serving.program.exitCode === null) {
    serving.program.kill('SIGTERM')
    await sleep(200)
  }
  assert.equal(await serving.exit, 1)

  assert.equal(await stored(content), 404)
})

test('reindex of nothing fails, and names the store', async () => {
  const path = join(directory.path, 'none', 'empty')
  const { code, stderr } = await told(['reindex', `--store=file:${path}`])
  assert.deepEqual(
    [code, stderr],
    [
      1,
      `There is no registry at file:${path} yet.\nslipway: there are no repositories at file:${path}: nothing was indexed\n`,
    ],
  )
})

test('a store within a registry is refused', async () => {
  const path = join(directory.path, 'outer')
  const root = `${path}/docker/registry/v2`
  await mkdir(`${root}/repositories/a/_manifests`, { recursive: true })
  await writeFile(`${root}/repositories/a/_manifests/x`, '')
  for (const command of [['serve'], ['reindex'], ['user', 'list']]) {
    const { code, stderr } = await told([...command, `--store=file:${root}`])
    assert.equal(code, 2)
    assert.equal(
      stderr,
      `slipway: --store file:${root} lies within the store of a registry: use --store file:${path}\n`,
    )
  }
})

test('a change where no registry is says so, and does not say that registries see it', async () => {
  const path = join(directory.path, 'none', 'new')
  const policy = join(directory.path, 'policy.yaml')
  await writeFile(
    policy,
    'version: 1\nrules: [{ who: [anonymous], repositories: [a], actions: [pull] }]\n',
  )
  const set = ['policy', 'set', policy, `--store=file:${path}`]
  const first = await told(set)
  assert.equal(first.code, 0)
  assert.match(first.stderr, /^There is no registry at file:.* yet\.\n/)
  assert.match(first.stderr, /A server that is started on this store will see it\.\n$/)
  await writeFile(
    policy,
    'version: 1\nrules: [{ who: [anonymous], repositories: [b], actions: [pull] }]\n',
  )
  const second = await told(set)
  assert.doesNotMatch(second.stderr, /There is no registry/)
  assert.match(second.stderr, /Running registries see it within 30 seconds\.\n$/)
})
