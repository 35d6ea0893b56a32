/**
 * Memory of a server while hundreds of uploads stand still: bounded, and honest pushes end meanwhile.
 *
 * @module
 */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startS3 } from '../emulators/s3/server.ts'
import { sendOver } from '../support/hosts/wire.ts'
import { npmStart } from '../support/live/npm-start.ts'
import { type Daemon, freePort, responds, scratch, startDaemon } from '../support/live/process.ts'
import { expectStatus, locationOf, requestLine, type Send } from '../support/rig/client.ts'
import { connectTo } from '../support/rig/server.ts'

const MEBIBYTE = 1024 * 1024
const STALLED = 500
const HONEST = 8
/** Bytes of each honest blob. */
const EACH = 64 * MEBIBYTE
/** Most resident memory of the server, in bytes. */
const BUDGET = 400e6

/** Bytes that a stalled upload sends before it stands still; 1000 more are missing. */
const SENT = [10_000, 100_000, 1_200_000, 3_000_000, 6_000_000, 13_000_000]
const MISSING = 1000

/** What all blobs consist of but for their first eight bytes. */
const material = createHash('shake256', { outputLength: EACH }).update('stalled').digest()

interface Blob {
  readonly first: Buffer
  readonly size: number
  readonly digest: string
}

const blobOf = (number: number, size: number): Blob => {
  const first = Buffer.alloc(8)
  first.writeDoubleBE(number)
  const hash = createHash('sha256').update(first).update(material.subarray(8, size))
  return { first, size, digest: `sha256:${hash.digest('hex')}` }
}

async function* bytesOf({ first, size }: Blob): AsyncGenerator<Uint8Array> {
  yield first
  for (let at = 8; at < size; at += 256 * 1024) {
    yield material.subarray(at, Math.min(at + 256 * 1024, size))
  }
}

const begin = async (send: Send): Promise<string> =>
  locationOf(await expectStatus(202, send('POST /v2/app/blobs/uploads/')))

/** Every way to send a blob's bytes, as the first lines of its request. */
const WAYS: readonly ((send: Send, blob: Blob) => Promise<string>)[] = [
  async (_, { digest }) => `POST /v2/app/blobs/uploads/?digest=${digest} HTTP/1.1\r\n`,
  async (send) => `PATCH ${await begin(send)} HTTP/1.1\r\n`,
  async (send, { size }) =>
    `PATCH ${await begin(send)} HTTP/1.1\r\nContent-Range: 0-${size - 1}\r\n`,
  async (send, { digest }) => `PUT ${await begin(send)}&digest=${digest} HTTP/1.1\r\n`,
]

/** An upload that has sent nearly everything. */
interface Stalled {
  readonly socket: Socket
  readonly rest: Buffer
  /** Status of the response, once there is one. */
  readonly status: Promise<number>
}

const stall = async (send: Send, url: string, number: number): Promise<Stalled> => {
  const blob = blobOf(number, (SENT[number % SENT.length] ?? 0) + MISSING)
  const way = WAYS[Math.floor(number / SENT.length) % WAYS.length]
  const head = await way?.(send, blob)
  const socket = await connectTo(url)
  const status = new Promise<number>((resolve) => {
    socket.once('data', (answer) => resolve(Number(answer.toString().split(' ')[1])))
    socket.once('close', () => resolve(0))
  })
  socket.write(`${head}Host: x\r\nContent-Length: ${blob.size}\r\n\r\n`)
  socket.write(blob.first)
  socket.write(material.subarray(8, blob.size - MISSING))
  return { socket, status, rest: material.subarray(blob.size - MISSING, blob.size) }
}

const push = async (send: Send, number: number): Promise<string> => {
  const blob = blobOf(1e6 + number, EACH)
  let location = await begin(send)
  let body: AsyncIterable<Uint8Array> | undefined = bytesOf(blob)
  if (number % 2 === 0) {
    location = locationOf(await expectStatus(202, send(`PATCH ${location}`, body)))
    body = undefined
  }
  await expectStatus(201, send(`PUT ${location}&digest=${blob.digest}`, body))
  return blob.digest
}

/** The most memory a process has had, in bytes. */
const peakOf = ({ pid }: Daemon): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

const onFiles = async () => {
  const directory = scratch('stalled')
  return {
    store: ['--store', `file:${directory.path}`],
    env: {},
    end: async () => directory.remove(),
  }
}

const onS3 = async () => {
  const s3 = await startS3()
  return {
    store: ['--store', `s3://${s3.bucket}`, '--s3-endpoint', s3.endpoint],
    env: { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey },
    end: s3.close,
  }
}

for (const [name, open] of [
  ['file store', onFiles],
  ['S3', onS3],
] as const) {
  test(`${name}: ${STALLED} uploads stand still, ${HONEST} of ${EACH / MEBIBYTE} MiB end`, async ({
    annotate,
    onTestFinished,
  }) => {
    const { store, env, end } = await open()
    onTestFinished(end)
    const address = `127.0.0.1:${await freePort()}`
    const daemon = await startDaemon({
      name: 'stalled',
      command: process.execPath,
      args: [
        ...(await npmStart()),
        ...['--listen', address, ...store, '--redirects', 'off', '--upload-timeout', '3600'],
      ],
      env,
      ready: () => responds(`http://${address}/v2/`),
    })
    onTestFinished(daemon.stop)
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    onTestFinished(() => agent.destroy())
    const url = `http://${address}`
    const send: Send = (request, body, headers) =>
      sendOver(agent, url, { ...requestLine(request), body, headers })

    const stalled: Stalled[] = []
    onTestFinished(() => {
      for (const { socket } of stalled) socket.destroy()
    })
    const crowd = async () => {
      for (let number = 0; number < STALLED; number += 1) {
        stalled.push(await stall(send, url, number))
      }
    }
    // The honest ones begin in the midst of it, and again when all the others stand still.
    const started = performance.now()
    const [, ...early] = await Promise.all([
      crowd(),
      ...Array.from({ length: HONEST / 2 }, (_, at) => push(send, at)),
    ])
    const late = await Promise.all(
      Array.from({ length: HONEST / 2 }, (_, at) => push(send, HONEST / 2 + at)),
    )
    const seconds = Math.round((performance.now() - started) / 1000)
    for (const digest of [...early, ...late]) {
      await expectStatus(200, send(`HEAD /v2/app/blobs/${digest}`))
    }
    await annotate(`peak ${Math.round(peakOf(daemon) / 1e6)} MB, honest pushes in ${seconds} s`)
    console.log(`${name}: peak ${Math.round(peakOf(daemon) / 1e6)} MB, ${seconds} s`)
    expect(peakOf(daemon)).toBeLessThan(BUDGET)
    // What was given up was not lost: all of them can end.
    await sleep(500)
    for (const { socket, rest } of stalled) socket.write(rest)
    const statuses = await Promise.all(stalled.map(({ status }) => status))
    expect(statuses.filter((status) => status !== 201 && status !== 202)).toEqual([])
    console.log(`${name}: at the end ${Math.round(peakOf(daemon) / 1e6)} MB`)
    expect(peakOf(daemon)).toBeLessThan(BUDGET)
  })
}
