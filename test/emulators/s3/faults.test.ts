import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest'
import { sequentialSteps } from './counter.ts'
import { clientOf, outcome } from './harness.ts'
import { type S3Server, startS3 } from './server.ts'

let server: S3Server
let client: S3Client
const at = (Key: string) => ({ Bucket: 'test', Key })
const put = (Key: string) => client.send(new PutObjectCommand({ ...at(Key), Body: 'hello' }))
const get = async (Key: string): Promise<string | undefined> =>
  (await client.send(new GetObjectCommand(at(Key)))).Body?.transformToString()

beforeAll(async () => {
  server = await startS3()
  client = clientOf(server)
})
afterEach(() => {
  server.faults.clear()
  server.counter.reset()
})
afterAll(() => server.close())

describe('the counter', () => {
  test('counts by name, whatever the outcome', async () => {
    await put('counted')
    await get('counted')
    await outcome(get('absent'))
    assert.deepEqual(server.counter.counts, { PutObject: 1, GetObject: 2 })
    assert.equal(server.counter.total, 3)
    assert.deepEqual(
      server.counter.log.map(({ key }) => key),
      ['counted', 'counted', 'absent'],
    )
    server.counter.reset()
    assert.equal(server.counter.total, 0)
  })

  test('tells calls in a row from calls at once', async () => {
    await put('steps')
    server.counter.reset()
    for (let call = 0; call < 3; call++) await get('steps')
    assert.equal(sequentialSteps(server.counter.log), 3)
    server.counter.reset()
    server.faults.latency(30)
    await Promise.all([get('steps'), get('steps'), get('steps')])
    await get('steps')
    assert.equal(server.counter.total, 4)
    assert.equal(sequentialSteps(server.counter.log), 2)
  })

  const rows: [name: string, spans: [number, number][], steps: number][] = [
    ['none', [], 0],
    [
      'touching',
      [
        [0, 1],
        [1, 2],
      ],
      2,
    ],
    [
      'a long one beside two short ones',
      [
        [0, 9],
        [1, 2],
        [3, 4],
      ],
      2,
    ],
    [
      'one under way',
      [
        [0, Number.POSITIVE_INFINITY],
        [1, 2],
      ],
      1,
    ],
    [
      'a staircase',
      [
        [0, 2],
        [1, 3],
        [2, 4],
        [3, 5],
      ],
      2,
    ],
  ]
  for (const [name, spans, steps] of rows)
    test(`steps: ${name}`, () =>
      assert.equal(sequentialSteps(spans.map(([start, end]) => ({ start, end }))), steps))
})

describe('faults', () => {
  for (const [error, status] of [
    ['InternalError', 500],
    ['SlowDown', 503],
  ] as const)
    test(`${error} so many times, then no more`, async () => {
      server.faults.next({ operation: 'PutObject', key: /^x/ }, { error }, 2)
      assert.deepEqual(await outcome(put('y')), ['ok', 200])
      assert.deepEqual(await outcome(put(`x${error}`)), [error, status])
      assert.deepEqual(await outcome(get(`x${error}`)), ['NoSuchKey', 404])
      assert.deepEqual(await outcome(put(`x${error}`)), [error, status])
      assert.deepEqual(await outcome(put(`x${error}`)), ['ok', 200])
    })

  test('an error after the status 200', async () => {
    await put('source')
    server.faults.next({ operation: 'CopyObject' }, { errorIn200: 'InternalError' })
    const copy = client.send(new CopyObjectCommand({ ...at('late'), CopySource: 'test/source' }))
    assert.equal((await outcome(copy))[0], 'InternalError')
    assert.deepEqual(await outcome(get('late')), ['NoSuchKey', 404])
  })

  for (const [drop, stored] of [
    ['before', false],
    ['after', true],
  ] as const)
    test(`a connection dropped ${drop} the call`, async () => {
      const key = `dropped-${drop}`
      server.faults.next({}, { drop })
      const [code, status] = await outcome(put(key))
      assert.notEqual(code, 'ok')
      assert.equal(status, 0)
      assert.equal((await outcome(client.send(new HeadObjectCommand(at(key)))))[0] === 'ok', stored)
    })

  for (const cutAfter of [0, 2])
    test(`an answer cut after ${cutAfter} bytes`, async () => {
      await put('cut')
      server.faults.next({ operation: 'GetObject' }, { cutAfter })
      const { Body, ContentLength } = await client.send(new GetObjectCommand(at('cut')))
      assert.equal(ContentLength, 5)
      let read = 0
      await assert.rejects(async () => {
        for await (const chunk of Body as AsyncIterable<Uint8Array>) read += chunk.length
      })
      assert.equal(read, cutAfter)
      assert.equal(await get('cut'), 'hello')
    })

  test('a delay of one call, and a latency of all', async () => {
    await put('slow')
    const timed = async (): Promise<number> => {
      const start = performance.now()
      await get('slow')
      return performance.now() - start
    }
    server.faults.next({}, { delay: 200 })
    assert.ok((await timed()) > 190)
    // Any call may take long on a busy machine, but not every one of many.
    for (let tries = 1; (await timed()) >= 150; tries += 1) assert.ok(tries < 50)
    server.faults.latency(200)
    assert.ok((await timed()) > 190)
    assert.ok((await timed()) > 190)
  })
})

test('the command serves until it is told to end', async () => {
  const directory = await mkdtemp(join(tmpdir(), 's3-command-'))
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, '--bucket', 'mine'], { env: { TMPDIR: directory } })
  const [line] = await once(createInterface(child.stdout), 'line')
  const { endpoint, region, bucket, ...credentials } = JSON.parse(line)
  assert.equal(bucket, 'mine')
  const own = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  const Body = Buffer.alloc(2 * 1024 ** 2)
  await own.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body }))
  own.destroy()
  // Large bodies are in files, until the end.
  assert.equal((await readdir(directory)).length, 1)
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [0, null])
  await rmdir(directory)
})
